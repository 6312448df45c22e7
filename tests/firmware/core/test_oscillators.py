"""What the health tests make of a ring oscillator, by how it is sampled and where its frequency is.

The firmware samples each seed with one period, and a seed that is tried again with another:
firmware/ports/rp2/ws_noise_rp2040.c. Here is why: what would happen with the same period always,
and what with another for each sample.
"""

import itertools
import random
from collections.abc import Iterator

import pytest
from support.core.library import Core
from support.core.noise import from_samples

from hil.rp2040.rosc import Oscillation, RingOscillator, bits_of

SHORTEST_NS = 22_000
HARMONIC_HZ = 142 / SHORTEST_NS * 1e9
STEP_NS, STEPS = 40, 100  # periods that a seed may have: the shortest, and up to 4 us more
SEEDS = 20

LOCKING = Oscillation(frequency_hz=HARMONIC_HZ, jitter=0.01, pull=0.5)
WITHOUT_JITTER = Oscillation(jitter=0.0, flicker=0.0)


class Sampling:
    """Asks an oscillator for samples; `restart` chooses another period if there are several."""

    def __init__(self, oscillation: Oscillation, seed: int, *, same: bool) -> None:
        self._chance = random.Random(seed)
        self._same = same
        self._period_ns = SHORTEST_NS
        bits = bits_of(RingOscillator(oscillation, seed), self._periods())
        self.read = from_samples(iter(bits, None))

    def restart(self) -> None:
        if not self._same:
            self._period_ns = SHORTEST_NS + STEP_NS * self._chance.randrange(STEPS)

    def _periods(self) -> Iterator[int]:
        while True:
            yield self._period_ns


def seeds(core: Core, oscillation: Oscillation, *, same: bool) -> int:
    """How many of some seeds are made, each from an oscillator of its own."""
    made = 0
    for seed in range(SEEDS):
        sampling = Sampling(oscillation, seed, same=same)
        made += core.entropy_seed(sampling.read, sampling.restart)[0] == "ok"
    return made


def test_a_sound_oscillator_is_taken_wherever_its_frequency_is(core: Core) -> None:
    for seed, share in enumerate((0.0, 0.01, 0.1, 0.25, 1 / 3, 0.381966, 0.5)):
        frequency = (142 + share) / SHORTEST_NS * 1e9
        sampling = Sampling(Oscillation(frequency_hz=frequency, jitter=0.01), seed, same=True)
        assert core.entropy_seed(sampling.read)[0] == "ok", share


def test_with_one_period_for_ever_a_locked_oscillator_never_makes_a_seed(core: Core) -> None:
    assert seeds(core, LOCKING, same=True) == 0


def test_with_another_period_at_each_try_it_does(core: Core) -> None:
    assert seeds(core, LOCKING, same=False) >= SEEDS - 2


@pytest.mark.parametrize("same", [True, False])
def test_an_oscillator_without_jitter_is_found_whatever_the_period(core: Core, same: bool) -> None:
    assert seeds(core, WITHOUT_JITTER, same=same) == 0


def test_another_period_for_each_sample_would_hide_that_it_has_none(core: Core) -> None:
    """Its samples follow from its frequency and phase, and pass every health test."""
    for seed in range(SEEDS):
        chance = random.Random(seed)
        periods = (SHORTEST_NS + STEP_NS * chance.randrange(STEPS) for _ in itertools.count())
        bits = bits_of(RingOscillator(WITHOUT_JITTER, seed), periods)
        assert core.entropy_seed(from_samples(iter(bits, None)))[0] == "ok"
