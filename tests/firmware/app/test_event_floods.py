"""What anybody at the link can provoke: it fills no log and stops no station."""

import random
from collections.abc import Callable

import pytest
from app.rations import DAY_MS
from support.app.bench import NOON, OWNER, VENDOR, Bench, offered
from support.app.core import SIGNING, FakeCore
from wire.errors import WattsealError
from wire.methods import METHODS

EVENTS = 16
"""Sectors of the log in these tests."""

ENTRY = 5
"""Index of the module's entry in its registry's log."""


def bench_of() -> Bench:
    return Bench(FakeCore(events=EVENTS)).set_up()


def attempt(bench: Bench, method: str, **params) -> str:
    """Name of the refusal, "" for none."""
    try:
        bench.call(method, **params)
    except WattsealError as problem:
        return problem.name
    return ""


def newest_of(bench: Bench) -> int:
    number: int = bench.call("status")["events"]["newest"]
    return number


# --- one command over and over -----------------------------------------------------------------


def set_time(bench: Bench, number: int) -> None:
    bench.set_time(NOON + number * 60_000)


def set_unsealed(bench: Bench, number: int) -> None:
    attempt(bench, "configure", controller_firmware=f"1.{number % 2}")


def release(bench: Bench, _: int) -> None:
    bench.call("begin")
    newest = bench.call("end")["pagination"]
    bench.call("release", through=newest)


def publish(bench: Bench, _: int) -> None:
    attempt(bench, "accept_publication", **bench.registry.proof(ENTRY))


def publish_newer(bench: Bench, _: int) -> None:
    bench.registry.entries.append("another's")
    attempt(bench, "accept_publication", **bench.registry.proof(ENTRY))


def check_update(bench: Bench, number: int) -> None:
    bench.call("check_update", **offered(bytes(31) + bytes([number % 2])))


def ask_for_boot_loader(bench: Bench, number: int) -> None:
    offer = offered(bytes(31) + bytes([number % 2]))
    assert attempt(bench, "enter_boot_loader", **offer) == "owner_needed"


def answer_wrongly(bench: Bench, _: int) -> None:
    bench.port.us += 3_600_000_000
    text = bench.call("challenge", action="unseal")["challenge"]
    wrong = VENDOR.sign(b"wattseal.owner.v1\n" + text.encode(), SIGNING).hex()
    assert attempt(bench, "unseal", signature=wrong) == "owner_refused"


def refuse(bench: Bench, number: int) -> None:
    assert attempt(bench, ("end", "intermediate", "seal")[number % 3])


def silence_meter(bench: Bench, number: int) -> None:
    bench.meter.is_silent = True
    assert attempt(bench, ("read_meter", "begin")[number % 2]) == "meter_no_reply"
    bench.meter.is_silent = False


FLOODS = [
    set_time,
    set_unsealed,
    release,
    publish,
    publish_newer,
    check_update,
    ask_for_boot_loader,
    answer_wrongly,
    refuse,
    silence_meter,
]


@pytest.mark.parametrize("flood", FLOODS, ids=lambda flood: flood.__name__)
def test_flood_of_one_command_leaves_a_few_events(
    flood: Callable[[Bench, int], None],
) -> None:
    bench = bench_of()
    before = newest_of(bench)
    count = 300
    for number in range(count):
        flood(bench, number)
    days = bench.port.us // 1000 // DAY_MS
    assert newest_of(bench) - before <= 4 + days
    assert bench.module.events.room_for_rationed()[0] > 0
    bench.call("begin")
    assert bench.call("end")


@pytest.mark.parametrize("flood", [set_unsealed, publish_newer, check_update])
def test_flood_of_what_is_stored_does_not_wear_out_the_flash(
    flood: Callable[[Bench, int], None],
) -> None:
    bench = bench_of()
    before = bench.core.operations
    for number in range(300):
        flood(bench, number)
    assert bench.core.operations - before < 250
    assert bench.call("begin")


def test_too_often_says_how_long_to_wait() -> None:
    bench = bench_of()
    for number in range(16):
        bench.call("configure", controller_firmware=str(number))
    with pytest.raises(WattsealError) as raised:
        bench.call("configure", controller_firmware="17")
    assert raised.value.name == "too_often"
    assert 3590 <= raised.value.detail["wait_s"] <= 3600
    bench.port.us += raised.value.detail["wait_s"] * 1_000_000
    bench.call("configure", controller_firmware="17")
    assert bench.call("configure")["settings"]["controller_firmware"] == "17"


