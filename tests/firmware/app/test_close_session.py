"""A meter that gives no end reading any more: the owner closes the session, and life goes on.

And a meter that was reset, or has wrapped around, at the same serial number: the owner accepts it.
"""

import contextlib
from collections.abc import Callable

import pytest
from app.journal import SPARE_WHILE_OPEN
from support.app import meter as faults
from support.app.bench import NOON, Bench, payload_of, reading_of, verify
from support.app.core import FakeCore
from support.app.flash import PowerCutError
from wire.errors import WattsealError

FORGED = "3006020101020101"
USER = {"id_tag": "1F2D3A4F5506C7", "id_type": "ISO14443", "tariff_text": "night"}


def refused(bench: Bench, method: str, **params) -> WattsealError:
    with pytest.raises(WattsealError) as raised:
        bench.call(method, **params)
    return raised.value


def silent(bench: Bench) -> None:
    bench.meter.is_silent = True


def exchanged(bench: Bench) -> None:
    bench.meter.serial, bench.meter.energy_wh = 99, 70


def wrapped(bench: Bench) -> None:
    bench.meter.energy_wh = 12


def garbled(bench: Bench) -> None:
    bench.meter.faults = [faults.bad_crc] * 100


def refusing(bench: Bench) -> None:
    bench.meter.faults = [faults.exception] * 100


def unharmed(bench: Bench) -> None:
    bench.meter.energy_wh += 7


WAYS = [
    (silent, "meter_no_reply", "T"),
    (exchanged, "meter_serial_mismatch", "X"),
    (wrapped, "meter_went_backwards", "O"),
    (garbled, "meter_bad_crc", "F"),
    (refusing, "meter_exception", "F"),
    (unharmed, None, "S"),
]


def begun_bench() -> Bench:
    bench = Bench().set_up()
    bench.call("begin", session_id=7, **USER)
    bench.idle(60)
    bench.meter.energy_wh += 500
    bench.call("intermediate")
    bench.idle(60)
    bench.meter.energy_wh += 500
    return bench


def check_closing_record(bench: Bench, reply: dict, meter_state: str, flags: str) -> None:
    """The record names the begin's meter and user and repeats the newest reading, unbillable."""
    records = list(bench.all_records().values())
    begun, newest, closing = (payload_of(record) for record in (records[0], *records[-2:]))
    assert reply["record"] == records[-1]
    verify(reply["record"], bench.call("public_key")["public_key"])
    assert (reply["session_id"], reply["begin_pagination"]) == (7, 1)
    assert closing["PG"] == f"T{len(records)}"
    for key in ("MS", "MV", "MM", "GS", "IS", "IF", "IT", "ID", "TT", "CI"):
        assert closing[key] == begun[key]
    (last,), (before,) = closing["RD"], newest["RD"]
    assert (last["TX"], last["EF"], last["ST"]) == ("A", flags, meter_state)
    for key in ("RV", "RI", "RU", "RT"):
        assert last[key] == before[key]
    assert last["TM"][:-1] >= before["TM"][:-1]
    assert bench.call("status")["session"] is None
    event = bench.all_events()[-1]
    assert event["event"] == "session_closed"
    assert event["detail"] == {
        "pagination": reply["pagination"],
        "begin_pagination": 1,
        "meter_state": meter_state,
    }


@pytest.mark.parametrize(("happen", "name", "meter_state"), WAYS)
def test_owner_closes_an_open_session(
    happen: Callable[[Bench], None], name: str | None, meter_state: str
) -> None:
    bench = begun_bench()
    happen(bench)
    if name:
        assert refused(bench, "end").name == name
    reply = bench.by_owner("close_session")
    check_closing_record(bench, reply, meter_state, "E")
    assert reading_of(reply["record"])["TM"].endswith("S")


@pytest.mark.parametrize(("happen", "name", "meter_state"), WAYS[:-1])
def test_owner_closes_a_session_that_a_power_failure_cut(
    happen: Callable[[Bench], None], name: str, meter_state: str
) -> None:
    bench = begun_bench()
    happen(bench)
    bench.boot()
    assert refused(bench, "begin").detail == {"cause": name}
    reply = bench.by_owner("close_session")
    check_closing_record(bench, reply, meter_state, "Et")
    assert reading_of(reply["record"])["TM"].endswith("U")


@pytest.mark.parametrize("is_cut", [False, True])
def test_after_an_exchange_the_new_meter_is_commissioned_and_charges(is_cut: bool) -> None:
    bench = begun_bench()
    exchanged(bench)
    if is_cut:
        bench.boot()
    bench.by_owner("close_session")
    bench.set_time(NOON + 10**9)
    bench.reconfigure(meter_serial="99")
    begun = bench.call("begin")
    assert payload_of(begun["record"])["MS"] == "99"
    assert begun["pagination"] == 4
    bench.idle(60)
    assert reading_of(bench.call("end")["record"])["EF"] == ""


def test_after_a_repair_the_same_meter_charges() -> None:
    bench = begun_bench()
    silent(bench)
    bench.by_owner("close_session")
    bench.meter.is_silent = False
    assert bench.call("begin")["pagination"] == 4


def test_reading_of_the_closing_record_is_the_one_that_counts_on() -> None:
    """What was not billed is not lost: the counter's next reading is not below the newest one."""
    bench = begun_bench()
    silent(bench)
    bench.by_owner("close_session")
    bench.meter.is_silent = False
    bench.meter.energy_wh = 1_000_499
    assert refused(bench, "begin").detail == {
        "earlier_kwh": "1000.500",
        "found_kwh": "1000.499",
    }


