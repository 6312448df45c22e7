"""An asynchronous serial line: its format, its characters, and a sender that keeps its speed."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from hil.timeline import NS_PER_S, NS_PER_US, Timeline, Timer

PARITIES = ("none", "even", "odd")

# Receivers sample in the middle of a bit: at the end of 10 bits they may be half a bit off, which
# both ends share.
BAUD_TOLERANCE = 0.025


@dataclass(frozen=True, slots=True)
class LineFormat:
    """Speed and shape of the characters on a line."""

    baud: float
    parity: str = "none"
    stop_bits: int = 1
    data_bits: int = 8

    @property
    def character_bits(self) -> int:
        """Bits of one character, start and stop bits included."""
        return 1 + self.data_bits + (self.parity != "none") + self.stop_bits

    @property
    def bit_ns(self) -> float:
        """Length of one bit."""
        return NS_PER_S / self.baud

    @property
    def character_ns(self) -> int:
        """Length of one character."""
        return round(self.character_bits * self.bit_ns)

    @property
    def silence_ns(self) -> int:
        """The 3.5 characters between Modbus frames; 1.75 ms above 19200 baud.

        Modbus over serial line V1.02, section 2.5.1.1.
        """
        if self.baud > 19200:
            return 1750 * NS_PER_US
        return round(3.5 * self.character_bits * self.bit_ns)

    def understands(self, other: "LineFormat") -> bool:
        """Whether a receiver of this format gets what a sender of the other one means."""
        return (
            abs(self.baud / other.baud - 1) <= BAUD_TOLERANCE
            and self.parity == other.parity
            and self.data_bits == other.data_bits
        )


@dataclass(frozen=True, slots=True)
class Character:
    """One character on a line, from the edge of its start bit to the end of its stop bit."""

    value: int
    start_ns: int
    end_ns: int
    format: LineFormat


class Transmitter:
    """Sends bytes one after the other at the speed of the line."""

    def __init__(
        self, timeline: Timeline, line_format: LineFormat, hand_over: Callable[[Character], None]
    ) -> None:
        """`hand_over` gets each character when its last bit has left."""
        self._timeline = timeline
        self._format = line_format
        self._hand_over = hand_over
        self._queue: deque[int] = deque()
        self._timer: Timer | None = None

    @property
    def pending(self) -> int:
        """Bytes that have not wholly left yet."""
        return len(self._queue) + (self._timer is not None)

    def send(self, data: bytes) -> None:
        """Add bytes to what is being sent."""
        self._queue.extend(data)
        if self._timer is None:
            self._begin(self._timeline.now_ns())

    def stop(self) -> None:
        """Fall silent at once, in the middle of a character if need be."""
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self, start_ns: int) -> None:
        if not self._queue:
            return
        end_ns = start_ns + self._format.character_ns
        character = Character(self._queue.popleft(), start_ns, end_ns, self._format)
        self._timer = self._timeline.call_at(end_ns, lambda: self._finish(character))

    def _finish(self, character: Character) -> None:
        self._timer = None
        self._begin(character.end_ns)
        self._hand_over(character)