def test_nothing_that_changes_nothing_is_logged() -> None:
    bench = bench_of()
    bench.call("configure", controller_firmware="1")
    before = bench.core.snapshot()
    for _ in range(3):
        bench.call("configure", controller_firmware="1")
        bench.set_time(bench.call("status")["clock"]["unix_ms"])
        publish(bench, 0)
        check_update(bench, 0)
    assert bench.core.snapshot() == before
    bench.call("begin")
    through = bench.call("end")["pagination"]
    before = bench.core.snapshot()
    bench.call("release", through=through)  # they share the newest sector: nothing is freed
    assert bench.core.snapshot() == before


# --- what is told of it ------------------------------------------------------------------------


def test_what_was_not_logged_is_counted_with_its_first_and_last_values() -> None:
    bench = bench_of()
    bench.boot()
    for number in range(10):
        bench.set_time(NOON + number * 60_000)
    names = bench.event_names()
    assert names[-3:] == ["started", "time_set", "time_set"]
    bench.idle_days(1)
    newest = bench.all_events()[-1]
    assert newest["event"] == "time_set"
    assert newest["detail"]["new"] == NOON + 9 * 60_000
    assert newest["detail"]["unlogged_before"] == 7
    assert newest["detail"]["first_unlogged"]["new"] == NOON + 2 * 60_000
    bench.idle_days(9)
    assert bench.all_events()[-1] == newest


def test_owners_action_is_told_after_what_was_kept() -> None:
    bench = bench_of()
    for _ in range(200):
        release(bench, 0)
    assert "records_released" not in bench.event_names()
    bench.by_owner("unseal")
    kept, newest = bench.all_events()[-2:]
    assert (kept["event"], newest["event"]) == ("records_released", "unsealed")
    assert kept["detail"]["through"] > 390
    assert kept["detail"]["unlogged_before"] > 10
    assert kept["detail"]["oldest_record"] == bench.call("status")["journal"]["oldest"]


def test_start_tells_which_records_are_held() -> None:
    bench = bench_of()
    for _ in range(200):
        release(bench, 0)
    journal = bench.boot().call("status")["journal"]
    started = bench.all_events()[-1]
    assert started["event"] == "started"
    assert started["detail"]["oldest_record"] == journal["oldest"] > 1
    assert started["detail"]["newest_record"] == journal["newest"]


def test_long_details_take_little_memory_and_still_fit_an_event() -> None:
    bench = bench_of()
    for number in range(5):
        assert attempt(bench, "release", through=10**15 + number)
        line = {"baud": 9600, "parity": "x" * 3000, "stop_bits": 1}
        assert attempt(bench, "configure", line=line) == "invalid_params"
        for letter in ("\u00fc", "u"):
            cause = WattsealError("update_refused", cause=letter * 3000)
            assert bench.module.refuse("begin", cause) is cause
    for ration in bench.module._rations._all.values():
        assert len(str(ration.first)) + len(str(ration.newest)) < 1600
    bench.idle_days(1)
    assert bench.all_events()[-1]["detail"]["unlogged_before"] > 1


# --- with the power in hand ---------------------------------------------------------------------


STORING = (set_time, set_unsealed, publish_newer)


def flood_everything(bench: Bench) -> None:
    for flood in (*STORING, check_update, ask_for_boot_loader, refuse, silence_meter):
        for number in range(3):
            flood(bench, number)


def test_restarts_renew_rations_but_never_the_room() -> None:
    bench = bench_of()
    numbers = []
    for _ in range(150):
        bench.boot()
        flood_everything(bench)
        numbers.append(newest_of(bench))
    assert len(set(numbers[-20:])) == 1, "the log still grows"
    assert bench.module.events.has_room()
    for _ in range(2):
        bench.by_owner("unseal")
        bench.call("seal")
    bench.call("begin")
    bench.call("end")
    names = [event["event"] for event in bench.all_events()[-5:]]
    assert names.count("unsealed") == names.count("sealed") == 2


def test_starts_alone_leave_the_owners_reserve() -> None:
    bench = bench_of()
    for _ in range(16 * 15):
        bench.boot()
        bench.set_time()
    assert bench.call("status")["events"]["full"] is False
    assert bench.module.events._log.free_sectors >= bench.module.events.spare_of_starts
    bench.call("begin")
    bench.call("end")


