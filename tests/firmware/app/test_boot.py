"""Boot: first key, faults and their causes, what stays possible in a fault."""

import pytest
from app.boot import MAX_BITES
from support.app.bench import NOON, Bench
from support.app.core import AREA_KEYS, FIRST_IMAGE, SLOTS, FakeCore
from support.app.flash import PAGE_BYTES, SECTOR_BYTES, PowerCutError
from wire.errors import WattsealError

AREAS = {
    "settings": FakeCore.AREA_SETTINGS,
    "statements": FakeCore.AREA_STATEMENTS,
    "events": FakeCore.AREA_EVENTS,
    "journal": FakeCore.AREA_JOURNAL,
}
LATER = {"unix_ms": NOON + 3_600_000, "utc_offset_min": 0, "source": "informative"}


def test_first_boot_makes_a_key_and_tells_of_it() -> None:
    bench = Bench().boot()
    status = bench.call("status")
    assert (status["state"], status["key_number"], status["cause"]) == ("unregistered", 1, None)
    started, made = bench.all_events()
    assert (started["event"], made["event"]) == ("started", "key_made")
    public_key = bytes.fromhex(bench.call("public_key")["public_key"])
    assert made["detail"]["sha256"] == bench.core.sha256(public_key).hex()


def test_key_stays_the_same() -> None:
    bench = Bench().boot()
    first = bench.call("public_key")
    bench.boot()
    assert bench.call("public_key") == first
    assert bench.event_names() == ["started", "key_made", "started"]


def test_bad_noise_stops_no_module_that_has_its_key_and_the_log_tells() -> None:
    bench = Bench()
    bench.core.hedges = True
    bench.boot()
    bench.core.entropy_fails = True
    bench.boot()
    assert bench.call("status")["state"] == "unregistered"
    bench.call("event_head", challenge="ab" * 16)
    assert bench.core.signed_hedged == [True, False]
    told = [
        event["detail"]["hedged"] for event in bench.all_events() if "hedged" in event["detail"]
    ]
    assert told == [True, False]


def test_nothing_is_signed_before_nonces_are_hedged() -> None:
    """The first signature, by a new key; then the first of the start after it."""
    bench = Bench()
    bench.core.hedges = True
    bench.boot()
    assert bench.core.signed_hedged == [True]
    bench.core.image = bytes(32)  # another image: the roll-over is signed twice
    bench.core.power_up()
    bench.boot()
    assert bench.core.signed_hedged == [True] * 3


@pytest.mark.parametrize("how", ["before", "torn", "after"])
def test_first_boot_cut_at_every_operation_ends_in_one_key(how: str) -> None:
    operations = Bench().boot().core.operations
    for cut_at in range(operations):
        bench = Bench(FakeCore(seed=cut_at))
        bench.core.cut_at, bench.core.cut_how = cut_at, how
        with pytest.raises(PowerCutError):
            bench.boot()
        bench.core.power_up()
        bench.boot()
        assert bench.call("status")["state"] == "unregistered"
        (birth,) = bench.statements()
        events = bench.all_events()
        made = [event for event in events if event["event"] == "key_made"]
        assert len(made) == 1
        public_key = bytes.fromhex(bench.call("public_key")["public_key"])
        assert made[0]["detail"]["sha256"] == bench.core.sha256(public_key).hex()
        assert (birth["type"], birth["public_key"]) == ("birth", public_key.hex())
        assert bench.core.key_slots() == (0, ((1, FIRST_IMAGE),))


def test_torn_first_key_is_discarded_and_made_anew() -> None:
    bench = Bench()
    bench.core.cut_at, bench.core.cut_how = 5, "before"  # between the two pages of the key
    with pytest.raises(PowerCutError):
        bench.boot()
    assert bench.core.content[AREA_KEYS][0] != 0xFF
    bench.core.power_up()
    bench.boot()
    assert bench.event_names() == ["started", "started", "key_discarded", "key_made"]


def fault_of(bench: Bench) -> dict:
    status = bench.boot().call("status")
    assert status["state"] == "fault"
    cause: dict = status["cause"]
    for method in ("begin", "configure", "set_time", "release"):
        params = {
            "release": {"through": 1},
            "set_time": {"unix_ms": 1780000000000, "utc_offset_min": 0, "source": "informative"},
        }.get(method, {})
        with pytest.raises(WattsealError) as raised:
            bench.call(method, **params)
        assert raised.value.name == "fault"
        assert raised.value.detail == {"cause": cause["name"]}
    return cause


def worn_bench() -> Bench:
    """A module that has done a session."""
    bench = Bench().set_up()
    bench.call("begin")
    bench.call("end")
    return bench


def test_lost_key_is_a_fault_and_no_second_key_is_made() -> None:
    bench = worn_bench()
    bench.core.content[AREA_KEYS][:] = b"\xff" * SECTOR_BYTES * SLOTS
    assert fault_of(bench)["name"] == "key_lost"
    assert bench.core.key_slots() == (0, ())
    assert len(bench.all_records()) == 2
    assert "fault" in bench.event_names()
    with pytest.raises(WattsealError) as raised:
        bench.call("public_key")
    assert raised.value.name == "key_lost"


def test_decayed_key_is_a_fault_and_is_not_discarded() -> None:
    bench = worn_bench()
    bench.core.flip_bit(AREA_KEYS, 10)
    assert fault_of(bench)["name"] == "key_broken"
    assert bench.core.key_slots() == (1, ())


