"""Rations: how often something that needs no owner may be logged, or stored.

Each kind of event has its ration: some at once, one more after each interval. What comes beyond it
is counted, and the first and the newest of it are kept in memory; they are logged as one event as
soon as the ration allows. The less room is left for such events the longer are the intervals, by
the square: so whoever provokes them for years uses up less and less of it.

A restart forgets what was kept and begins a new ration, so a ration holds little at a start.
"""

from wire import strict_json

from app.contracts import Json, Room

HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS

ORDINARY = (2, 4, DAY_MS)
"""At the start, at most, milliseconds until there is one more."""

RATIONS = {
    "configured": (16, 16, HOUR_MS),  # before the first seal a technician is at work
    "records_released": (0, 1, 30 * DAY_MS),  # `started` tells what is held
    "storing": (16, 16, HOUR_MS),  # no event: a setting or a proof that anybody may have stored
}

SPARSE = 8
"""With less than one part in so many of the room left, nothing is logged right after a start."""

SETTLED_MS = 10 * 60 * 1000
"""Nor for so long after it, times the factor of the intervals."""

MAX_KEPT_BYTES = 700
"""Of a detail that is kept: two of them fit an event."""


class Rations:
    """Every ration by its name, and what was not logged."""

    def __init__(self) -> None:
        self._all: dict[str, _Ration] = {}

    def take(self, name: str, uptime_ms: int, room: Room = (1, 1)) -> bool:
        """Use up one of a ration; False if there is none.

        room: `(left, all)` for such events, in any unit.
        """
        left, everything = room
        if left <= 0:
            return False
        factor = everything * everything // (left * left)
        if left * SPARSE < everything and uptime_ms < SETTLED_MS * factor:
            return False
        return self._of(name).take(uptime_ms, factor)

    def wait_ms(self, name: str, uptime_ms: int) -> int:
        """Return the time until there is one more, when none is left and there is room."""
        return self._of(name).wait_ms(uptime_ms)

    def repeats(self, name: str, key: str, uptime_ms: int) -> bool:
        """Return whether the newest event logged is the same; after an interval nothing is.

        key: the same for events that are, "" for one that has no like.
        """
        ration = self._of(name)
        return key != "" and key == ration.key and not ration.is_due(uptime_ms)

    def keep(self, name: str, event: str, detail: Json) -> None:
        """Count an event that is not logged."""
        ration = self._of(name)
        ration.event, ration.newest = event, _shortened(detail)
        if not ration.count:
            ration.first = ration.newest
        ration.count += 1

    def with_kept(self, name: str, detail: Json) -> Json:
        """Return the detail of an event to be logged, and in it what was not logged before."""
        ration = self._of(name)
        return _joined(_shortened(detail), ration.count, ration.first) if ration.count else detail

    def due(self, uptime_ms: int) -> list[str]:
        """Return the rations of which something was kept and nothing logged for an interval."""
        return [name for name in self.kept() if self._all[name].is_due(uptime_ms)]

    def kept(self) -> list[str]:
        """Return the rations of which something was kept."""
        return [name for name, ration in self._all.items() if ration.count]

    def event_of_kept(self, name: str) -> tuple[str, Json]:
        """Return event and detail to be logged of what was kept."""
        ration = self._of(name)
        return ration.event, _joined(ration.newest, ration.count - 1, ration.first)

    def logged(self, name: str, key: str, uptime_ms: int) -> None:
        """Forget what was kept, because it was logged."""
        ration = self._of(name)
        ration.count, ration.first, ration.newest = 0, {}, {}
        ration.key, ration.logged_ms = key, uptime_ms

    def _of(self, name: str) -> "_Ration":
        if name not in self._all:
            self._all[name] = _Ration(*RATIONS.get(name, ORDINARY))
        return self._all[name]


class _Ration:
    """One ration, whose time counts from the module's start, and what of it was kept."""

    def __init__(self, at_start: int, most: int, interval_ms: int) -> None:
        self._left = at_start
        self._most = most
        self._interval_ms = interval_ms
        self._since_ms = 0
        self.count = 0
        self.event = ""
        self.first: Json = {}
        self.newest: Json = {}
        self.key = ""
        self.logged_ms = -interval_ms

    def take(self, uptime_ms: int, factor: int) -> bool:
        """Use up one; the interval until there is one more is multiplied by the factor."""
        interval_ms = self._interval_ms * factor
        earned = (uptime_ms - self._since_ms) // interval_ms
        self._left = min(self._most, self._left + earned)
        self._since_ms += earned * interval_ms
        if not self._left:
            return False
        self._left -= 1
        return True

    def wait_ms(self, uptime_ms: int) -> int:
        """Return the time until there is one more."""
        return self._since_ms + self._interval_ms - uptime_ms

    def is_due(self, uptime_ms: int) -> bool:
        """Return whether nothing was logged for an interval."""
        return uptime_ms - self.logged_ms >= self._interval_ms


def _joined(detail: Json, others: int, first: Json) -> Json:
    joined = dict(detail)
    if others:
        joined["unlogged_before"] = others
        joined["first_unlogged"] = first
    return joined


def _shortened(detail: Json) -> Json:
    """Return the detail, without its longest members if it is too long to be kept."""
    found = dict(detail)
    while found and not _is_short(found):
        del found[max(found, key=lambda name: len(str(found[name])))]
    return found


def _is_short(detail: Json) -> bool:
    try:
        return len(strict_json.dumps(detail)) <= MAX_KEPT_BYTES
    except Exception:  # what a request brought need not be fit for an event
        return False