@pytest.mark.parametrize("cut_at", range(6))
@pytest.mark.parametrize("how", ["before", "torn", "after"])
def test_power_cut_while_closing_leaves_the_session_open_or_closed(cut_at: int, how: str) -> None:
    bench = begun_bench()
    silent(bench)
    signature = bench.ask_owner("close_session")
    bench.core.cut_at, bench.core.cut_how = bench.core.operations + cut_at, how
    with contextlib.suppress(PowerCutError):
        bench.call("close_session", signature=signature)
    bench.core.power_up()
    bench.boot()
    if bench.call("status")["session"]:
        bench.by_owner("close_session")
    readings = [reading_of(record)["TX"] for record in bench.all_records().values()]
    assert readings == ["B", "C", "A"]
    bench.meter.is_silent = False
    bench.set_time(NOON + 10**9)
    assert bench.call("begin")["pagination"] == 4


# --- who may, and when -----------------------------------------------------------------------


def test_only_the_owner_closes_and_only_the_session_that_was_named() -> None:
    bench = begun_bench()
    assert refused(bench, "close_session", signature=FORGED).name == "no_challenge"
    bench.call("challenge", action="close_session")
    assert refused(bench, "close_session", signature=FORGED).name == "owner_refused"
    signature = bench.ask_owner("close_session")
    bench.call("end")
    assert refused(bench, "close_session", signature=signature).name == "no_session"
    bench.call("begin")
    assert refused(bench, "close_session", signature=signature).name == "no_challenge"
    assert bench.call("end")["pagination"] == 5


def test_there_is_nothing_to_close() -> None:
    bench = Bench().set_up()
    assert refused(bench, "challenge", action="close_session").name == "no_session"


def test_full_journal_has_room_for_the_closing_record() -> None:
    bench = Bench(FakeCore(journal=6)).set_up()
    bench.call("begin")
    while bench.module.journal.has_room(1000, SPARE_WHILE_OPEN):
        bench.call("intermediate")
    assert refused(bench, "intermediate").name == "journal_full"
    silent(bench)
    assert bench.by_owner("close_session")["begin_pagination"] == 1


# --- a meter that is lower than before -------------------------------------------------------


def lower_bench() -> Bench:
    bench = Bench().set_up()
    bench.call("begin")
    bench.idle(60)
    bench.call("end")
    wrapped(bench)
    return bench


@pytest.mark.parametrize("restart", [False, True])
def test_owner_accepts_a_meter_that_was_reset(restart: bool) -> None:
    bench = lower_bench()
    assert refused(bench, "begin").name == "meter_went_backwards"
    told = {"meter_serial": "12345678", "earlier_kwh": "1000.000", "found_kwh": "0.012"}
    assert bench.by_owner("accept_meter") == told
    event = bench.all_events()[-1]
    assert (event["event"], event["detail"]) == ("meter_accepted", told)
    if restart:
        bench.boot()
        bench.set_time(NOON + 10**9)
    begun = bench.call("begin")
    assert (begun["pagination"], reading_of(begun["record"])["RV"]) == (3, 0.012)
    bench.meter.energy_wh -= 1
    assert refused(bench, "end").name == "meter_went_backwards"
    bench.meter.energy_wh += 1
    assert reading_of(bench.call("end")["record"])["EF"] == ""


def test_meter_below_the_accepted_reading_is_refused_as_before() -> None:
    bench = lower_bench()
    bench.by_owner("accept_meter")
    bench.meter.energy_wh = 11
    assert refused(bench, "begin").name == "meter_went_backwards"
    assert bench.by_owner("accept_meter")["earlier_kwh"] == "0.012"
    bench.call("begin")


def test_meter_that_wrapped_in_an_open_session_charges_again() -> None:
    bench = begun_bench()
    wrapped(bench)
    bench.by_owner("close_session")
    bench.by_owner("accept_meter")
    assert bench.call("begin")["pagination"] == 4


def test_there_is_nothing_to_accept_of_a_meter_that_is_not_lower() -> None:
    for bench in (Bench().set_up(), lower_bench()):
        bench.meter.energy_wh = 1_000_000
        signature = bench.ask_owner("accept_meter")
        events = bench.event_names()
        error = refused(bench, "accept_meter", signature=signature)
        assert (error.name, error.detail) == ("meter_not_lower", {"found_kwh": "1000.000"})
        assert "meter_accepted" not in bench.event_names()[len(events) :]


def test_silent_or_other_meter_is_not_accepted() -> None:
    bench = lower_bench()
    signature = bench.ask_owner("accept_meter")
    bench.meter.serial = 99
    assert refused(bench, "accept_meter", signature=signature).name == "meter_serial_mismatch"
    silent(bench)
    assert refused(bench, "accept_meter", signature=signature).name == "meter_no_reply"


@pytest.mark.parametrize("cut_at", range(4))
@pytest.mark.parametrize("how", ["before", "torn", "after"])
def test_power_cut_while_accepting_leaves_the_old_or_the_new_reading(cut_at: int, how: str) -> None:
    bench = lower_bench()
    signature = bench.ask_owner("accept_meter")
    bench.core.cut_at, bench.core.cut_how = bench.core.operations + cut_at, how
    with contextlib.suppress(PowerCutError):
        bench.call("accept_meter", signature=signature)
    bench.core.power_up()
    bench.boot()
    assert bench.call("status")["state"] == "operational"
    bench.set_time(NOON + 10**9)
    if bench.module.journal.state.value == 1_000_000:
        assert refused(bench, "begin").name == "meter_went_backwards"
        bench.by_owner("accept_meter")
    bench.call("begin")
    assert bench.call("end")["pagination"] == 4
