"""Ten years of ordinary use fit the event log of every board, with room for what is not ordinary.

Ordinary is, for a station with ten sessions a day: the clock set each morning and after each start;
a release each day; a power cut each week, each fourth of them in a session; a fault of the meter
and a refusal each month; new firmware of the charge controller twice a year; the owner twice a
year, who changes a setting and has the key published again; a firmware update each year.
"""

import tomllib
from collections import Counter
from pathlib import Path

import pytest
from support.app.bench import NOON, Bench
from support.app.core import FakeCore
from wire.errors import WattsealError

ROOT = Path(__file__).resolve().parents[3]
BOARDS = ("rp2040", "unix")
YEARS = 10
DAY_MS = 24 * 3600 * 1000
LEAST_JOURNAL = 167
LEAST_IMAGE_BYTES = 448 * 1024


def flash_of(board: str) -> dict:
    facts: dict = tomllib.loads((ROOT / "boards" / board / "board.toml").read_text())["flash"]
    return facts


EVENT_SECTORS = flash_of(BOARDS[0])["areas"]["events"]["sectors"]


@pytest.mark.parametrize("board", BOARDS)
def test_every_board_has_this_room_and_no_less_for_records_and_image(board: str) -> None:
    flash = flash_of(board)
    assert flash["areas"]["events"]["sectors"] == EVENT_SECTORS
    assert flash["areas"]["journal"]["sectors"] >= LEAST_JOURNAL
    assert not flash["image_limit_bytes"] or flash["image_limit_bytes"] >= LEAST_IMAGE_BYTES


class Station:
    """A station in ordinary use; `starts` counts its starts.

    One session a day stands for ten: none of them makes an event.
    """

    def __init__(self) -> None:
        core = FakeCore(events=EVENT_SECTORS, journal=LEAST_JOURNAL, statements=16)
        self.bench = Bench(core).set_up()
        self.entry = len(self.bench.registry.entries) - 2
        self.starts = 1
        self.unix_ms = NOON

    def day(self, number: int) -> None:
        """One day, from morning to morning."""
        bench = self.bench
        bench.set_time(self.unix_ms + 2000 * (number % 2))  # of another server each time
        bench.call("begin")
        bench.call("release", through=bench.call("end")["pagination"])
        if number % 30 == 10:
            bench.meter.is_silent = True
            self._refused("begin", 3)
            bench.meter.is_silent = False
            self._refused("end", 1)
        if number % 7 == 5:
            self._cut(in_session=number // 7 % 4 == 0)
        if number % 182 == 100:
            bench.call("configure", controller_firmware=f"1.{number}")
            bench.reconfigure(gateway_id=f"Station {number}")
        if number % 365 == 300:
            self._update(number)
        bench.port.us += DAY_MS * 1000
        bench.server.serve_once()
        self.unix_ms += DAY_MS

    def _refused(self, method: str, times: int) -> None:
        for _ in range(times):
            with pytest.raises(WattsealError):
                self.bench.call(method)

    def _cut(self, *, in_session: bool = False) -> None:
        if in_session:
            self.bench.call("begin")
        self.bench.boot()
        self.starts += 1
        self.unix_ms += 60_000
        self.bench.set_time(self.unix_ms)

    def _update(self, number: int) -> None:
        image = number.to_bytes(32, "big")
        self.bench.let_update(image)
        self.bench.flash(image)
        self._cut()
        self.bench.publish()


def test_ten_years_fit_the_event_log_and_leave_nothing_untold() -> None:
    station = Station()
    for number in range(YEARS * 365):
        station.day(number)
    log = station.bench.module.events
    events = station.bench.all_events()
    found = Counter(event["event"] for event in events)
    pages = EVENT_SECTORS * 15 - log.free_bytes // 256
    print(f"{len(events) / YEARS:.0f} events and {pages / YEARS:.0f} pages a year:", dict(found))
    assert found["started"] == station.starts
    assert found["time_set"] == station.starts + 1  # at the first one before the seal and after it
    assert found["session_recovered"] == (YEARS * 365 // 7 + 3) // 4
    assert found["unsealed"] == 2 * YEARS
    assert found["key_changed"] == YEARS
    months = YEARS * 365 // 30 + 1
    assert found["refused"] == months
    faults = [event["detail"] for event in events if event["event"] == "meter_fault"]
    assert months <= len(faults) <= 2 * months  # the first at once, its repetitions as one
    counted = len(faults) + sum(detail.get("unlogged_before", 0) for detail in faults)
    assert 2.5 * months < counted <= 3 * months, "those that a power cut followed are lost"
    assert log.room_for_rationed()[0] * 10 > log.room_for_rationed()[1], "a tenth is to be left"
    assert station.bench.call("status")["events"]["full"] is False
    station.bench.call("begin")
