"""A full event log: what it stops, what it still takes, and the owner's way out."""

import json

import pytest
from app.events import MAX_TEXT_BYTES, SPARE_FOR_OWNER
from support.app.bench import NOON, Bench
from support.app.core import FakeCore
from support.app.flash import PowerCutError
from support.app.key_life import SECOND_IMAGE, check_one_key
from wire.errors import WattsealError


def full_bench(seed: int = 0) -> Bench:
    """An operational module whose event log takes no session any more."""
    bench = Bench(FakeCore(seed=seed, events=8)).set_up()
    while bench.module.events.has_room():
        bench.module.log("filler", {"text": "x" * 700})
    return bench


def newest_of(bench: Bench) -> int:
    number: int = bench.call("status")["events"]["newest"]
    return number


def refused(bench: Bench, method: str, **params) -> WattsealError:
    with pytest.raises(WattsealError) as raised:
        bench.call(method, **params)
    return raised.value


def test_full_log_stops_what_would_have_to_be_logged() -> None:
    bench = full_bench()
    assert bench.call("status")["events"]["full"] is True
    before = bench.core.snapshot()
    assert refused(bench, "begin").name == "events_full"
    signature = bench.ask_owner("unseal")
    assert refused(bench, "unseal", signature=signature).name == "events_full"
    settings = FakeCore.AREA_SETTINGS
    assert bench.core.snapshot()[settings] == before[settings]
    assert bench.call("prove", challenge="ab" * 16)


def test_full_log_does_not_keep_a_key() -> None:
    bench = full_bench()
    assert bench.by_owner("decommission")["statement"]
    assert bench.core.key_slots() == (0, ())


def test_archived_events_make_room_and_the_chain_goes_on() -> None:
    bench = full_bench()
    archive = bench.all_events()
    through = newest_of(bench)
    (last,) = bench.call("events", from_=through)["events"]
    reply = bench.by_owner("archive_events", through=through)
    assert reply["full"] is False
    assert 1 < reply["oldest"] <= through
    assert reply["newest"] == through + 1
    held = bench.all_events()
    assert held[:-1] == archive[reply["oldest"] - 1 :]
    assert (held[-1]["event"], held[-1]["detail"]) == (
        "events_archived",
        {"through": through, "chain": last["chain"]},
    )
    bench.boot()
    bench.set_time(NOON + 3_600_000)
    bench.call("begin")
    assert bench.call("status")["events"]["oldest"] == reply["oldest"]


def test_first_event_that_is_held_is_tied_to_the_archive() -> None:
    bench = full_bench()
    chains = {}
    start: int | None = 1
    while start is not None:
        part = bench.call("events", from_=start)
        chains.update({item["number"]: item["chain"] for item in part["events"]})
        start = part["next"]
    oldest = bench.by_owner("archive_events", through=newest_of(bench))["oldest"]
    (first,) = bench.call("events", from_=oldest, to=oldest)["events"]
    before = bytes.fromhex(chains[oldest - 1])
    assert first["chain"] == bench.core.sha256(before + first["entry"].encode()).hex()


def test_events_that_are_gone_are_said_to_be_gone() -> None:
    bench = full_bench()
    reply = bench.by_owner("archive_events", through=newest_of(bench))
    error = refused(bench, "events", from_=1, to=1)
    assert error.name == "no_such_event"
    assert error.detail == {"oldest": reply["oldest"], "newest": reply["newest"]}
    error = refused(bench, "challenge", action="archive_events", through=1)
    assert error.name == "no_such_event"


def test_only_what_the_owner_named_is_let_go() -> None:
    bench = full_bench()
    through = newest_of(bench) // 2
    reply = bench.by_owner("archive_events", through=through)
    assert reply["oldest"] <= through + 1
    assert bench.all_events()[0]["number"] == reply["oldest"]


def archive_nothing_for_ever(bench: Bench) -> None:
    while True:
        bench.by_owner("archive_events", through=1)


def test_archive_that_frees_nothing_does_not_eat_the_reserve() -> None:
    bench = Bench(FakeCore(events=8)).set_up()
    with pytest.raises(WattsealError) as raised:
        archive_nothing_for_ever(bench)
    assert raised.value.name == "events_full"
    assert bench.module.events._log.free_sectors >= SPARE_FOR_OWNER
    bench.by_owner("archive_events", through=newest_of(bench))
    assert bench.call("status")["events"]["full"] is False


def test_log_filled_to_the_last_by_starts_can_still_be_archived() -> None:
    bench = full_bench()
    newest = -1
    while newest_of(bench) != newest:
        newest = newest_of(bench)
        bench.boot()
    assert bench.call("status")["state"] == "operational"
    bench.by_owner("archive_events", through=newest)
    assert bench.call("status")["events"]["full"] is False
    bench.boot()
    assert bench.event_names()[-1] == "started"


def test_log_is_archived_over_and_over() -> None:
    bench = Bench(FakeCore(events=8)).set_up()
    for _ in range(12):
        while bench.module.events.has_room():
            bench.module.log("filler", {"text": "x" * 700})
        bench.by_owner("archive_events", through=newest_of(bench))
        bench.boot()
    numbers = [event["number"] for event in bench.all_events()]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert numbers[0] > 100


def test_session_that_was_begun_can_be_ended_in_a_log_that_fills_meanwhile() -> None:
    bench = Bench(FakeCore(events=8)).set_up()
    bench.call("begin")
    while bench.module.events.has_room():
        bench.module.log("filler", {"text": "x" * (MAX_TEXT_BYTES - 100)})
    assert bench.call("end")["pagination"] == 2


def operations_of_an_archiving() -> int:
    bench = full_bench()
    signature = bench.ask_owner("archive_events", through=newest_of(bench))
    before = bench.core.operations
    bench.call("archive_events", signature=signature)
    return bench.core.operations - before


@pytest.mark.parametrize("how", ["before", "torn", "after"])
@pytest.mark.parametrize("cut", range(operations_of_an_archiving()))
def test_cut_archiving_loses_nothing_that_is_not_archived(cut: int, how: str) -> None:
    bench = full_bench(seed=cut)
    events = bench.all_events()
    through = newest_of(bench)
    signature = bench.ask_owner("archive_events", through=through)
    bench.core.cut_at, bench.core.cut_how = bench.core.operations + cut, how
    with pytest.raises(PowerCutError):
        bench.call("archive_events", signature=signature)
    bench.core.power_up()
    bench.boot()
    assert bench.call("status")["cause"] is None
    held = bench.all_events()
    oldest = held[0]["number"]
    assert held[: through - oldest + 1] == events[oldest - 1 :]
    is_told = "events_archived" in [event["event"] for event in held]
    assert is_told or oldest == 1
    bench.by_owner("archive_events", through=newest_of(bench))
    assert bench.call("status")["events"]["full"] is False


def test_rollover_in_a_full_log_is_still_told() -> None:
    bench = full_bench()
    bench.flash(SECOND_IMAGE).boot()
    check_one_key(bench, 2, SECOND_IMAGE)
    (item,) = bench.call("events", from_=newest_of(bench))["events"]
    assert json.loads(item["entry"])["event"] == "key_changed"
