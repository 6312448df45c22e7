"""The clock on ticks that wrap: time, status letters, and what they become."""

from app.clock import SYNCHRONISED_FOR_MS, Clock
from support.app.port import TICKS_PERIOD, FakePort

HOUR_US = 3600 * 1_000_000


def make() -> tuple[Clock, FakePort]:
    port = FakePort(lambda _: None)  # type: ignore[arg-type, return-value]
    return Clock(port), port


def test_unset_clock_has_status_u() -> None:
    clock, _ = make()
    assert not clock.is_set
    assert clock.status() == "U"


def test_time_goes_on_with_the_ticks_and_over_their_wrap() -> None:
    clock, port = make()
    clock.set(1_780_000_000_000, 60, synchronised=True)
    for day in range(1, 40):  # the ticks wrap every twelve days
        for _ in range(2):
            port.us += 12 * HOUR_US
            clock.uptime_ms()
        assert clock.unix_ms() == 1_780_000_000_000 + day * 24 * 3600 * 1000
    assert clock.uptime_ms() > 2 * TICKS_PERIOD


def test_synchronised_time_becomes_informative_after_a_day() -> None:
    clock, port = make()
    clock.set(0, 0, synchronised=True)
    port.us += (SYNCHRONISED_FOR_MS - 1) * 1000
    assert clock.status() == "S"
    port.us += 1000
    assert clock.status() == "I"
    clock.set(0, 0, synchronised=True)
    assert clock.status() == "S"


def test_informative_time_is_informative_at_once() -> None:
    clock, _ = make()
    clock.set(0, 0, synchronised=False)
    assert clock.status() == "I"


def test_status_of_a_later_reading() -> None:
    clock, port = make()
    clock.set(0, 0, synchronised=True)
    assert clock.status_after("S") == "S"
    port.us += SYNCHRONISED_FOR_MS * 1000
    assert clock.status_after("S") == "I"
    assert clock.status_after("I") == "R"
