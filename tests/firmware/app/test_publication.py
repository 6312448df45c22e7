"""Proofs of possession and of publication: what is signed, and every proof that must not pass."""

import json
from collections.abc import Callable

import pytest
from support.app.bench import NOON, SETTINGS, Bench, verify_statement
from support.app.registry import FakeRegistry
from wire.errors import WattsealError

CHALLENGE = "5a" * 32


def sealed_bench() -> Bench:
    bench = Bench().boot()
    bench.call("configure", **SETTINGS)
    bench.call("seal")
    return bench


def registered(bench: Bench, **changes: object) -> int:
    """Index of an entry of the bench's registry for this module, with changes to the truth."""
    possession = json.loads(bench.call("prove", challenge=CHALLENGE)["statement"])
    return bench.registry.register(possession, **changes)


def cause_of(bench: Bench, params: dict) -> str:
    """Why a proof was refused, which must have changed nothing."""
    before = bench.core.snapshot()[bench.core.AREA_SETTINGS]
    state = bench.call("status")["state"]
    with pytest.raises(WattsealError) as raised:
        bench.call("accept_publication", **params)
    assert raised.value.name == "publication_refused"
    assert bench.core.snapshot()[bench.core.AREA_SETTINGS] == before
    assert bench.call("status")["state"] == state
    cause: str = raised.value.detail["cause"]
    return cause


# --- possession and the head of events -------------------------------------------------------


def test_possession_states_all_that_a_registration_says() -> None:
    bench = sealed_bench()
    reply = bench.call("prove", challenge=CHALLENGE)
    public_key = bench.call("public_key")["public_key"]
    verify_statement(reply["statement"], reply["signature"], public_key)
    facts = json.loads(reply["statement"])
    assert facts == {
        "type": "possession",
        "version": 2,
        "challenge": CHALLENGE,
        "evse_id": "DE*ABC*E0001",
        "gateway_serial": "WS-0001",
        "meter_serial": "12345678",
        "meter_vendor": "Eastron",
        "meter_model": "SDM630",
        "chip_id": "0001020304050607",
        "key_number": 1,
        "public_key": public_key,
        "firmware": "0.1.0",
        "firmware_identity": bench.core.image.hex(),
        "commissioning": 1,
        "settings_sha256": bench.module.settings_sha256(),
        "unix_ms": None,
    }
    bench.set_time()
    facts = json.loads(bench.call("prove", challenge=CHALLENGE)["statement"])
    assert facts["unix_ms"] >= NOON


@pytest.mark.parametrize("method", ["prove", "accept_publication"])
def test_open_module_proves_and_accepts_nothing(method: str) -> None:
    bench = sealed_bench()
    params = (
        bench.registry.proof(registered(bench)) if method != "prove" else {"challenge": "ab" * 16}
    )
    bench.by_owner("unseal")
    with pytest.raises(WattsealError) as raised:
        bench.call(method, **params)
    assert raised.value.name == "not_sealed"


def test_head_of_the_event_log_is_signed() -> None:
    bench = sealed_bench()
    reply = bench.call("event_head", challenge=CHALLENGE)
    verify_statement(reply["statement"], reply["signature"], bench.call("public_key")["public_key"])
    facts = json.loads(reply["statement"])
    newest = bench.call("status")["events"]["newest"]
    (event,) = bench.call("events", from_=newest)["events"]
    assert (facts["number"], facts["chain"]) == (newest, event["chain"])
    assert (facts["challenge"], facts["unix_ms"]) == (CHALLENGE, None)


@pytest.mark.parametrize("method", ["prove", "event_head"])
def test_an_answer_asked_for_again_is_not_signed_again(method: str) -> None:
    bench = sealed_bench()
    before = len(bench.core.signed_hedged)
    first = bench.call(method, challenge=CHALLENGE)
    for _ in range(5):
        assert bench.call(method, challenge=CHALLENGE) == first
    assert len(bench.core.signed_hedged) == before + 1


def test_another_answer_is_signed_for_itself() -> None:
    """Another challenge, another method, another time, another head, another key."""
    bench = sealed_bench()
    answers = [
        bench.call("event_head", challenge=CHALLENGE),
        bench.call("event_head", challenge="ef" * 16),
        bench.call("prove", challenge="ef" * 16),
    ]
    bench.set_time()
    answers.append(bench.call("event_head", challenge="ef" * 16))
    bench.boot()
    answers.append(bench.call("event_head", challenge="ef" * 16))
    public_key = bench.call("public_key")["public_key"]
    for answer in answers:
        verify_statement(answer["statement"], answer["signature"], public_key)
    bench.by_owner("decommission")
    bench.boot()
    answers.append(bench.call("event_head", challenge="ef" * 16))
    public_key = bench.call("public_key")["public_key"]
    verify_statement(answers[-1]["statement"], answers[-1]["signature"], public_key)
    assert len({answer["signature"] for answer in answers}) == 6


