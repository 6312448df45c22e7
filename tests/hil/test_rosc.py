"""The emulated ring oscillator: frequency, jitter, drift, and the lock to who looks at it."""

import itertools
from statistics import mean, pstdev

import pytest

from hil.rp2040.rosc import Oscillation, RingOscillator, bits_of, seeded_bits

STILL = Oscillation(frequency_hz=6_000_000, jitter=0, flicker=0)
SAMPLE_NS = 21_000


def samples(oscillation, seed=1, count=2000, period_ns=SAMPLE_NS):
    bits = bits_of(RingOscillator(oscillation, seed), itertools.repeat(period_ns))
    return [bits() for _ in range(count)]


def alike(found):
    """The part of the samples that are like the one before."""
    return mean(a == b for a, b in itertools.pairwise(found))


def at(rate, **changes):
    """So many periods a sample, whole ones left out of account."""
    frequency = (126 + rate) / SAMPLE_NS * 1e9
    settings = {"jitter": 0.0, "flicker": 0.0, **changes}
    return Oscillation(frequency_hz=frequency, **settings)


def test_the_same_seed_gives_the_same_wave_and_another_one_another():
    noisy = Oscillation()
    assert samples(noisy, 1) == samples(noisy, 1)
    assert samples(noisy, 1) != samples(noisy, 2)


def test_without_jitter_it_is_a_square_wave():
    found = samples(at(0.25))
    assert found[4:] == found[:-4]
    assert set(found) == {0, 1}
    assert mean(samples(at(0.381966, duty=0.3))) == pytest.approx(0.3, abs=0.02)


def test_white_jitter_spreads_the_phase_with_the_root_of_the_time():
    def spread(looks):
        ends = []
        for seed in range(300):
            wave = RingOscillator(Oscillation(6e6, jitter=0.001, flicker=0), seed)
            wave._phase = 0.5
            wave.bit_at(looks * SAMPLE_NS)
            ends.append(wave._phase)
        return pstdev(ends)

    assert spread(1) == pytest.approx(0.001 * 126**0.5, rel=0.2)
    assert spread(16) == pytest.approx(4 * spread(1), rel=0.2)


def test_flicker_spreads_it_with_the_time_itself():
    def spread(looks):
        ends = []
        for seed in range(300):
            wave = RingOscillator(Oscillation(6e6, jitter=0, flicker=3e-5), seed)
            wave._phase = 0.5
            for look in range(1, looks + 1):
                wave.bit_at(look * SAMPLE_NS)
            ends.append(wave._phase)
        return pstdev(ends)

    assert spread(4) == pytest.approx(4 * spread(1), rel=0.15)


def test_drift_changes_the_frequency():
    steady, drifting = at(0.0), at(0.0, drift_per_s=0.01)
    assert alike(samples(steady)) == 1
    assert alike(samples(drifting, count=20_000)) < 0.9


@pytest.mark.parametrize(
    ("rate", "locks"), [(0.0, True), (0.05, True), (-0.05, True), (0.2, False)]
)
def test_it_locks_to_regular_looks_near_a_harmonic(rate, locks):
    found = samples(at(rate, pull=0.5))[100:]
    assert (set(found) == {1}) == locks
    assert set(samples(at(rate or 0.05))[100:]) == {0, 1}


def test_jitter_that_is_large_enough_undoes_the_lock():
    assert alike(samples(at(0.0, pull=0.5, jitter=0.05))) < 0.85


def test_a_chip_that_starts_anew_looks_at_an_oscillator_that_went_on():
    wave = RingOscillator(STILL, 1)
    wave.bit_at(10**9)
    assert wave.bit_at(5) in (0, 1)
    assert wave.bit_at(10) in (0, 1)


def test_sources_without_a_frequency_are_asked_one_bit_after_the_other():
    bits = bits_of(seeded_bits(1), itertools.repeat(SAMPLE_NS))
    assert [bits() for _ in range(50)] == [bit() for bit in [seeded_bits(1)] for _ in range(50)]
