"""The time on the image itself: who may set which, and what a wrong one does to a session."""

import pytest
from wattseal.wire.methods import LATEST_UNIX_MS

from hil.suite.judge import judge
from hil.suite.module import DAY_MS, OWNER, REGISTRY, UTC_OFFSET_MIN, Module
from hil.suite.ocmf import verified

YEAR_MS = 366 * DAY_MS


def params(unix_ms: int, source: str = "informative") -> dict[str, int | str]:
    """What `set_time` takes beside a signature."""
    return {"unix_ms": unix_ms, "utc_offset_min": UTC_OFFSET_MIN, "source": source}


def letters(module: Module) -> list[str]:
    """The sync letters of a session's records, which verify."""
    key = module.client.call("public_key")["public_key"]
    records = [verified(reply["record"], key) for reply in (module.begin(), module.end())]
    return [record.reading["TM"][-1] for record in records]


def test_a_wrong_time_server_is_refused_and_nothing_is_lost(module: Module) -> None:
    client = module.client
    first = module.next_event()
    for unix_ms in (LATEST_UNIX_MS, module.unix_ms + 10 * YEAR_MS):
        assert client.refusal("set_time", **params(unix_ms)).name == "time_implausible"
    assert client.refusal("set_time", **params(LATEST_UNIX_MS + 1)).name == "invalid_params"
    assert "time_set" not in module.event_names(first)
    assert letters(module) == ["S", "S"]


def test_no_host_can_claim_a_synchronised_time(module: Module) -> None:
    refusal = module.client.refusal("set_time", **params(module.unix_ms, "synchronised"))
    assert refusal.detail["limit"] == "one of signed, owner, informative"
    module.client.call("time_challenge")
    refusal = module.client.refusal(
        "set_time", **params(module.unix_ms, "signed"), signature="3006020101020101"
    )
    assert refusal.name == "time_not_signed"


def test_a_signed_time_is_good_for_one_question_of_one_module(module: Module) -> None:
    unix_ms = module.unix_ms + DAY_MS
    nonce = module.client.call("time_challenge")["nonce"]
    another = bytes(byte ^ 0xFF for byte in bytes.fromhex(module.hello["chip_id"])).hex()
    of_another = REGISTRY.sign_time(another, nonce, unix_ms)
    given = params(unix_ms, "signed")
    assert module.client.refusal("set_time", **given, signature=of_another).name == (
        "time_not_signed"
    )
    right = REGISTRY.sign_time(module.hello["chip_id"], nonce, unix_ms)
    assert module.client.refusal("set_time", **given, signature=right).name == "no_time_challenge"


@pytest.mark.needs("time")
def test_small_steps_leave_a_trace(module: Module) -> None:
    module.unix_ms += DAY_MS
    for step in range(9):
        module.client.call("set_time", **params(module.unix_ms + step * 19_000))
    module.rig.fast_forward(2 * DAY_MS // 1000)  # what the ration did not allow is told later
    module.status()
    settings = [event for event in module.told_events() if event["event"] == "time_set"]
    assert settings[-1]["detail"]["unlogged_before"] >= 2
    assert settings[-1]["detail"]["new"] >= module.unix_ms + 7 * 19_000
    module.unix_ms += 2 * DAY_MS


@pytest.mark.needs("power")
def test_a_wrong_time_in_a_record_is_put_right(own_module: Module) -> None:
    module = own_module
    right_ms = module.unix_ms + DAY_MS
    module.client.call("set_time", **params(right_ms + 2 * YEAR_MS))
    assert letters(module) == ["I", "R"]
    assert module.client.refusal("set_time", **params(right_ms)).name == "time_refused"
    module.set_time()
    assert letters(module) == ["S", "S"]

    # The same with S, as if the registry's clock had been wrong: only the owner mends that.
    module.unix_ms += 2 * YEAR_MS
    module.set_time()
    assert letters(module) == ["S", "S"]
    module.restart()
    number = module.status()["commissioning"]
    signature = module.answer("set_time", OWNER, unix_ms=right_ms + DAY_MS)
    module.client.call("set_time", **params(right_ms + DAY_MS, "owner"), signature=signature)
    status = module.status()
    assert (status["state"], status["commissioning"]) == ("unregistered", number + 1)
    module.unix_ms = right_ms + DAY_MS
    module.publish()
    module.set_time()
    assert letters(module) == ["S", "S"]
    judge(module)


@pytest.mark.needs("power")
def test_a_session_cut_at_the_end_of_time_is_ended(own_module: Module) -> None:
    module = own_module
    module.unix_ms = LATEST_UNIX_MS - DAY_MS
    module.set_time()
    module.begin()
    module.restart()
    module.await_recovery()
    refusal = module.client.refusal("set_time", **params(LATEST_UNIX_MS - YEAR_MS))
    assert refusal.name == "time_refused"
    signature = module.answer("set_time", OWNER, unix_ms=LATEST_UNIX_MS - 2 * YEAR_MS)
    given = params(LATEST_UNIX_MS - 2 * YEAR_MS, "owner")
    assert module.client.call("set_time", **given, signature=signature)["synchronisation"] == "I"