# --- publication -----------------------------------------------------------------------------


def test_proof_that_holds_makes_the_module_operational_for_good() -> None:
    bench = sealed_bench()
    index = registered(bench)
    reply = bench.call("accept_publication", **bench.registry.proof(index))
    assert (reply["state"], reply["leaf_index"]) == ("operational", index)
    assert reply["tree_size"] == len(bench.registry.entries)
    published = bench.all_events()[-1]
    del reply["state"]
    assert (published["event"], published["detail"]) == ("published", reply)
    status = bench.boot().call("status")
    assert (status["state"], status["publication"]) == ("operational", reply)


def test_entry_may_be_anywhere_in_a_log_of_any_size() -> None:
    for before in range(9):
        for behind in range(4):
            bench = sealed_bench()
            bench.registry.entries = [f"entry {number}" for number in range(before)]
            index = registered(bench)
            bench.registry.entries += ["more"] * behind
            bench.call("accept_publication", **bench.registry.proof(index))
            assert bench.call("status")["state"] == "operational"


def test_same_proof_again_and_a_later_one_are_accepted() -> None:
    bench = sealed_bench()
    index = registered(bench)
    bench.call("accept_publication", **bench.registry.proof(index))
    bench.call("accept_publication", **bench.registry.proof(index))
    bench.registry.entries += ["more"] * 20
    bench.call("accept_publication", **bench.registry.proof(index))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("evse_id", "DE*ABC*E0002"),
        ("gateway_serial", "WS-0002"),
        ("meter_serial", "99"),
        ("chip_id", "00" * 8),
        ("key_number", 2),
        ("public_key", SETTINGS["owner_key"]),
        ("firmware_identity", "00" * 32),
        ("commissioning", 2),
    ],
)
def test_entry_about_something_else_is_refused(name: str, value: object) -> None:
    bench = sealed_bench()
    index = registered(bench, **{name: value})
    cause = cause_of(bench, bench.registry.proof(index))
    assert cause == f"the entry's {name} is not this module's"


def change_byte(params: dict, name: str, at: int) -> None:
    changed = bytearray.fromhex(params[name])
    changed[at] ^= 1
    params[name] = changed.hex()


def other_index(params: dict) -> None:
    params["leaf_index"] += 1


def index_outside(params: dict) -> None:
    params["leaf_index"] = 10_000


def hash_changed(params: dict) -> None:
    change_byte(params, "proof", 40)


def hash_missing(params: dict) -> None:
    params["proof"] = params["proof"][:-64]


def hash_too_many(params: dict) -> None:
    params["proof"] += "00" * 32


def hash_cut(params: dict) -> None:
    params["proof"] = params["proof"][:-2]


def no_hashes(params: dict) -> None:
    params["proof"] = ""


def leaf_spelled_otherwise(params: dict) -> None:
    params["leaf"] = params["leaf"].replace(',"version"', ', "version"')


def leaf_with_more(params: dict) -> None:
    params["leaf"] = params["leaf"][:-1] + ',"more":1}'


def note_cut(params: dict) -> None:
    params["checkpoint"] = params["checkpoint"][:-20]


def note_without_signature_of_the_registry(params: dict) -> None:
    lines = bytes.fromhex(params["checkpoint"]).decode().split("\n")
    del lines[-2]
    params["checkpoint"] = "\n".join(lines).encode().hex()


def note_signed_twice(params: dict) -> None:
    lines = bytes.fromhex(params["checkpoint"]).decode().split("\n")
    params["checkpoint"] = "\n".join([*lines[:-1], lines[-2], ""]).encode().hex()


def signature_changed(params: dict) -> None:
    lines = bytes.fromhex(params["checkpoint"]).decode().split("\n")
    line = lines[-2]
    lines[-2] = line[:-8] + ("A" if line[-8] != "A" else "B") + line[-7:]
    params["checkpoint"] = "\n".join(lines).encode().hex()


def size_changed(params: dict) -> None:
    text = bytes.fromhex(params["checkpoint"]).decode()
    lines = text.split("\n")
    lines[1] = str(int(lines[1]) + 1)
    params["checkpoint"] = "\n".join(lines).encode().hex()


