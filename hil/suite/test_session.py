"""A charging session, from begin to end, in records that verify."""

import hashlib
import itertools
import json

import pytest

from hil.suite.flow import let_flow
from hil.suite.module import SETTINGS, USER, Module
from hil.suite.ocmf import verified

pytestmark = [pytest.mark.needs("meter"), pytest.mark.each_link]


def test_a_session_gives_records_that_verify_and_say_what_happened(module: Module) -> None:
    start_wh = module.rig.meter.energy_wh
    begun = module.begin()
    let_flow(module.rig, 12_345)
    going = module.client.call("intermediate")
    ended = module.end(reason="R")
    key = module.client.call("public_key")["public_key"]

    replies = (begun, going, ended)
    records = [verified(reply["record"], key) for reply in replies]
    first = begun["pagination"]
    assert [reply["public_key"] for reply in replies] == [key] * 3
    assert [reply["pagination"] for reply in replies] == [first, first + 1, first + 2]
    assert [record.pagination for record in records] == [first, first + 1, first + 2]
    assert [record.reading["TX"] for record in records] == ["B", "C", "R"]
    assert len({reply["session_id"] for reply in replies}) == 1
    assert ended["begin_pagination"] == first

    # Beside that, 11 kW flow: for a minute, and while the meter is read.
    begin_wh, middle_wh, end_wh = (record.energy_wh for record in records)
    assert start_wh <= begin_wh <= start_wh + 200
    assert begin_wh + 12_345 <= middle_wh <= end_wh <= begin_wh + 12_345 + 600

    for record in records:
        payload = record.payload
        assert payload["FV"] == "1.3"
        assert (payload["GI"], payload["GS"]) == ("Wattseal rig", "RIG-1")
        assert (payload["MV"], payload["MM"]) == ("Eastron", "SDM630")
        assert (payload["MS"], payload["MF"]) == ("19285703", "0113")
        assert (payload["IS"], payload["IT"], payload["ID"]) == (True, "ISO14443", USER["id_tag"])
        assert payload["IF"] == ["RFID_PLAIN"]
        assert (payload["CT"], payload["CI"]) == ("EVSEID", SETTINGS["charge_point_id"])
        assert record.reading["RI"] == "1-0:1.8.0"
        assert record.reading["TM"].startswith(module.shown_time())
        assert record.reading["TM"].endswith("+0100 S")


def test_records_are_kept_byte_for_byte(module: Module) -> None:
    replies = [module.begin(), module.end(), module.begin(), module.end()]
    numbers = [reply["pagination"] for reply in replies]
    assert all(second == first + 1 for first, second in itertools.pairwise(numbers))
    kept = module.records(numbers[0])
    assert [record["pagination"] for record in kept] == numbers
    assert [record["record"] for record in kept] == [reply["record"] for reply in replies]
    page = module.client.call("records", **{"from": numbers[1], "to": numbers[2]})
    assert [record["pagination"] for record in page["records"]] == numbers[1:3]
    assert page["next"] is None


def test_the_event_log_is_a_chain(module: Module) -> None:
    module.begin()
    module.end()
    events = module.events()
    first = events[0]["number"]
    assert [event["number"] for event in events] == list(range(first, first + len(events)))
    # On a board whose first events are archived, the oldest one held ties the others together.
    chain = bytes(32) if first == 1 else bytes.fromhex(events.pop(0)["chain"])
    assert events
    for event in events:
        chain = hashlib.sha256(chain + event["entry"].encode()).digest()
        assert event["chain"] == chain.hex()
        assert json.loads(event["entry"])["number"] == event["number"]


@pytest.mark.parametrize(
    ("source", "letters"), [("signed", ["S", "S"]), ("informative", ["I", "R"])]
)
def test_the_records_say_how_the_clock_was_set(
    module: Module, source: str, letters: list[str]
) -> None:
    module.set_time(source)
    key = module.client.call("public_key")["public_key"]
    records = [verified(reply["record"], key) for reply in (module.begin(), module.end())]
    assert [record.reading["TM"][-1] for record in records] == letters


@pytest.mark.needs("time")
def test_an_hour_of_charging_is_an_hour_in_the_records(module: Module) -> None:
    key = module.client.call("public_key")["public_key"]
    first = verified(module.begin()["record"], key)
    module.rig.fast_forward(3600)
    last = verified(module.end()["record"], key)
    assert first.reading["TM"].startswith(module.shown_time())
    assert last.reading["TM"].startswith(module.shown_time(hours_later=1))
    assert 11_000 <= last.energy_wh - first.energy_wh <= 11_010


def test_what_a_session_forbids(module: Module) -> None:
    client = module.client
    time = {"unix_ms": module.unix_ms, "utc_offset_min": 0, "source": "informative"}
    assert client.refusal("end").name == "no_session"
    assert client.refusal("intermediate").name == "no_session"
    begun = module.begin()
    assert client.refusal("begin").name == "session_open"
    assert client.refusal("configure", gateway_id="other").name == "session_open"
    assert client.refusal("set_time", **time).name == "session_open"
    ended = module.end()
    assert client.refusal("set_time", **time).name == "time_refused"  # before the newest record
    assert ended["pagination"] == begun["pagination"] + 1


@pytest.mark.needs("power")
def test_begin_needs_a_set_clock(module: Module) -> None:
    newest = module.newest_pagination()
    module.restart()
    assert module.client.refusal("begin").name == "clock_not_set"
    assert module.newest_pagination() == newest
    module.set_time()
    module.begin()
    module.end()


@pytest.mark.needs("power")
def test_everything_is_still_there_after_a_restart(module: Module) -> None:
    module.begin()
    module.end()
    records, events = module.records(), module.events()
    settings = module.client.call("configure")["settings"]
    module.restart()
    assert module.records() == records
    assert module.events()[: len(events)] == events
    assert module.client.call("configure")["settings"] == settings
    assert module.status()["journal"]["next"] == records[-1]["pagination"] + 1
    module.set_time()


@pytest.mark.needs("power")
def test_a_session_cut_by_a_power_failure_is_ended_at_the_next_start(module: Module) -> None:
    key = module.client.call("public_key")["public_key"]
    begun = module.begin(session_id=4711)
    module.restart()
    module.await_recovery()
    (newest,) = module.records(begun["pagination"] + 1)
    record = verified(newest["record"], key)
    assert newest["pagination"] == begun["pagination"] + 1
    assert newest["session_id"] == 4711
    assert record.reading["TX"] == "P"
    assert record.reading["EF"] == "t"
    assert record.reading["TM"][-1] == "U"
    assert record.reading["TM"][:-2] >= verified(begun["record"], key).reading["TM"][:-2]
    assert record.payload["ID"] == USER["id_tag"]
    assert module.status()["session"] is None
    module.set_time()
    assert module.begin()["pagination"] == newest["pagination"] + 1
    module.end()


@pytest.mark.needs("power", "time")
def test_a_cut_session_waits_for_a_silent_meter(module: Module) -> None:
    begun = module.begin()
    module.rig.meter.arm("silence", 1000, quantity=None)
    module.restart()
    module.rig.fast_forward(30)
    assert module.client.refusal("begin").name == "recovery_pending"
    status = module.status()
    assert status["session"]["recovery"] is True
    assert status["journal"]["newest"] == begun["pagination"]
    module.rig.meter.disarm()
    module.await_recovery()
    assert module.newest_pagination() == begun["pagination"] + 1
