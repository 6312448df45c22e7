"""Health tests of the noise source: their cut-offs, what they catch, what they let pass."""

import ctypes
import itertools
import random
from collections.abc import Iterable
from decimal import Decimal, localcontext
from math import comb, gcd

import pytest
from support.core.build import rounds
from support.core.library import Core, Health, buffer_of, constant
from support.core.noise import biased, from_samples, good, oscillator, periodic, sticky

WINDOW = constant("ws_health.h", "WS_HEALTH_WINDOW_SAMPLES")
REPETITION = constant("ws_health.h", "WS_HEALTH_REPETITION_CUTOFF")
PROPORTION = constant("ws_health.h", "WS_HEALTH_PROPORTION_CUTOFF")
LAG = constant("ws_health.h", "WS_HEALTH_LAG_CUTOFF")
LAGS = constant("ws_health.h", "WS_HEALTH_LAG_COUNT")
SAMPLES_PER_BIT = constant("ws_health.h", "WS_HEALTH_SAMPLES_PER_BIT")
STEP = 8 * constant("ws_health.h", "WS_HEALTH_STEP_SIZE")  # samples judged together
RUN = 9216  # samples of one seed


def critical_value(trials: int, probability: Decimal, alpha: Decimal) -> int:
    """Smallest count that so many trials reach with a chance of alpha at most."""
    tail = Decimal(0)
    for count in range(trials, -1, -1):
        tail += comb(trials, count) * probability**count * (1 - probability) ** (trials - count)
        if tail > alpha:
            return count + 1
    return 0


def test_cutoffs_follow_from_the_claim() -> None:
    """SP 800-90B, 4.4.1 and 4.4.2, for 1/SAMPLES_PER_BIT bit of min-entropy and alpha 2^-20."""
    with localcontext() as context:
        context.prec = 60
        guess = Decimal(2) ** (Decimal(-1) / SAMPLES_PER_BIT)
        assert REPETITION == 1 + 20 * SAMPLES_PER_BIT
        assert critical_value(WINDOW, guess, Decimal(2) ** -20) == PROPORTION
        assert critical_value(WINDOW, guess, Decimal(2) ** -20 / LAGS) == LAG


