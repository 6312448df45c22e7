"""The module's clock: a time once set, carried on by the monotonic ticks.

There is no battery: after every start the clock is unset. Its status is a letter of OCMF table 19.
"""

from wire.shapes import Ticks

SYNCHRONISED_FOR_MS = 24 * 3600 * 1000
"""After so long without set_time a synchronised clock is only informative: an ordinary crystal
may then be seconds off."""


class Clock:
    """Unix time in milliseconds; `utc_offset_min` is local time minus UTC, as records show it.

    `uptime_ms` has to be called at least once a day, because the port's ticks wrap around.
    """

    def __init__(self, ticks: Ticks) -> None:
        self._ticks = ticks
        self._last_ticks = ticks.ticks_ms()
        self._uptime_ms = 0
        self._set_at_ms = 0
        self._unix_ms_at_start = 0
        self._synchronised = False
        self.is_set = False
        self.utc_offset_min = 0

    def uptime_ms(self) -> int:
        """Return milliseconds since the start."""
        now = self._ticks.ticks_ms()
        self._uptime_ms += self._ticks.ticks_diff(now, self._last_ticks)
        self._last_ticks = now
        return self._uptime_ms

    def unix_ms(self) -> int:
        """Return milliseconds since 1970 in UTC; only when `is_set`."""
        return self._unix_ms_at_start + self.uptime_ms()

    def unix_ms_or_none(self) -> int | None:
        """Return the same, None while not set."""
        return self.unix_ms() if self.is_set else None

    def set(self, unix_ms: int, utc_offset_min: int, synchronised: bool) -> None:
        """Set the clock."""
        self._set_at_ms = self.uptime_ms()
        self._unix_ms_at_start = unix_ms - self._set_at_ms
        self._synchronised = synchronised
        self.utc_offset_min = utc_offset_min
        self.is_set = True

    def set_ago_ms(self) -> int:
        """Return milliseconds since it was set; only when `is_set`."""
        return self.uptime_ms() - self._set_at_ms

    def status(self) -> str:
        """Return the status now: U unknown, I informative, S synchronised."""
        if not self.is_set:
            return "U"
        if self._synchronised and self.set_ago_ms() < SYNCHRONISED_FOR_MS:
            return "S"
        return "I"

    def status_after(self, status_at_begin: str) -> str:
        """Return the status of a later reading of a session.

        R after I: the interval is measured by our own ticks (OCMF table 19, and verifiers require
        that status at the end). Otherwise the status now.
        """
        return "R" if status_at_begin == "I" else self.status()
