"""The clock: set over the link, counted by the chip, honest about how far it can be trusted.

The synchronisation letters are those of OCMF 1.4.1, table 19.
"""

from wire.errors import WattsealError

SYNCHRONISED_FOR_MS = 24 * 3600 * 1000
"""So long a time set from a synchronised source counts as synchronised."""

_LETTERS = {"synchronised": "S", "informative": "I"}


class Clock:
    """Unix time in milliseconds from one setting and the port's ticks.

    `tick()` must run at least every 10 minutes, because the port's ticks wrap.
    """

    def __init__(self, ticks):
        self._ticks = ticks
        self._last_tick_ms = ticks.ticks_ms()
        self.uptime_ms = 0
        self._unix_ms_at_start: int | None = None  # unix time at uptime 0
        self._set_at_ms = 0
        self._source = ""
        self.utc_offset_min: int | None = None

    def tick(self) -> None:
        """Count the time that has passed since the last call."""
        now = self._ticks.ticks_ms()
        self.uptime_ms += self._ticks.ticks_diff(now, self._last_tick_ms)
        self._last_tick_ms = now

    @property
    def is_set(self) -> bool:
        """Whether the time was set since the start."""
        return self._unix_ms_at_start is not None

    def set(self, unix_ms: int, utc_offset_min: int, source: str) -> None:
        """Set the time; source "synchronised" or "informative"."""
        self.tick()
        self._unix_ms_at_start = unix_ms - self.uptime_ms
        self._set_at_ms = self.uptime_ms
        self._source = source
        self.utc_offset_min = utc_offset_min

    def now_ms(self) -> int:
        """Unix time in milliseconds; WattsealError `clock_not_set`."""
        if self._unix_ms_at_start is None:
            raise WattsealError("clock_not_set")
        self.tick()
        return self._unix_ms_at_start + self.uptime_ms

    def letter(self) -> str:
        """What a record made now may say of its time: U, I or S."""
        if not self.is_set:
            return "U"
        self.tick()
        if self.uptime_ms - self._set_at_ms > SYNCHRONISED_FOR_MS:
            return "I"
        return _LETTERS[self._source]

    def set_ago_s(self) -> int | None:
        """Seconds since the time was set; None if it was not."""
        if not self.is_set:
            return None
        self.tick()
        return (self.uptime_ms - self._set_at_ms) // 1000
