"""The time: who may set which, what is logged of it, and that a wrong one is never the end."""

import json

import pytest
from app.clock import SYNCHRONISED_FOR_MS
from app.time_keeper import ANSWER_WITHIN_MS, DAY_MS, WINDOW_MS
from support.app.bench import NOON, OWNER, RELEASED, VENDOR, Bench, payload_of, reading_of
from wire.errors import WattsealError
from wire.methods import EARLIEST_UNIX_MS, LATEST_UNIX_MS

HOUR_MS = 3_600_000
YEAR_MS = 366 * DAY_MS


def refused(bench: Bench, method: str, **params) -> WattsealError:
    with pytest.raises(WattsealError) as raised:
        bench.call(method, **params)
    return raised.value


def refused_time(bench: Bench, unix_ms: int, source: str = "informative") -> WattsealError:
    with pytest.raises(WattsealError) as raised:
        bench.set_time(unix_ms, source)
    return raised.value


def charge(bench: Bench) -> None:
    bench.call("begin")
    bench.call("end")


def times_logged(bench: Bench) -> list[dict]:
    return [event["detail"] for event in bench.all_events() if event["event"] == "time_set"]


# --- the window for a time from any host -----------------------------------------------------


def test_a_time_before_the_image_is_refused() -> None:
    bench = Bench().boot()
    refusal = refused_time(bench, RELEASED - 1)
    assert (refusal.name, refusal.detail["earliest_unix_ms"]) == ("time_implausible", RELEASED)
    assert bench.call("status")["clock"]["unix_ms"] is None
    bench.set_time(RELEASED, "informative")


def test_a_time_far_beyond_the_certain_one_is_refused() -> None:
    bench = Bench().boot()
    refusal = refused_time(bench, RELEASED + WINDOW_MS + 60_000)
    assert refusal.name == "time_implausible"
    assert RELEASED + WINDOW_MS <= refusal.detail["latest_unix_ms"] < RELEASED + WINDOW_MS + 60_000
    bench.set_time(RELEASED + WINDOW_MS, "informative")


def test_a_module_from_two_years_of_storage_takes_the_technicians_time() -> None:
    Bench().boot().set_time(RELEASED + YEAR_MS + 2 * YEAR_MS - 2 * DAY_MS, "informative")


def test_a_stranger_cannot_ratchet_the_clock_on() -> None:
    bench = Bench().set_up()
    bench.set_time(NOON + WINDOW_MS, "informative")
    for hour in range(1, 4):
        charge(bench)
        bench.boot()
        assert refused_time(bench, NOON + WINDOW_MS + hour * HOUR_MS).name == "time_implausible"
        bench.set_time(NOON + hour * HOUR_MS, "signed")  # so the station is not stopped either
        charge(bench)
        bench.set_time(NOON + hour * HOUR_MS + WINDOW_MS, "informative")


def test_the_certain_time_is_that_of_the_publication_after_a_restart() -> None:
    bench = Bench().set_up().boot()
    assert refused_time(bench, NOON + WINDOW_MS + 60_000).name == "time_implausible"
    bench.set_time(NOON + WINDOW_MS, "informative")


def test_a_signed_time_moves_the_window_for_good() -> None:
    bench = Bench().set_up()
    bench.set_time(NOON + 5 * YEAR_MS, "signed")
    bench.boot().set_time(NOON + 5 * YEAR_MS + WINDOW_MS, "informative")


def test_the_ticks_move_the_window_and_it_is_kept_once_a_day() -> None:
    bench = Bench().boot()
    bench.idle(10 * 24 * 3600)
    bench.boot()
    assert refused_time(bench, RELEASED + WINDOW_MS + 11 * DAY_MS).name == "time_implausible"
    bench.set_time(RELEASED + WINDOW_MS + 9 * DAY_MS, "informative")


def test_nobody_can_wear_the_flash_by_the_time() -> None:
    bench = Bench().set_up()
    bench.idle(10)  # whatever is to be erased ahead
    before = bench.core.operations
    for number in range(1000):
        bench.set_time(bench.module.clock.unix_ms() + number % 2)
        bench.idle(1)
    assert bench.core.operations == before


