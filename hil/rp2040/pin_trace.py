"""What a GPIO pin did over time, and whether it was high throughout some of it."""

from collections import deque
from dataclasses import dataclass

from rp2040py.gpio_pin import GPIOPin, GPIOPinState

from hil.timeline import Timeline

KEPT_EDGES = 10_000


@dataclass(frozen=True, slots=True)
class Edge:
    """The pin took this level at this time."""

    at_ns: int
    high: bool


class PinTrace:
    """Follows one output pin; a pin that is not driven counts as low."""

    def __init__(self, pin: GPIOPin, timeline: Timeline) -> None:
        self.edges: deque[Edge] = deque([Edge(timeline.now_ns(), False)], maxlen=KEPT_EDGES)
        self._timeline = timeline
        pin.add_listener(self._on_change)

    @property
    def high(self) -> bool:
        """The level now."""
        return self.edges[-1].high

    def high_throughout(self, start_ns: int, end_ns: int) -> bool:
        """Whether the pin was high from start to end."""
        return self._level_throughout(True, start_ns, end_ns)

    def low_throughout(self, start_ns: int, end_ns: int) -> bool:
        """Whether the pin was low from start to end."""
        return self._level_throughout(False, start_ns, end_ns)

    def _level_throughout(self, high: bool, start_ns: int, end_ns: int) -> bool:
        for edge in reversed(self.edges):
            if edge.at_ns >= end_ns:
                continue
            if edge.high is not high:
                return False
            if edge.at_ns <= start_ns:
                return True
        return False

    def _on_change(self, value: GPIOPinState, _before: GPIOPinState) -> None:
        high = value == GPIOPinState.HIGH
        if high is not self.high:
            self.edges.append(Edge(self._timeline.now_ns(), high))
