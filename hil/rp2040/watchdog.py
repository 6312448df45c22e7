"""The watchdog: it bites when it was not fed, and remembers for the next start that it did.

RP2040 datasheet, section 4.7, and erratum RP2040-E1: the counter goes down twice at each tick, so
that the longest load lasts 8.3 s. A reset by the watchdog, or through it, leaves the scratch
registers and REASON as they are and the counter stopped; at power-on all of them are zero.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from rp2040py.peripherals.watchdog import CTRL, LOAD, TICK, TICK_ENABLE, RPWatchdog
from rp2040py.rp2040 import RP2040

from hil.rp2040.clocks import CRYSTAL_HZ

ENABLE = 1 << 30
COUNTS_PER_TICK = 2
LOAD_BITS = 0xFFFFFF
CYCLES_BITS = 0x1FF


class Watchdog(RPWatchdog):
    """rp2040py's watchdog, with ticks of the length that the firmware chose.

    `longest_hunger_ns` is the longest that the enabled watchdog went without being fed.
    """

    def __init__(self, chip: RP2040, name: str) -> None:
        super().__init__(chip, name)
        self.longest_hunger_ns = 0
        self._fed_at_ns: int | None = None

    @property
    def enabled(self) -> bool:
        """Whether it will bite if it is not fed."""
        return bool(self.timer.enable)

    def stop(self) -> None:
        """Stand still, as after a reset; what the registers remember stays."""
        self._note_hunger()
        self._fed_at_ns = None
        self._enable = self.timer.enable = self.alarm.enable = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let time pass that the watchdog does not count, in leaps that no real module does."""
        counts = self.enabled
        start_ns = int(self.rp2040.clock.nanos)
        self.timer.enable = self.alarm.enable = False
        yield
        self.timer.enable = self.alarm.enable = counts
        if self._fed_at_ns is not None:
            self._fed_at_ns += int(self.rp2040.clock.nanos) - start_ns

    def write_uint32(self, offset: int, value: int) -> None:
        """Write a register."""
        if offset == TICK:
            cycles = value & CYCLES_BITS
            if value & TICK_ENABLE and cycles:
                self.timer.frequency = COUNTS_PER_TICK * CRYSTAL_HZ // cycles
        super().write_uint32(offset, value & LOAD_BITS if offset == LOAD else value)
        if offset in (LOAD, CTRL):
            self._note_hunger()
            self._fed_at_ns = int(self.rp2040.clock.nanos) if self.enabled else None

    def _note_hunger(self) -> None:
        if self._fed_at_ns is not None:
            hunger_ns = int(self.rp2040.clock.nanos) - self._fed_at_ns
            self.longest_hunger_ns = max(self.longest_hunger_ns, hunger_ns)
