"""A line with several meters and noise, in virtual time; its master's end is here too.

The master's end has the functions of wire/shapes.pyi's `MeterLine` and `Ticks`, and `set_format`:
what the host tools read through an adaptor, they read on this without waiting for anything.
"""

import heapq
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass

from wattseal.meter.emulator.meter import Meter
from wattseal.meter.line import LineFormat as FormatOfTheTools

from hil.line import Character, LineFormat
from hil.meter.port import DEFAULT_TURNAROUND_NS, MeterPort
from hil.timeline import NS_PER_MS, NS_PER_US, Action

QUIET_MS, NOISY_MS = 200, 1500
"""Bursts of noise follow each other after so long at least, and at most."""
GARBLED = 0x5A
"""How a character in another format is heard: with wrong bits."""


class VirtualTimer:
    """Something that is going to happen."""

    def __init__(self, action: Action) -> None:
        self.action: Action | None = action

    def cancel(self) -> None:
        """Make it not happen."""
        self.action = None


class VirtualTimeline:
    """A clock that stands still until somebody waits."""

    def __init__(self) -> None:
        self._now_ns = 0
        self._due: list[tuple[int, int, VirtualTimer]] = []
        self._order = itertools.count()

    def now_ns(self) -> int:
        """Nanoseconds since the start."""
        return self._now_ns

    def call_at(self, when_ns: int, action: Action) -> VirtualTimer:
        """Run the action when somebody waits past that time."""
        timer = VirtualTimer(action)
        heapq.heappush(self._due, (max(when_ns, self._now_ns), next(self._order), timer))
        return timer

    def step(self, limit_ns: int) -> bool:
        """Go to the next event, and run it, or to the limit; whether there was one before it."""
        if not self._due or self._due[0][0] > limit_ns:
            self._now_ns = max(self._now_ns, limit_ns)
            return False
        self._now_ns, _, timer = heapq.heappop(self._due)
        if timer.action is not None:
            timer.action()
        return True

    def advance(self, until_ns: int) -> None:
        """Let time pass; what is due in it happens."""
        while self.step(until_ns):
            pass


@dataclass(frozen=True)
class OnBus:
    """A meter, the format of its line and how long it thinks before it answers."""

    meter: Meter
    format: LineFormat
    turnaround_ns: int = DEFAULT_TURNAROUND_NS


class Bus:
    """The line. `echo` is what its master's end says of itself, `echoes` what the line does."""

    echo = False

    def __init__(self, timeline: VirtualTimeline, seed: int | None = None) -> None:
        """seed: of the noise; None for a line without."""
        self.timeline = timeline
        self.echoes = False
        self.noise_bursts = 0
        self._ports: list[MeterPort] = []
        self._format = LineFormat(9600)
        self._heard = bytearray()
        self._random = random.Random(seed)  # noqa: S311  # noise that a test can repeat
        if seed is not None:
            self._make_noise_later()

    def attach(self, meters: Sequence[OnBus]) -> None:
        """Connect meters to the line."""
        for one in meters:
            self._attach(one)

    def _attach(self, one: OnBus) -> None:
        def send(character: Character) -> None:
            self._deliver(character, port)

        port = MeterPort(
            self.timeline, one.meter, one.format, send, self._to_master, one.turnaround_ns
        )
        self._ports.append(port)

    # --- the master's end --------------------------------------------------------------------

    def set_format(self, form: FormatOfTheTools) -> None:
        """Send and hear in another format from now on."""
        self._format = LineFormat(form.baud, form.parity, form.stop_bits)
        self._heard.clear()

    def write(self, data: bytes) -> None:
        """Send everything; returns when the last bit has left."""
        for value in data:
            start_ns = self.timeline.now_ns()
            self.timeline.advance(start_ns + self._format.character_ns)
            character = Character(value, start_ns, self.timeline.now_ns(), self._format)
            if self.echoes:
                self._to_master(character)
            for port in self._ports:
                port.hear(character)

    def read(self, max_bytes: int) -> bytes:
        """Return what has arrived, at most max_bytes."""
        data = bytes(self._heard[:max_bytes])
        del self._heard[:max_bytes]
        return data

    def wait(self, timeout_us: int) -> bool:
        """Return when bytes are readable (True) or after timeout_us (False)."""
        limit_ns = self.timeline.now_ns() + timeout_us * NS_PER_US
        while not self._heard and self.timeline.step(limit_ns):
            pass
        return bool(self._heard)

    def discard(self) -> None:
        """Throw away what has arrived."""
        self._heard.clear()

    def ticks_ms(self) -> int:
        """Return milliseconds of the line's clock."""
        return self.timeline.now_ns() // NS_PER_MS

    def ticks_us(self) -> int:
        """Return microseconds of the same clock."""
        return self.timeline.now_ns() // NS_PER_US

    def ticks_diff(self, later: int, earlier: int) -> int:
        """Return later - earlier."""
        return later - earlier

    # --- what happens on it ------------------------------------------------------------------

    def _deliver(self, character: Character, sender: MeterPort | None) -> None:
        self._to_master(character)
        for port in self._ports:
            if port is not sender:
                port.hear(character)

    def _to_master(self, character: Character) -> None:
        is_clear = self._format.understands(character.format)
        self._heard.append(character.value if is_clear else character.value ^ GARBLED)

    def _make_noise_later(self) -> None:
        wait_ms = self._random.randint(QUIET_MS, NOISY_MS)
        self.timeline.call_at(self.timeline.now_ns() + wait_ms * NS_PER_MS, self._make_noise)

    def _make_noise(self) -> None:
        self.noise_bursts += 1
        now_ns = self.timeline.now_ns()
        for at in range(self._random.randint(1, 4)):
            start_ns = now_ns + at * self._format.character_ns
            value = self._random.getrandbits(8)
            end_ns = start_ns + self._format.character_ns
            character = Character(value, start_ns, end_ns, self._format)
            self.timeline.call_at(end_ns, lambda one=character: self._deliver(one, None))  # type: ignore[misc]
        self._make_noise_later()
