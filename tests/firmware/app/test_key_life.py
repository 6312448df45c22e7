"""The life of a key: birth, roll-over to another image, farewell, and cuts anywhere in them."""

import pytest
from support.app.bench import NOON, Bench, Release, payload_of, read_signed, reading_of, verify
from support.app.core import AREA_KEYS, FIRST_IMAGE, FakeCore
from support.app.key_life import (
    SECOND_IMAGE,
    check_one_key,
    details_of,
    fault_of,
    worked_bench,
)
from wire.errors import WattsealError

# --- roll-over -------------------------------------------------------------------------------


def test_another_image_rolls_the_key_over() -> None:
    bench = worked_bench()
    old = bench.call("public_key")["public_key"]
    bench.flash(SECOND_IMAGE).boot()
    rollover = check_one_key(bench, 2, SECOND_IMAGE)
    assert rollover["type"] == "rollover"
    assert (rollover["old_key_number"], rollover["old_public_key"]) == (1, old)
    assert rollover["old_firmware_identity"] == FIRST_IMAGE.hex()
    assert (rollover["firmware"], rollover["firmware_identity"]) == ("0.2.0", SECOND_IMAGE.hex())
    assert rollover["last_pagination"] == 2
    assert rollover["after_unix_ms"] >= NOON
    (changed,) = details_of(bench, "key_changed")
    assert (changed["old_key_number"], changed["key_number"]) == (1, 2)
    assert changed["handover"] is None
    assert (rollover["handover"], rollover["handover_sha256"]) == (None, None)


def test_key_change_falls_back_to_unregistered_and_only_a_new_proof_leads_on() -> None:
    bench = worked_bench()
    index = len(bench.registry.entries) - 2
    bench.flash(SECOND_IMAGE).boot()
    status = bench.call("status")
    assert (status["state"], status["sealed"], status["publication"]) == (
        "unregistered",
        True,
        None,
    )
    with pytest.raises(WattsealError) as raised:
        bench.call("begin")
    assert raised.value.name == "not_operational"
    with pytest.raises(WattsealError) as raised:
        bench.call("accept_publication", **bench.registry.proof(index))
    assert raised.value.detail["cause"] == "the entry's key_number is not this module's"
    bench.publish()
    bench.set_time(NOON + 3_600_000)
    begun = bench.call("begin")
    verify(begun["record"], bench.call("public_key")["public_key"])
    assert payload_of(begun["record"])["GV"] == "0.2.0+" + SECOND_IMAGE.hex()[:16]


def test_unchanged_image_keeps_its_key_and_its_proof() -> None:
    bench = worked_bench()
    before = bench.core.snapshot()[FakeCore.AREA_STATEMENTS]
    for _ in range(3):
        bench.boot()
    assert bench.call("status")["state"] == "operational"
    assert bench.core.snapshot()[FakeCore.AREA_STATEMENTS] == before


def test_downgrade_that_is_allowed_is_a_rollover_and_brings_no_old_key_back() -> None:
    bench = worked_bench()
    first = bench.call("public_key")["public_key"]
    bench.flash(SECOND_IMAGE).boot()
    bench.flash(FIRST_IMAGE, "0.1.0").boot()
    third = check_one_key(bench, 3, FIRST_IMAGE)
    assert third["public_key"] != first
    assert [one["type"] for one in bench.statements()] == ["birth", "rollover", "rollover"]


def test_downgrade_below_the_rollback_number_is_a_fault_that_changes_nothing() -> None:
    bench = worked_bench()
    bench.flash(SECOND_IMAGE, "0.2.0", rollback_number=7).boot()
    public_key = bench.call("public_key")
    keys, statements = bench.core.snapshot()[AREA_KEYS], bench.statements()
    fault = fault_of(bench.flash(FIRST_IMAGE, "0.1.0", rollback_number=6))
    assert (fault.name, fault.detail) == ("firmware_rolled_back", {"rollback_number": 7})
    assert bench.core.snapshot()[AREA_KEYS] == keys
    assert bench.statements() == statements
    assert bench.call("public_key") == public_key
    bench.flash(SECOND_IMAGE, "0.2.0", rollback_number=7).boot()
    assert bench.call("status")["state"] == "unregistered"


def test_rollback_number_outlives_a_farewell() -> None:
    bench = worked_bench()
    bench.flash(SECOND_IMAGE, "0.2.0", rollback_number=7).boot()
    bench.by_owner("decommission")
    assert fault_of(bench.flash(FIRST_IMAGE, "0.1.0")).name == "firmware_rolled_back"
    assert bench.core.key_slots() == (0, ())


