"""The power fails at every flash operation of a module's life so far; every state is booted.

From first boot over settings, sessions and a release: whatever was acknowledged is there
afterwards, no pagination has two contents, and a session that was open is ended with TX P.
"""

import pytest
from support.app.bench import NOON, SETTINGS, Bench, payload_of, reading_of, verify
from support.app.core import FakeCore
from support.app.flash import PowerCutError

HOUR_MS = 3_600_000


class Life:
    """A scenario, and what the host was told in it."""

    def __init__(self, seed: int) -> None:
        self.bench = Bench(FakeCore(seed=seed, journal=7))
        self.told: dict[int, str] = {}
        self.released_through = 0
        self.settings: dict = {}
        self.key: str | None = None

    def live(self) -> None:
        bench = self.bench.boot()
        self.key = bench.call("public_key")["public_key"]
        bench.call("configure", **SETTINGS)
        self.settings = dict(SETTINGS)
        bench.set_time()
        bench.commission()
        self.session(intermediate=True)
        self.session(intermediate=False)
        self.released_through = 4  # from here on, because the answer may not arrive
        bench.call("release", through=4)
        bench.boot()
        bench.set_time(NOON + HOUR_MS)
        self.session(intermediate=False)

    def session(self, intermediate: bool) -> None:
        bench = self.bench
        self.note(bench.call("begin", id_tag="TAG", tariff_text="T" * 100))
        bench.meter.energy_wh += 700
        bench.idle(2)
        if intermediate:
            self.note(bench.call("intermediate"))
        bench.meter.energy_wh += 700
        self.note(bench.call("end"))
        bench.idle(2)

    def note(self, reply: dict) -> None:
        self.told[reply["pagination"]] = reply["record"]

    def check_after_boot(self) -> dict[int, str]:
        bench = self.bench
        status = bench.call("status")
        assert status["state"] in ("unregistered", "operational")
        assert status["session"] is None
        public_key = bench.call("public_key")["public_key"]
        assert self.key in (None, public_key)
        settings = bench.call("configure")["settings"]
        assert settings in (self.settings, SETTINGS)
        records = bench.all_records()
        self.check_records(records, public_key)
        events = bench.event_names()
        assert events.count("key_made") == 1
        if settings:
            assert "configured" in events
        return records

    def check_records(self, records: dict[int, str], public_key: str) -> None:
        for pagination, record in self.told.items():
            if pagination > self.released_through or pagination in records:
                assert records[pagination] == record
        newest = max(records, default=0)
        assert newest - max(self.told, default=0) in (0, 1, 2)  # one cut unseen, and its TX P
        assert list(records) == list(range(min(records, default=1), newest + 1))
        is_open = False
        for pagination, record in records.items():
            verify(record, public_key)
            assert payload_of(record)["PG"] == f"T{pagination}"
            reason = reading_of(record)["TX"]
            assert pagination == min(records) or is_open == (reason != "B")
            is_open = reason in ("B", "C")
        assert not is_open


def operations_of_a_life() -> int:
    life = Life(seed=0)
    life.live()
    return life.bench.core.operations


OPERATIONS = operations_of_a_life()


def cut_life(cut_at: int, how: str) -> Life:
    life = Life(seed=cut_at)
    life.bench.core.cut_at, life.bench.core.cut_how = cut_at, how
    with pytest.raises(PowerCutError):
        life.live()
    life.bench.core.power_up()
    return life


def test_life_takes_as_many_operations_as_are_worth_cutting() -> None:
    assert OPERATIONS > 40


@pytest.mark.parametrize("how", ["before", "torn", "marginal", "after"])
@pytest.mark.parametrize("cut_at", range(OPERATIONS))
def test_cut_anywhere_leaves_everything_that_was_told(cut_at: int, how: str) -> None:
    life = cut_life(cut_at, how)
    life.bench.boot()
    before = life.check_after_boot()
    bench = life.bench
    bench.set_time(NOON + 2 * HOUR_MS)
    bench.commission()
    begun = bench.call("begin", id_tag="NEXT")
    life.note(begun)
    life.note(bench.call("end"))
    assert begun["pagination"] == max(before, default=0) + 1
    for _ in range(3 if how == "marginal" else 1):
        after = bench.all_records()
        assert {number: after[number] for number in before} == before
        assert list(after)[-2:] == [begun["pagination"], begun["pagination"] + 1]
        life.settings = bench.call("configure")["settings"]
        bench.core.power_up()
        bench.boot()
        life.check_after_boot()


@pytest.mark.parametrize("second_cut", range(12))
def test_cut_during_the_recovery_of_a_cut_session(second_cut: int) -> None:
    """The session is open at the first cut; the boot that would end it is cut too."""
    life = Life(seed=second_cut)
    bench = life.bench.boot()
    life.key = bench.call("public_key")["public_key"]
    bench.call("configure", **SETTINGS)
    life.settings = dict(SETTINGS)
    bench.set_time()
    bench.commission()
    life.note(bench.call("begin", id_tag="TAG"))
    for how in ("torn", "before", "after", "torn"):
        bench.core.cut_at = bench.core.operations + second_cut
        bench.core.cut_how = how
        try:
            bench.boot()
        except PowerCutError:
            bench.core.power_up()
    bench.core.power_up()
    bench.boot()
    records = life.check_after_boot()
    assert [reading_of(record)["TX"] for record in records.values()] == ["B", "P"]


def test_silent_meter_after_a_cut_delays_the_end_and_changes_nothing_else() -> None:
    life = Life(seed=1)
    bench = life.bench.boot()
    bench.call("configure", **SETTINGS)
    life.settings = dict(SETTINGS)
    bench.set_time()
    bench.commission()
    life.note(bench.call("begin", id_tag="TAG"))
    bench.meter.is_silent = True
    for _ in range(5):
        bench.boot()
        bench.idle(60)
        assert list(bench.all_records()) == [1]
    bench.meter.is_silent = False
    bench.boot()
    assert len(life.check_after_boot()) == 2