def test_last_year_that_can_be_set_leaves_a_year_for_records() -> None:
    bench = Bench().set_up()
    bench.set_time(LATEST_UNIX_MS, "signed")
    bench.port.us += 363 * DAY_MS * 1000 // 40  # in steps that the ticks can tell
    for _ in range(40):
        bench.module.clock.uptime_ms()
        bench.port.us += 363 * DAY_MS * 1000 // 40
    charge(bench)


# --- what the owner can mend -----------------------------------------------------------------


def test_an_end_beyond_the_last_year_is_signed_without_a_time() -> None:
    bench = Bench().set_up()
    bench.call("begin")
    bench.module.clock.set(LATEST_UNIX_MS + 2 * YEAR_MS, 840, synchronised=True)
    reading = reading_of(bench.call("end")["record"])
    assert reading["TM"] == "2099-12-30T14:00:00,000+1400 U"
    assert reading["EF"] == "t"
    assert refused(bench, "begin").name == "clock_not_set"


@pytest.mark.parametrize("offset_min", [-840, 840])
@pytest.mark.parametrize("last_ms", [0, EARLIEST_UNIX_MS, LATEST_UNIX_MS + 2 * YEAR_MS])
def test_recovery_never_makes_a_time_that_no_record_carries(last_ms: int, offset_min: int) -> None:
    bench = Bench().set_up()
    bench.set_time(NOON, "signed", offset_min)
    bench.call("begin")
    bench.module.journal.state.unix_ms = EARLIEST_UNIX_MS - 1
    bench.module.events.state.unix_ms = last_ms
    bench.module.sessions._found_open = bench.module.journal.state.begin_pagination
    bench.idle(20)
    assert bench.module.recovery_problem is None
    assert bench.call("status")["session"] is None
    reading = reading_of(list(bench.all_records().values())[-1])
    assert reading["TM"][-1] == "U"
    assert reading["EF"] == "t"


def test_signed_time_puts_right_what_any_host_made_wrong() -> None:
    bench = Bench().set_up()
    bench.set_time(NOON + 2 * YEAR_MS, "informative")
    charge(bench)
    bench.boot()
    assert refused_time(bench, NOON).name == "time_refused"
    bench.set_time(NOON, "signed")
    assert times_logged(bench)[-1]["source"] == "signed"
    charge(bench)
    bench.boot()
    assert bench.call("status")["state"] == "operational"
    assert refused_time(bench, NOON, "signed").name == "time_refused"  # that record is signed


def test_owner_sets_the_time_back_after_a_wrong_record() -> None:
    bench = Bench().set_up()
    wrong_ms = NOON + 2 * YEAR_MS
    bench.set_time(wrong_ms, "signed")
    charge(bench)
    bench.boot()
    for source in ("informative", "signed"):
        refusal = refused_time(bench, NOON, source)
        assert refusal.name == "time_refused"
        assert refusal.detail["newest_record_unix_ms"] >= wrong_ms
    bench.set_time(NOON, "owner")
    status = bench.call("status")
    assert (status["clock"]["synchronisation"], status["commissioning"]) == ("I", 2)
    assert (status["state"], status["sealed"]) == ("unregistered", True)
    bench.publish()
    bench.set_time(NOON + 1000)
    charge(bench)
    bench.boot()
    assert refused_time(bench, NOON).name == "time_refused"  # the comparison has begun anew
    newest = list(bench.all_records().values())
    assert [payload_of(record)["PG"] for record in newest] == ["T1", "T2", "T3", "T4"]
    assert times_logged(bench)[-2]["source"] == "owner"


def test_owner_sets_the_time_back_after_the_registry_was_wrong() -> None:
    bench = Bench().set_up()
    bench.set_time(LATEST_UNIX_MS, "signed")
    charge(bench)
    bench.set_time(NOON, "owner")
    bench.publish()
    bench.boot()
    assert refused_time(bench, NOON + WINDOW_MS + 60_000).name == "time_implausible"
    bench.set_time(NOON, "informative")
    charge(bench)


def test_owner_who_sets_no_earlier_time_than_the_records_begins_nothing_anew() -> None:
    bench = Bench().set_up()
    bench.set_time(NOON + 20 * YEAR_MS, "owner")
    bench.set_time(NOON + DAY_MS, "owner")
    status = bench.call("status")
    assert (status["commissioning"], status["state"]) == (1, "operational")
    bench.boot()
    assert refused_time(bench, NOON + 5 * YEAR_MS).name == "time_implausible"


