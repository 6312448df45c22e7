"""Noise sources, good and bad. Each is a function `size -> raw samples`, 8 a byte, MSB first."""

import random
from collections.abc import Callable, Iterable, Iterator

Noise = Callable[[int], bytes | None]


def from_samples(samples: Iterable[int]) -> Noise:
    """A source that gives these samples one after the other, and then none."""
    iterator: Iterator[int] = iter(samples)

    def read(size: int) -> bytes | None:
        packed = bytearray()
        for _ in range(size):
            byte = 0
            for _ in range(8):
                sample = next(iterator, None)
                if sample is None:
                    return None
                byte = byte << 1 | sample
            packed.append(byte)
        return bytes(packed)

    return read


def good(seed: int) -> Noise:
    """Samples without a flaw, the same for the same seed."""
    return random.Random(seed).randbytes


def biased(seed: int, ones: float) -> Iterator[int]:
    """Independent samples, a one with this probability."""
    chance = random.Random(seed)
    while True:
        yield int(chance.random() < ones)


def periodic(pattern: list[int]) -> Iterator[int]:
    """One pattern for ever."""
    while True:
        yield from pattern


def oscillator(periods_per_sample: float, duty: float = 0.5, phase: float = 0.0) -> Iterator[int]:
    """A square wave without jitter, sampled regularly."""
    while True:
        yield int(phase < duty)
        phase = (phase + periods_per_sample) % 1.0


def sticky(seed: int, stay: float) -> Iterator[int]:
    """A source that repeats its last sample with this probability."""
    chance = random.Random(seed)
    sample = 0
    while True:
        sample ^= int(chance.random() >= stay)
        yield sample
