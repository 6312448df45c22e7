"""The simulated module says what a module would: its statements and records hold."""

from support.registry.simulated_module import SimulatedKey, SimulatedModule
from wattseal.device.key_history import check_history, check_present_key
from wattseal.device.models import StoredStatement
from wattseal.ocmf.public_key import read_public_key
from wattseal.wire import statements


def _stored(module: SimulatedModule) -> list[StoredStatement]:
    return [
        StoredStatement.model_validate({"number": number, **statement.model_dump()})
        for number, statement in enumerate(module.statements, 1)
    ]


def test_its_history_holds_over_a_whole_life() -> None:
    module = SimulatedModule()
    module.update("0.2.0")
    module.decommission()
    module.restart()
    history = check_history(_stored(module), module.chip_id)
    kinds = ["birth", "handover", "rollover", "farewell", "birth"]
    assert [one.kind for one in history] == kinds
    check_present_key(history, 3, read_public_key(module.key.hex))


def test_its_proof_of_possession_is_signed() -> None:
    module = SimulatedModule()
    proof = module.prove("ab" * 32)
    assert statements.read_statement(proof.statement)["evse_id"] == module.evse_id
    message = statements.signed_bytes(proof.statement)
    assert read_public_key(module.key.hex).verify(message, bytes.fromhex(proof.signature))


def test_its_sessions_verify() -> None:
    module = SimulatedModule()
    begin, end = module.session()
    key = read_public_key(module.key.hex)
    for record in (begin, end):
        payload, signature = record.split("|")[1:]
        assert key.verify(payload.encode(), bytes.fromhex(signature.split('"')[-2]))


def test_two_of_one_name_are_the_same() -> None:
    assert SimulatedModule().registration("ab" * 32) == SimulatedModule().registration("ab" * 32)
    assert SimulatedKey.named("a").hex != SimulatedKey.named("b").hex