def test_key_of_another_number_is_not_the_announced_one() -> None:
    bench = worn_bench()
    bench.core.content[AREA_KEYS][:] = b"\xff" * SECTOR_BYTES * SLOTS
    bench.core.key_create(2)
    assert fault_of(bench)["name"] == "key_lost"
    assert bench.core.key_slots() == (0, ((2, FIRST_IMAGE),))


def test_failed_self_test_is_a_fault_that_goes_with_the_next_good_start() -> None:
    bench = worn_bench()
    bench.core.failing_tests = ("sha256",)
    cause = fault_of(bench)
    assert (cause["name"], cause["detail"]) == ("self_test_failed", {"failed": ["sha256"]})
    assert len(bench.all_records()) == 2
    assert bench.call("public_key")["key_number"] == 1
    bench.core.failing_tests = ()
    assert bench.boot().call("status")["state"] == "operational"


def test_failing_self_test_on_demand_stops_the_signing() -> None:
    bench = worn_bench()
    assert bench.call("self_test") == {"passed": True, "failed": []}
    bench.core.failing_tests = ("sign", "crc")
    assert bench.call("self_test") == {"passed": False, "failed": ["sign", "crc"]}
    assert bench.call("status")["cause"]["name"] == "self_test_failed"


def test_failing_noise_source_makes_no_key() -> None:
    bench = Bench()
    bench.core.entropy_fails = True
    assert fault_of(bench)["name"] == "entropy_failed"
    bench.core.entropy_fails = False
    assert bench.boot().call("status")["state"] == "unregistered"


@pytest.mark.parametrize(
    ("area", "where", "listing"),
    [
        (FakeCore.AREA_SETTINGS, "settings", None),
        (FakeCore.AREA_STATEMENTS, "statements", "statements"),
        (FakeCore.AREA_EVENTS, "events", "events"),
        (FakeCore.AREA_JOURNAL, "journal", "records"),
    ],
)
def test_decayed_storage_is_a_fault_and_not_empty(area: int, where: str, listing: str) -> None:
    bench = worn_bench()
    bench.core.flip_bit(area, PAGE_BYTES + 30)
    cause = fault_of(bench)
    assert (cause["name"], cause["detail"]["where"]) == ("storage_broken", where)
    if listing:
        with pytest.raises(WattsealError) as raised:
            bench.call(listing)
        assert raised.value.name == "storage_broken"


@pytest.mark.parametrize("where", ["journal", "events", "statements"])
def test_erased_log_is_a_fault_because_the_other_one_remembers(where: str) -> None:
    bench = worn_bench()
    area = AREAS[where]
    bench.boot()  # the start tells the event log how far the journal was
    bench.core.content[area][:] = b"\xff" * len(bench.core.content[area])
    cause = fault_of(bench)
    assert (cause["name"], cause["detail"]["where"]) == ("storage_broken", where)


@pytest.mark.parametrize("where", AREAS)
def test_area_full_of_something_else_is_a_fault(where: str) -> None:
    bench = Bench()
    area = AREAS[where]
    bench.core.content[area][:] = bytes(len(bench.core.content[area]))
    assert fault_of(bench)["detail"]["where"] == where


def test_flash_that_cannot_be_read_still_leaves_a_module_that_says_so() -> None:
    bench = worn_bench()
    bench.core.unreadable = True
    assert fault_of(bench)["name"] == "storage_broken"


def test_full_event_log_blocks_sessions_but_not_the_start() -> None:
    bench = Bench(FakeCore(events=6))
    bench.set_up()
    module = bench.module
    while module.events.has_room():
        module.log("filler", {"text": "x" * 1500})
    with pytest.raises(WattsealError) as raised:
        bench.call("begin")
    assert raised.value.name == "events_full"
    newest = bench.all_events()[-1]["number"]
    for _ in range(40):
        assert bench.boot().call("status")["state"] == "operational"
        bench.call("set_time", **LATER)
    assert len(bench.all_events()) == newest  # the room left is the owner's


def test_a_module_that_is_bitten_again_and_again_answers_and_tries_nothing_more() -> None:
    bench = Bench().set_up()
    bench.call("begin", id_type="NONE")
    for bites in (1, 2, 3, 4):
        bench.core.power_up()
        bench.restart(bites)
        status = bench.call("status")
        assert (status["state"] == "fault") == (bites >= MAX_BITES)
    assert status["cause"]["name"] == "watchdog_bites"
    assert status["cause"]["detail"] == {"bites": 4}
    assert len(bench.all_records()) == 2  # the cut session was ended at the first of these starts
    assert bench.event_names()[-1] == "fault"


def test_bites_are_forgotten_once_the_module_has_run_for_a_minute() -> None:
    bench = Bench().set_up()
    bench.restart(bites=2)
    bench.idle(50)
    assert bench.port.bite_count == 2
    bench.idle(20)
    assert bench.port.bite_count == 0
    assert bench.all_events()[-1]["detail"]["reset_cause"] == "watchdog"
    bench.restart(bites=3)
    bench.idle(70)
    assert bench.port.bite_count == 0
    assert bench.call("status")["state"] == "fault"


def test_every_step_of_a_start_and_every_request_feeds_the_watchdog() -> None:
    bench = Bench().boot()
    at_start = bench.port.feedings
    assert at_start >= 8
    bench.call("hello")
    assert bench.port.feedings > at_start + 1
