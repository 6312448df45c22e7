"""Time as the rig's models see it: emulated on an emulated chip, the wall clock elsewhere."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import Protocol

from rp2040py.clock.simulation_clock import SimulationClock

Action = Callable[[], None]

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_US = 1_000


class Timer(Protocol):
    """Something that is going to happen."""

    def cancel(self) -> None:
        """Make it not happen; no effect once it has."""


class Timeline(Protocol):
    """A clock that never goes back, and actions that happen at a time on it."""

    def now_ns(self) -> int:
        """Nanoseconds since an arbitrary start."""

    def call_at(self, when_ns: int, action: Action) -> Timer:
        """Run the action at that time, or as soon as possible if it has passed."""


class EmulatedTimeline:
    """Emulated time; goes on from where it was when a fresh chip brings a fresh clock."""

    def __init__(self, clock: SimulationClock | None = None) -> None:
        self.clock = clock or SimulationClock()
        self._origin_ns = 0.0

    def now_ns(self) -> int:
        """Nanoseconds of emulated time."""
        return int(self._origin_ns + self.clock.nanos)

    def call_at(self, when_ns: int, action: Action) -> Timer:
        """Run the action inside the emulation at exactly that time."""
        alarm = self.clock.create_alarm(action)
        alarm.schedule(max(0.0, when_ns - self._origin_ns - self.clock.nanos))
        return alarm

    def advance(self, duration_ns: float) -> None:
        """Let time pass with no instruction executed; what is due in it happens."""
        self.clock.tick(duration_ns)

    def continue_on(self, clock: SimulationClock) -> None:
        """Go on with a fresh clock; what was due on the old one never happens."""
        self._origin_ns += self.clock.nanos - clock.nanos
        self.clock = clock

    def skip(self, duration_ns: int) -> None:
        """Let time pass while nothing is powered."""
        self._origin_ns += duration_ns


class _WallTimer:
    def __init__(self, action: Action) -> None:
        self.action: Action | None = action

    def cancel(self) -> None:
        """Forget the action; its entry in the heap runs empty."""
        self.action = None


class WallTimeline:
    """The wall clock; its owner calls `run_due` from the one thread that owns the models.

    While a caller only waits for an event, `run_next` lets the clock follow the events
    instead. It never goes back.
    """

    def __init__(self) -> None:
        self._due: list[tuple[int, int, _WallTimer]] = []
        self._order = itertools.count()
        self._lock = threading.Lock()
        self._ahead_ns = 0
        self._told_ns = 0

    @property
    def ahead_ns(self) -> int:
        """By how much this clock is ahead of the wall's, in nanoseconds; negative if behind."""
        return self._ahead_ns

    def now_ns(self) -> int:
        """Nanoseconds of the monotonic clock, and what this one is ahead of it."""
        with self._lock:
            self._told_ns = time.monotonic_ns() + self._ahead_ns
            return self._told_ns

    def call_at(self, when_ns: int, action: Action) -> Timer:
        """Run the action at the first `run_due` at or after that time."""
        timer = _WallTimer(action)
        heapq.heappush(self._due, (when_ns, next(self._order), timer))
        return timer

    def wait_s(self) -> float | None:
        """The seconds until the next action, 0 if it is due; None if there is none."""
        while self._due:
            when_ns, _, timer = self._due[0]
            if timer.action is not None:
                left_ns = when_ns - time.monotonic_ns() - self._ahead_ns
                return max(0, left_ns) / NS_PER_S
            heapq.heappop(self._due)
        return None

    def run_due(self) -> float | None:
        """Run what is due; the seconds until the next action, None if there is none."""
        while (wait_s := self.wait_s()) == 0:
            self._take_next()[1]()
        return wait_s

    def run_next(self) -> None:
        """Run the next action, if there is one, and make its time the present.

        What is left of the wait is skipped; what a busy machine has made it late is lost, so that
        nothing seems to have taken longer than it should.
        """
        if self.wait_s() is None:
            return
        when_ns, action = self._take_next()
        with self._lock:
            self._ahead_ns = max(when_ns, self._told_ns) - time.monotonic_ns()
        action()

    def _take_next(self) -> tuple[int, Action]:
        when_ns, _, timer = heapq.heappop(self._due)
        assert timer.action is not None  # noqa: S101  # wait_s has dropped the cancelled ones
        return when_ns, timer.action