class Reference:
    """The three tests written for the reader, sample by sample."""

    def __init__(self) -> None:
        self.samples: list[int] = []
        self.failed = False

    def feed(self, sample: int) -> None:
        self.samples.append(sample)
        samples, count = self.samples, len(self.samples)
        run = next((i for i, old in enumerate(reversed(samples)) if old != sample), count)
        window = samples[(count - 1) // WINDOW * WINDOW :]
        self.failed |= run >= REPETITION
        self.failed |= window.count(window[0]) >= PROPORTION
        if len(window) == WINDOW:
            self.failed |= any(self._alike(lag) >= LAG for lag in range(1, LAGS + 1))

    def _alike(self, lag: int) -> int:
        first = max(len(self.samples) - WINDOW, LAGS)
        return sum(
            self.samples[i] == self.samples[i - lag] for i in range(first, len(self.samples))
        )


class CoreTests:
    """The tests of the core."""

    def __init__(self, core: Core) -> None:
        self.library = core.library
        self.state = Health()
        self.library.ws_health_init(ctypes.byref(self.state))

    def feed(self, samples: bytes) -> bool:
        size = ctypes.c_size_t(len(samples))
        self.library.ws_health_feed(ctypes.byref(self.state), buffer_of(samples), size)
        return self.library.ws_health_good(ctypes.byref(self.state))


def passes(core: Core, samples: Iterable[int], count: int = RUN) -> bool:
    return CoreTests(core).feed(from_samples(samples)(count // 8) or b"")


SOURCES = {
    "fair": lambda: biased(1, 0.5),
    "biased 0.80": lambda: biased(2, 0.80),
    "biased 0.88": lambda: biased(3, 0.88),
    "biased 0.90": lambda: biased(4, 0.90),
    "biased 0.12": lambda: biased(5, 0.12),
    "sticky 0.85": lambda: sticky(6, 0.85),
    "sticky 0.90": lambda: sticky(7, 0.90),
    "sticky 0.10": lambda: sticky(8, 0.10),
    "oscillator": lambda: oscillator(0.2387),
    "ones": lambda: periodic([1]),
    "byte": lambda: periodic([1, 0, 1, 1, 0, 0, 1, 0]),
}


def check_against_reference(core: Core, samples: Iterable[int], count: int) -> None:
    """The verdict of core and reference after each step."""
    reference, tester, source = Reference(), CoreTests(core), iter(samples)
    for _ in range(count // STEP):
        step = list(itertools.islice(source, STEP))
        for sample in step:
            reference.feed(sample)
        assert tester.feed(from_samples(step)(STEP // 8) or b"") == (not reference.failed)
    assert tester.state.sample_count == count // STEP * STEP


@pytest.mark.parametrize("name", SOURCES)
def test_verdicts_are_those_of_the_reference(core: Core, name: str) -> None:
    check_against_reference(core, SOURCES[name](), 2 * WINDOW + 2 * STEP)


@pytest.mark.parametrize("place", range(STEP + 1))
def test_runs_anywhere_in_a_step_are_judged_as_by_the_reference(core: Core, place: int) -> None:
    """Runs about the cut-off, short ones before them, from the first sample or a later one on."""
    chance = random.Random(place)
    for sample, run in itertools.product((0, 1), range(REPETITION - 2, REPETITION + 2)):
        lead: list[int] = []
        while len(lead) < place:
            lead += [chance.getrandbits(1)] * chance.randint(1, 40)
        lead = lead[len(lead) - place :]
        samples = itertools.chain(lead, [sample] * run, [1 - sample], biased(place, 0.5))
        check_against_reference(core, samples, 6 * STEP)


def test_streams_that_waver_about_the_cutoffs_are_judged_as_by_the_reference(core: Core) -> None:
    """Sources that change their ways again and again: bias, stickiness, repeated patterns."""
    for seed in range(rounds(40)):
        chance = random.Random(seed)
        samples: list[int] = []
        while len(samples) < 2 * WINDOW:
            rate = chance.choice((0.02, 0.5, 0.85, 0.97))
            pattern = [chance.getrandbits(1) for _ in range(chance.randint(1, 36))]
            kind = chance.choice((biased(seed, rate), sticky(seed, rate), periodic(pattern)))
            samples += itertools.islice(kind, chance.randint(1, 300))
        check_against_reference(core, samples, 2 * WINDOW)


@pytest.mark.parametrize("sample", [0, 1])
def test_repetition_count_fails_at_its_cutoff_and_not_before(core: Core, sample: int) -> None:
    for place in range(STEP):
        lead = [1 - sample] * (place + 1)
        for run in (REPETITION - 1, REPETITION):
            samples = lead + [sample] * run
            samples += [1 - sample] * (-len(samples) % STEP)
            assert passes(core, samples, len(samples)) == (run < REPETITION)


@pytest.mark.parametrize("majority", [0, 1])
def test_adaptive_proportion_fails_at_its_cutoff_and_not_before(core: Core, majority: int) -> None:
    def window(alike: int) -> list[int]:
        """That many of the majority, the others spread unevenly: no lag, no long run."""
        rest = set(random.Random(8).sample(range(1, WINDOW), WINDOW - alike))
        made = [1 - majority if i in rest else majority for i in range(WINDOW)]
        runs = [len(list(run)) for _, run in itertools.groupby(made)]
        assert max(runs) < REPETITION - 20, "another test would see this one"
        return made

    lead = list(itertools.islice(biased(9, 0.5), WINDOW))
    assert passes(core, lead + window(PROPORTION - 1), 2 * WINDOW)
    assert not passes(core, lead + window(PROPORTION), 2 * WINDOW)


@pytest.mark.parametrize("lag", [1, 2, 3, 7, 8, 16, 31, 32])
def test_lag_fails_at_its_cutoff_and_not_before(core: Core, lag: int) -> None:
    def samples(alike: int) -> list[int]:
        """One window of noise, then one whose samples are that often what they were before."""
        made = list(itertools.islice(biased(lag, 0.5), WINDOW))
        wrong = set(random.Random(lag).sample(range(WINDOW), WINDOW - alike))
        for i in range(WINDOW):
            made.append(made[-lag] ^ (i in wrong))
        return made

    assert not passes(core, samples(LAG), 2 * WINDOW)
    if lag > 1:  # at lag 1 the repetition count may see such a source first
        assert passes(core, samples(LAG - 1), 2 * WINDOW)


@pytest.mark.parametrize("period", range(1, LAGS + 1))
def test_everything_periodic_up_to_the_longest_lag_is_caught(core: Core, period: int) -> None:
    for seed in range(20):
        pattern = random.Random(seed).choices((0, 1), k=period)
        assert not passes(core, periodic(pattern), 2 * WINDOW), pattern


def test_every_repeated_byte_is_caught(core: Core) -> None:
    for byte in range(256):
        assert not CoreTests(core).feed(bytes([byte]) * (2 * WINDOW // 8)), byte


def test_every_oscillator_without_jitter_is_caught(core: Core) -> None:
    """Dirichlet: some lag up to 32 is within 1/33 of whole periods, at any frequency."""
    chance = random.Random(32)
    golden = (5**0.5 - 1) / 2
    rates = [golden, 1 - golden, 2**0.5 % 1, 1 / 33, 1 / 65, 16 / 33, 17 / 65, 0.4999, 0.0001]
    rates += [chance.random() for _ in range(150)]
    rates += [a / b for b in range(33, 70, 7) for a in range(1, b) if gcd(a, b) == 1]
    for rate in rates:
        for duty in (0.5, 0.3):
            samples = oscillator(rate, duty, chance.random())
            assert not passes(core, samples, 2 * WINDOW), (rate, duty)


@pytest.mark.parametrize("ones", [0.0, 0.01, 0.05, 0.08, 0.92, 0.95, 0.99, 1.0])
def test_heavy_bias_is_caught(core: Core, ones: float) -> None:
    for seed in range(20):
        assert not passes(core, biased(seed, ones)), seed


@pytest.mark.parametrize("stay", [0.0, 0.03, 0.94, 0.97, 1.0])
def test_strong_correlation_is_caught(core: Core, stay: float) -> None:
    for seed in range(20):
        assert not passes(core, sticky(seed, stay)), seed


@pytest.mark.parametrize("ones", [0.25, 0.4, 0.5, 0.55, 0.75])
def test_what_is_as_good_as_claimed_passes(core: Core, ones: float) -> None:
    """Bias of this size leaves 0.41 bit a sample, more than claimed: conditioning repairs it."""
    for seed in range(100):
        assert passes(core, biased(seed, ones)), seed


def test_no_false_alarm_in_a_million_samples(core: Core) -> None:
    assert CoreTests(core).feed(good(20)(1_000_000 // 8))


def test_a_failure_is_not_forgotten(core: Core) -> None:
    tester = CoreTests(core)
    assert tester.feed(good(1)(256))
    assert not tester.feed(bytes(16))
    assert not tester.feed(good(2)(4096))