def test_in_a_log_that_was_used_up_by_others_a_module_that_runs_on_still_tells() -> None:
    bench = bench_of()
    bench.port.us += 3600 * 1_000_000
    while bench.module.events.room_for_rationed()[0] > 1:
        bench.module.log_rationed("filler", {}, f"of {newest_of(bench)}")
    bench.boot()
    bench.set_time()  # nothing at once, by now
    assert bench.event_names()[-1] == "started"
    bench.idle_days(2)
    assert bench.event_names()[-1] == "time_set"


# --- a stranger with the link -------------------------------------------------------------------


class Stranger:
    """Sends every method in every order, with params that are right, old, others' or nonsense."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self.bench = bench
        self.chance = random.Random(seed)
        self.sent: dict[str, int] = {}
        proof = bench.registry.proof(ENTRY)
        self.params: dict[str, Callable[[], dict]] = {
            "configure": self._configure,
            "set_time": self._time,
            "begin": lambda: self.chance.choice([{}, {"id_tag": "AB" * 4, "id_type": "ISO14443"}]),
            "end": lambda: self.chance.choice([{}, {"reason": "A"}]),
            "records": lambda: {"from": self._pagination()},
            "release": lambda: {"through": self._pagination()},
            "events": lambda: {"from": self.chance.randrange(1, 500)},
            "challenge": lambda: {"action": self.chance.choice(["unseal", "decommission"])},
            "unseal": self._wrong_answer,
            "decommission": self._wrong_answer,
            "archive_events": self._wrong_answer,
            "prove": lambda: {"challenge": "ab" * 16},
            "event_head": lambda: {"challenge": "cd" * 16},
            "accept_publication": lambda: proof,
            "check_update": lambda: {"manifest": "{}", "vendor_signature": "00" * 40},
            "enter_boot_loader": lambda: offered(bytes(32)),
            "cancel_update": self._wrong_answer,
        }

    def send(self, methods: tuple[str, ...]) -> None:
        method = self.chance.choice(methods)
        params = self.params.get(method, dict)()
        if self.chance.random() < 0.02:
            params["nonsense"] = 1
        if self.chance.random() < 0.05:
            self.bench.port.us += self.chance.randrange(60_000_000)
        self.bench.meter.is_silent = self.chance.random() < 0.05
        self.bench.meter.energy_wh += self.chance.randrange(2)
        attempt(self.bench, method, **params)
        self.sent[method] = self.sent.get(method, 0) + 1

    def _pagination(self) -> int:
        newest = self.bench.module.journal.state.pagination
        return max(1, newest + self.chance.randrange(-3, 3))

    def _configure(self) -> dict:
        return self.chance.choice(
            [{}, {"controller_firmware": str(self.chance.random())[:8]}, {"gateway_id": "mine"}]
        )

    def _time(self) -> dict:
        now = self.bench.module.clock.unix_ms_or_none() or NOON
        return {
            "unix_ms": now + self.chance.choice([0, 30_000, 90_000, -30_000]),
            "utc_offset_min": self.chance.choice([0, 60]),
            "source": self.chance.choice(["synchronised", "informative"]),
        }

    def _wrong_answer(self) -> dict:
        return {"signature": OWNER.sign(b"wattseal.owner.v1\nold", SIGNING).hex()}


METHODS_OF_A_STRANGER = tuple(row[0] for row in METHODS)


def run_the_station(bench: Bench) -> None:
    """What the station's controller does, with no owner at hand."""
    bench.meter.is_silent = False
    if bench.call("status")["session"]:
        bench.call("end")
    if attempt(bench, "begin") == "journal_full":
        bench.call("release", through=bench.call("status")["journal"]["newest"])
        bench.call("begin")
    assert bench.call("end")["record"]


def test_stranger_with_the_link_sends_every_method_in_every_order() -> None:
    bench = bench_of()
    stranger = Stranger(bench, seed=15)
    before = newest_of(bench)
    for number in range(100_000):
        stranger.send(METHODS_OF_A_STRANGER)
        if number % 10_000 == 0:
            run_the_station(bench)
    assert set(stranger.sent) == set(METHODS_OF_A_STRANGER)
    run_the_station(bench)
    assert bench.call("status")["events"]["full"] is False
    assert bench.module.events.room_for_rationed()[0] > 0
    days = 1 + bench.port.us // 1000 // DAY_MS
    assert newest_of(bench) - before < 6 * (4 + days)
    assert bench.by_owner("unseal") == {"sealed": False}
    assert bench.boot().call("status")["cause"] is None