def test_right_time_is_taken_after_decommissioning() -> None:
    bench = Bench().set_up()
    bench.set_time(LATEST_UNIX_MS, "signed")
    charge(bench)
    bench.by_owner("decommission")
    bench.boot()
    birth = bench.statements()[-1]
    assert birth["type"] == "birth"
    bench.set_time(NOON, "informative")


def test_new_key_is_not_said_to_be_younger_than_a_time_that_was_set_back() -> None:
    bench = Bench().set_up()
    bench.set_time(NOON + 2 * YEAR_MS, "informative")
    charge(bench)
    bench.set_time(NOON, "owner")
    bench.by_owner("decommission")
    bench.boot()
    after_ms = bench.statements()[-1]["after_unix_ms"]
    assert NOON <= after_ms < NOON + DAY_MS


def test_owner_names_the_time_of_the_challenge() -> None:
    bench = Bench().set_up()
    signature = bench.ask_owner("set_time", unix_ms=NOON + DAY_MS)
    bench.port.us += 600 * 1_000_000
    params = {"unix_ms": NOON + DAY_MS, "utc_offset_min": 0, "source": "owner"}
    clock = bench.call("set_time", **params, signature=signature)
    assert 600_000 <= clock["unix_ms"] - (NOON + DAY_MS) < 601_000


def test_owner_permits_one_time_once() -> None:
    bench = Bench().set_up()
    signature = bench.ask_owner("set_time", unix_ms=NOON + DAY_MS)
    params = {"utc_offset_min": 0, "source": "owner", "signature": signature}
    refusal = refused(bench, "set_time", unix_ms=NOON + 2 * DAY_MS, **params)
    assert (refusal.name, refusal.detail["field"]) == ("invalid_params", "unix_ms")
    refusal = refused(bench, "set_time", unix_ms=NOON + DAY_MS, **params)
    assert refusal.name == "no_challenge"
    params["signature"] = bench.ask_owner("set_time", key=VENDOR, unix_ms=NOON + DAY_MS)
    assert refused(bench, "set_time", unix_ms=NOON + DAY_MS, **params).name == "owner_refused"


# --- a signed time ---------------------------------------------------------------------------


def signed(bench: Bench, unix_ms: int, signature: bytes, **more) -> dict:
    params = {"unix_ms": unix_ms, "utc_offset_min": 0, "source": "signed", **more}
    return bench.call("set_time", **params, signature=signature.hex())


@pytest.mark.parametrize("who", ["registry", "owner"])
def test_signed_time_is_synchronised_for_a_day(who: str) -> None:
    bench = Bench().set_up()
    key = {"registry": bench.registry.key, "owner": OWNER}[who]
    clock = signed(bench, NOON + 1000, bench.sign_time(NOON + 1000, key))
    assert clock["synchronisation"] == "S"
    bench.idle(SYNCHRONISED_FOR_MS // 1000)
    assert bench.call("status")["clock"]["synchronisation"] == "I"


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "00" * 32},
        {"chip_id": "ff" * 8},
        {"unix_ms": NOON + 1},
        {"version": 2},
        {"type": "owner"},
        {"key": VENDOR},
    ],
)
def test_what_is_not_the_answer_is_refused(changes: dict) -> None:
    bench = Bench().set_up()
    signature = bench.sign_time(**{"unix_ms": NOON, **changes})
    with pytest.raises(WattsealError) as raised:
        signed(bench, NOON, signature)
    assert raised.value.name == "time_not_signed"


def test_answer_is_good_once_and_only_the_newest_question_is_open() -> None:
    bench = Bench().set_up()
    first = bench.sign_time(NOON + 1000)
    second = bench.sign_time(NOON + 1000)
    with pytest.raises(WattsealError) as raised:
        signed(bench, NOON + 1000, first)
    assert raised.value.name == "time_not_signed"
    with pytest.raises(WattsealError) as raised:
        signed(bench, NOON + 1000, second)  # used up by the wrong answer
    assert raised.value.name == "no_time_challenge"
    third = bench.sign_time(NOON + 1000)
    bench.boot()
    with pytest.raises(WattsealError) as raised:
        signed(bench, NOON + 1000, third)
    assert raised.value.name == "no_time_challenge"


