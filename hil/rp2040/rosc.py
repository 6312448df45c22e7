"""The ring oscillator, of which the firmware wants one thing: a random bit.

RP2040 datasheet, section 2.17. Where the bits come from is the test's choice, so that the health
tests of the noise source can be put to the test themselves: ideal ones, ones that fail in a simple
way, or those of an oscillator whose level is looked at, which has a frequency.
"""

import itertools
import math
import os
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from rp2040py.peripherals.peripheral import BasePeripheral
from rp2040py.rp2040 import RP2040

CTRL, STATUS, RANDOMBIT = 0x00, 0x18, 0x1C
CTRL_RESET = 0xAA0
STABLE, ENABLED = 1 << 31, 1 << 12

BitSource = Callable[[], int]
"""Gives 0 or 1 at each call."""


def random_bits() -> BitSource:
    """Real random bits, from the operating system."""

    def generate() -> Iterator[int]:
        while True:
            block = int.from_bytes(os.urandom(64), "little")
            for position in range(512):
                yield block >> position & 1

    return generate().__next__


def seeded_bits(seed: int) -> BitSource:
    """Evenly spread bits that are the same in every run: for benchmarks, never for a real key."""
    generator = random.Random(seed)  # noqa: S311
    return lambda: generator.getrandbits(1)


def constant_bits(value: int) -> BitSource:
    """A dead oscillator."""
    return lambda: value


def biased_bits(ones_per_256: int, seed: int = 0) -> BitSource:
    """An oscillator that prefers one value."""
    generator = random.Random(seed)  # noqa: S311
    return lambda: int(generator.getrandbits(8) < ones_per_256)


def repeated_bits(pattern: str) -> BitSource:
    """An oscillator locked to the clock: the same pattern of 0 and 1 over and over."""
    return itertools.cycle([int(digit) for digit in pattern]).__next__


@dataclass(frozen=True)
class Oscillation:
    """How an oscillator swings; its data sheet tells the frequency alone (1.8 to 12 MHz).

    jitter: deviation of one period, as a part of it; each is independent of the others (white
    noise of the frequency), so that the phase spreads with the root of the time. flicker: deviation
    of the frequency, as a part of it, at each of three rates of change; with it the phase spreads
    with the time itself. drift_per_s: how the frequency changes, as a part of it. duty: of each
    period, how much is a one, from its start on. pull: part of the distance to a quarter of a
    period by which each look shifts the phase, because looking takes current: with regular looks
    the oscillator locks to their harmonics, within pull / (2 pi) periods a look.
    """

    frequency_hz: float = 6_500_000.0
    jitter: float = 0.01
    flicker: float = 1e-5
    drift_per_s: float = 0.0
    duty: float = 0.5
    pull: float = 0.0


FLICKER_TIMES_S = (1e-3, 1e-2, 1e-1)
"""How long each part of the flicker keeps its value: their sum has a spectrum of about 1/f."""


LOCKED_PHASE = 0.25
"""Far from both edges: an oscillator that locked at one would give the best of bits."""


class RingOscillator:
    """A square wave with jitter, looked at now and then; the same seed gives the same wave."""

    def __init__(self, oscillation: Oscillation, seed: int) -> None:
        self.oscillation = oscillation
        self._chance = random.Random(seed)  # noqa: S311
        self._phase = self._chance.random()
        self._flicker = [self._chance.gauss(0, 1) for _ in FLICKER_TIMES_S]
        self._looked_at_ns = 0

    def bit_at(self, now_ns: int) -> int:
        """Its level at a time since the chip's start, be it a new one."""
        wave = self.oscillation
        before_ns = self._looked_at_ns if now_ns >= self._looked_at_ns else 0
        elapsed_s = (now_ns - before_ns) / 1e9
        self._looked_at_ns = now_ns
        self._let_flicker(elapsed_s)
        offset = wave.flicker * sum(self._flicker) + wave.drift_per_s * now_ns / 1e9
        periods = wave.frequency_hz * (1 + offset) * elapsed_s
        spread = wave.jitter * math.sqrt(max(periods, 0.0))
        self._phase += periods + self._chance.gauss(0, spread)
        away = math.sin(2 * math.pi * (self._phase - LOCKED_PHASE)) / (2 * math.pi)
        self._phase -= wave.pull * away
        self._phase %= 1.0
        return int(self._phase < wave.duty)

    def _let_flicker(self, elapsed_s: float) -> None:
        for index, time_s in enumerate(FLICKER_TIMES_S):
            kept = math.exp(-elapsed_s / time_s)
            new = self._chance.gauss(0, math.sqrt(1 - kept * kept))
            self._flicker[index] = self._flicker[index] * kept + new


Noise = BitSource | RingOscillator
"""Where the bits come from: one after the other, or of the time at which they are asked for."""


def bits_of(noise: Noise, periods_ns: Iterable[int]) -> BitSource:
    """The bits of a source that is asked at these distances in time."""
    if not isinstance(noise, RingOscillator):
        return noise
    moments = itertools.accumulate(periods_ns)
    return lambda: noise.bit_at(next(moments))


class Rosc(BasePeripheral):
    """The oscillator's registers; it is always stable."""

    def __init__(self, chip: RP2040, name: str, noise: Noise) -> None:
        super().__init__(chip, name)
        self._noise = noise
        self._registers = {CTRL: CTRL_RESET}

    def read_uint32(self, offset: int) -> int:
        """Read a register; every read of RANDOMBIT is another bit."""
        if offset == RANDOMBIT:
            if isinstance(self._noise, RingOscillator):
                return self._noise.bit_at(int(self.rp2040.clock.nanos))
            return self._noise()
        if offset == STATUS:
            return STABLE | ENABLED
        return self._registers.get(offset, 0)

    def write_uint32(self, offset: int, value: int) -> None:
        """Keep what was written; the frequency is not modelled."""
        self._registers[offset] = value & 0xFFFFFFFF