def test_open_session_over_a_rollover_is_ended_by_the_new_key() -> None:
    bench = worked_bench()
    bench.call("begin")
    bench.flash(SECOND_IMAGE).boot()
    record = bench.all_records()[4]
    assert reading_of(record)["TX"] == "P"
    verify(record, bench.call("public_key")["public_key"])
    assert bench.statements()[-1]["last_pagination"] == 3


def test_noise_source_that_fails_leaves_the_old_key_for_the_next_start() -> None:
    bench = worked_bench()
    bench.core.entropy_fails = True
    assert fault_of(bench.flash(SECOND_IMAGE)).name == "entropy_failed"
    assert bench.core.key_slots() == (0, ((1, FIRST_IMAGE),))
    bench.core.entropy_fails = False
    bench.boot()
    check_one_key(bench, 2, SECOND_IMAGE)


def test_full_statements_stop_the_next_rollover_but_not_the_farewell() -> None:
    bench = Bench(FakeCore(statements=3, events=16)).set_up()
    images = [FIRST_IMAGE, SECOND_IMAGE]
    for number in range(1, 30):
        bench.flash(images[number % 2]).boot()
        if bench.module.fault is not None:
            break
    assert bench.module.fault is not None
    assert bench.module.fault.name == "statements_full"
    assert number > 4
    check = bench.call("public_key")["key_number"]
    assert check == number
    bench.flash(images[(number - 1) % 2]).boot()  # the image of the key: it goes on
    bench.by_owner("decommission")
    assert bench.statements()[-1]["type"] == "farewell"
    assert fault_of(bench).name == "statements_full"
    assert bench.core.key_slots() == (0, ())


# --- farewell --------------------------------------------------------------------------------


def test_decommissioned_module_is_blank_until_the_next_start() -> None:
    bench = worked_bench()
    head = bench.all_events()[-1]["number"]
    reply = bench.by_owner("decommission")
    facts = bench.statements()[-1]
    assert reply["statement"] == bench.call("statements", from_=2)["statements"][0]["statement"]
    assert (facts["type"], facts["key_number"], facts["last_pagination"]) == ("farewell", 1, 2)
    assert facts["event_number"] == head
    status = bench.call("status")
    assert (status["state"], status["key_number"], status["sealed"]) == ("blank", None, False)
    assert status["commissioning"] == 1
    assert bench.core.key_slots() == (0, ())
    for method in ("configure", "begin", "seal"):
        with pytest.raises(WattsealError) as raised:
            bench.call(method)
        assert raised.value.detail["state"] == "blank"
    assert len(bench.all_records()) == 2


def test_next_start_begins_another_life_with_nothing_of_the_old_setup() -> None:
    bench = worked_bench()
    bench.by_owner("decommission")
    bench.boot()
    assert check_one_key(bench, 2, FIRST_IMAGE)["type"] == "birth"
    assert bench.call("configure")["settings"] == {}
    bench.set_time(NOON + 3_600_000)
    bench.commission()
    assert bench.call("status")["commissioning"] == 2
    assert bench.call("begin")["pagination"] == 3


# --- the logs -----------------------------------------------------------------------------------


def log_for_ever(bench: Bench) -> None:
    while True:
        bench.module.log("filler", {})


def test_full_event_log_does_not_stop_a_rollover_and_learns_of_it_later() -> None:
    bench = Bench(FakeCore(events=8)).set_up()
    while bench.module.events.has_room():
        bench.module.log("filler", {"text": "x" * 1500})
    with pytest.raises(WattsealError):
        log_for_ever(bench)
    bench.flash(SECOND_IMAGE).boot()
    check_one_key(bench, 2, SECOND_IMAGE)
    assert details_of(bench, "key_changed") == []
    bench.by_owner("archive_events", through=bench.all_events()[-1]["number"])
    bench.boot()
    assert len(details_of(bench, "key_changed")) == 1
    check_one_key(bench, 2, SECOND_IMAGE)


def test_statements_come_in_parts_that_fit_a_line() -> None:
    bench = Bench(FakeCore(statements=8, events=16)).set_up()
    for number in range(8):
        bench.core.image = bytes([number]) * 32
        bench.boot()
    assert bench.call("statements")["next"] is not None
    assert [one["key_number"] for one in bench.statements()] == list(range(1, 10))
    assert bench.call("statements", from_=10) == {"statements": [], "next": None}
    (item,) = bench.call("statements", from_=4, to=4)["statements"]
    assert read_signed(item)["key_number"] == 4


def test_release_of_the_bench_is_what_the_module_runs() -> None:
    bench = Bench()
    bench.release = Release("9.9.9", 3)
    assert bench.boot().statements()[0]["rollback_number"] == 3