SPOILS: list[tuple[Callable[[dict], None], str]] = [
    (other_index, "root"),
    (index_outside, "the index is outside the tree"),
    (hash_changed, "the proof does not lead to the checkpoint's root"),
    (hash_missing, "the proof ends below the root"),
    (hash_too_many, "the proof has hashes beyond the root"),
    (hash_cut, "a hash of the proof is cut short"),
    (no_hashes, "the proof ends below the root"),
    (leaf_spelled_otherwise, "the members are not in their order"),
    (leaf_with_more, "more"),
    (note_cut, ""),
    (note_without_signature_of_the_registry, "the note has no signature of that key"),
    (note_signed_twice, "the note has more than one signature of that key"),
    (signature_changed, "the checkpoint's signature is not registry_key's"),
    (size_changed, "the checkpoint's signature is not registry_key's"),
]


@pytest.mark.parametrize(("spoil", "cause"), SPOILS)
def test_spoilt_proof_is_refused_and_says_why(spoil, cause: str) -> None:
    bench = sealed_bench()
    index = registered(bench)
    params = bench.registry.proof(index)
    spoil(params)
    assert cause in cause_of(bench, params)
    bench.call("accept_publication", **bench.registry.proof(index))


def test_checkpoint_of_another_registry_is_refused() -> None:
    bench = sealed_bench()
    bench.registry = FakeRegistry(secret=6)  # the same name, another key
    assert "no signature of that key" in cause_of(bench, bench.registry.proof(registered(bench)))
    bench.registry = FakeRegistry(name="other.example/keys")  # the same key, another name
    cause = cause_of(bench, bench.registry.proof(registered(bench)))
    assert cause == "the checkpoint is of another log than registry_name"


def test_forger_with_the_registrys_name_and_key_id_is_refused() -> None:
    bench = sealed_bench()
    forger = FakeRegistry(secret=6)
    index = forger.register(json.loads(bench.call("prove", challenge=CHALLENGE)["statement"]))
    forger.public_key = FakeRegistry().public_key  # what the key id is made of
    cause = cause_of(bench, forger.proof(index))
    assert cause == "the checkpoint's signature is not registry_key's"


def test_statement_of_the_module_is_no_checkpoint() -> None:
    """A signature is over one purpose: the module's own key cannot publish itself."""
    bench = sealed_bench()
    params = bench.registry.proof(registered(bench))
    params["checkpoint"] = (
        bench.call("prove", challenge=CHALLENGE)["statement"].encode().hex()[:1400]
    )
    assert cause_of(bench, params)


def test_log_that_shrank_is_refused() -> None:
    bench = sealed_bench()
    index = registered(bench)
    small = bench.registry.proof(index)
    bench.registry.entries += ["more"] * 5
    bench.call("accept_publication", **bench.registry.proof(index))
    assert cause_of(bench, small) == "the log is smaller than at the last proof"


def test_log_that_was_rewritten_is_refused() -> None:
    bench = sealed_bench()
    index = registered(bench)
    bench.call("accept_publication", **bench.registry.proof(index))
    bench.registry.entries[0] = "another one"
    cause = cause_of(bench, bench.registry.proof(index))
    assert cause == "the log has another root than at the last proof, at the same size"


def test_shrunken_log_is_remembered_over_a_new_commissioning_and_another_key() -> None:
    bench = sealed_bench()
    index = registered(bench)
    bench.registry.entries += ["more"] * 50
    bench.call("accept_publication", **bench.registry.proof(index))
    bench.by_owner("unseal")
    bench.call("configure", gateway_serial="WS-0002")
    bench.call("seal")
    del bench.registry.entries[5:]
    assert "smaller" in cause_of(bench, bench.registry.proof(registered(bench)))
    bench.flash(bytes(32)).boot()
    assert "smaller" in cause_of(bench, bench.registry.proof(registered(bench)))


def test_other_registry_starts_from_its_own_size() -> None:
    bench = sealed_bench()
    bench.registry.entries += ["more"] * 50
    bench.publish()
    bench.registry = FakeRegistry(secret=6, name="other.example/keys")
    bench.reconfigure(
        registry_name="other.example/keys", registry_key=bench.registry.public_key.hex()
    )
    assert bench.call("status")["state"] == "operational"


def test_refused_proofs_are_events() -> None:
    bench = sealed_bench()
    params = bench.registry.proof(registered(bench))
    hash_changed(params)
    cause = cause_of(bench, params)
    newest = bench.all_events()[-1]
    assert (newest["event"], newest["detail"]["error"]) == ("refused", "publication_refused")
    assert newest["detail"]["detail"]["cause"] == cause
