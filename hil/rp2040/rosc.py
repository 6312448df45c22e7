"""The ring oscillator, of which the firmware wants one thing: a random bit.

RP2040 datasheet, section 2.17. Where the bits come from is the test's choice, so that the health
tests of the noise source can be put to the test themselves.
"""

import itertools
import os
import random
from collections.abc import Callable, Iterator

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


class Rosc(BasePeripheral):
    """The oscillator's registers; it is always stable."""

    def __init__(self, chip: RP2040, name: str, bits: BitSource) -> None:
        super().__init__(chip, name)
        self._bits = bits
        self._registers = {CTRL: CTRL_RESET}

    def read_uint32(self, offset: int) -> int:
        """Read a register; every read of RANDOMBIT is another bit."""
        if offset == RANDOMBIT:
            return self._bits()
        if offset == STATUS:
            return STABLE | ENABLED
        return self._registers.get(offset, 0)

    def write_uint32(self, offset: int, value: int) -> None:
        """Keep what was written; the frequency is not modelled."""
        self._registers[offset] = value & 0xFFFFFFFF