def test_late_answer_is_refused_and_a_slow_one_is_wrong_by_half_of_its_way_at_most() -> None:
    bench = Bench().set_up()
    signature = bench.sign_time(NOON + 1000)
    bench.port.us += (ANSWER_WITHIN_MS - 500) * 1000
    clock = signed(bench, NOON + 1000, signature)
    assert abs(clock["unix_ms"] - (NOON + 1000 + ANSWER_WITHIN_MS // 2)) < 500
    signature = bench.sign_time(NOON + 60_000)
    bench.port.us += (ANSWER_WITHIN_MS + 500) * 1000
    with pytest.raises(WattsealError) as raised:
        signed(bench, NOON + 60_000, signature)
    assert raised.value.name == "no_time_challenge"


def test_signed_time_takes_the_seal() -> None:
    bench = Bench().boot()
    assert refused_time(bench, NOON, "signed").name == "not_sealed"


def test_signature_goes_with_its_sources() -> None:
    bench = Bench().set_up()
    params = {"unix_ms": NOON, "utc_offset_min": 0}
    for more in ({"source": "signed"}, {"source": "owner"}):
        refusal = refused(bench, "set_time", **params, **more)
        assert (refusal.name, refusal.detail["field"]) == ("invalid_params", "signature")
    refusal = refused(bench, "set_time", **params, source="informative", signature="00" * 70)
    assert (refusal.name, refusal.detail["field"]) == ("invalid_params", "signature")


def test_no_host_can_claim_to_be_synchronised() -> None:
    bench = Bench().set_up()
    refusal = refused(bench, "set_time", unix_ms=NOON, utc_offset_min=0, source="synchronised")
    assert refusal.detail["limit"] == "one of signed, owner, informative"


def test_question_costs_no_event_and_no_flash() -> None:
    bench = Bench().set_up()
    before = bench.core.operations
    nonces = {bench.call("time_challenge")["nonce"] for _ in range(20)}
    assert len(nonces) == 20
    bench.call("begin")
    bench.call("time_challenge")
    bench.call("end")
    assert bench.core.operations > before  # of the session alone
    assert "refused" not in bench.event_names()


# --- what is logged --------------------------------------------------------------------------


def test_small_steps_do_not_add_up_unseen() -> None:
    bench = Bench().set_up()
    for number in range(1, 301):
        bench.set_time(NOON + number * 19_500)
    bench.idle_days(2)
    newest = times_logged(bench)[-1]  # what its ration did not allow at once is told together
    assert newest["unlogged_before"] + 1 >= 140
    assert newest["first_unlogged"]["new"] < NOON + 10 * 19_500
    assert newest["new"] > NOON + 298 * 19_500


def test_corrections_of_the_drift_are_not_logged() -> None:
    bench = Bench().set_up()
    before = times_logged(bench)
    for hour in range(1, 25):
        bench.idle(3600)
        bench.set_time(bench.module.clock.unix_ms() + (-1) ** hour * 5000)
    assert times_logged(bench) == before


def test_change_of_offset_or_source_is_logged() -> None:
    bench = Bench().set_up()
    bench.idle_days(4)  # until the ration allows some
    now_ms = bench.module.clock.unix_ms()
    bench.set_time(now_ms, "signed")
    count = len(times_logged(bench))
    bench.set_time(now_ms, "signed", 60)
    bench.set_time(now_ms, "signed", 60)
    bench.set_time(now_ms, "informative", 60)
    added = times_logged(bench)[count:]
    assert [(each["utc_offset_min"], each["source"]) for each in added] == [
        (60, "signed"),
        (60, "informative"),
    ]


def test_setting_by_the_owner_is_always_logged() -> None:
    bench = Bench().set_up()
    count = len(times_logged(bench))
    for _ in range(2):
        bench.set_time(NOON + 60_000, "owner")
    assert [each["source"] for each in times_logged(bench)[count:]] == ["owner", "owner"]


def test_challenge_says_which_time() -> None:
    bench = Bench().set_up()
    text = bench.call("challenge", action="set_time", unix_ms=NOON)["challenge"]
    assert json.loads(text)["unix_ms"] == NOON
    assert refused(bench, "challenge", action="set_time").detail["field"] == "unix_ms"
    assert refused(bench, "challenge", action="unseal", unix_ms=NOON).name == "invalid_params"
