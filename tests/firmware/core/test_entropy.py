"""From raw samples to a seed: conditioning, and every way in which a source can fail."""

import hashlib
import itertools

import pytest
from support.core.library import Core, constant
from support.core.noise import Noise, biased, from_samples, good, oscillator, periodic

STARTUP, PER_DIGEST = 1024, 4096
TRIES = constant("ws_entropy.h", "WS_ENTROPY_TRIES")
SAMPLES = STARTUP + 2 * PER_DIGEST
WIPED = bytes(64)


def counted(noise: Noise) -> tuple[Noise, list[int]]:
    """The source, and a list that grows by the samples of each read."""
    reads: list[int] = []

    def read(size: int) -> bytes | None:
        reads.append(8 * size)
        return noise(size)

    return read, reads


def test_the_seed_is_the_hash_of_all_samples(core: Core) -> None:
    raw = good(5)(SAMPLES // 8)
    half = (STARTUP + PER_DIGEST) // 8
    seed = hashlib.sha256(raw[:half]).digest() + hashlib.sha256(raw[half:]).digest()
    stream = iter(raw)
    noise, reads = counted(lambda size: bytes(itertools.islice(stream, size)))
    assert core.entropy_seed(noise) == ("ok", seed)
    assert sum(reads) == SAMPLES


def test_other_samples_give_another_seed(core: Core) -> None:
    seeds = {core.entropy_seed(good(number))[1] for number in range(20)}
    assert len(seeds) == 20


DEAD = {
    "zeros": lambda: periodic([0]),
    "ones": lambda: periodic([1]),
    "alternating": lambda: periodic([0, 1]),
    "one byte for ever": lambda: periodic([1, 1, 0, 1, 0, 0, 1, 0]),
    "one word for ever": lambda: periodic([int(bit) for bit in f"{0x1B2F90E5:032b}"]),
    "95 % ones": lambda: biased(1, 0.95),
    "5 % ones": lambda: biased(1, 0.05),
    "locked oscillator": lambda: oscillator(0.381966),
}


@pytest.mark.parametrize("name", DEAD)
def test_a_bad_source_is_refused(core: Core, name: str) -> None:
    assert core.entropy_seed(from_samples(DEAD[name]())) == ("entropy", WIPED)


@pytest.mark.parametrize("good_samples", range(0, SAMPLES - 1023, 512))
@pytest.mark.parametrize("then", ["zeros", "ones", "alternating", "one byte for ever"])
def test_a_source_that_dies_on_the_way_is_refused(core: Core, good_samples: int, then: str) -> None:
    """A whole window of dead samples fails, wherever it lies, be it the last one."""
    window = 1024
    if then in ("alternating", "one byte for ever"):  # judged at the end of a window, as a whole
        good_samples = good_samples // window * window
    samples = itertools.chain(itertools.islice(biased(3, 0.5), good_samples), DEAD[then]())
    assert core.entropy_seed(from_samples(samples)) == ("entropy", WIPED)


def test_it_stops_reading_at_the_first_failure(core: Core) -> None:
    noise, reads = counted(from_samples(periodic([1])))
    assert core.entropy_seed(noise)[0] == "entropy"
    assert sum(reads) <= TRIES * 256


@pytest.mark.parametrize("deliveries", [0, 1, 4, 20, SAMPLES // 256 - 1])
def test_a_source_that_does_not_deliver_is_refused(core: Core, deliveries: int) -> None:
    noise = from_samples(itertools.islice(biased(1, 0.5), deliveries * 256))
    assert core.entropy_seed(noise) == ("entropy", WIPED)


def test_a_source_that_is_as_good_as_claimed_is_taken(core: Core) -> None:
    assert core.entropy_seed(from_samples(biased(1, 0.75)))[0] == "ok"


@pytest.mark.parametrize("failures", range(TRIES + 1))
def test_a_seed_that_failed_is_tried_again_a_few_times(core: Core, failures: int) -> None:
    """Each try begins with fresh samples, and nothing of those that failed is in the seed."""
    restarts: list[int] = []
    raw = good(7)(SAMPLES // 8)
    stream = iter(raw)

    def noise(size: int) -> bytes | None:
        if len(restarts) < failures:
            return bytes(size) if len(restarts) % 2 else None
        return bytes(itertools.islice(stream, size))

    half = (STARTUP + PER_DIGEST) // 8
    seed = hashlib.sha256(raw[:half]).digest() + hashlib.sha256(raw[half:]).digest()
    expected = ("ok", seed) if failures < TRIES else ("entropy", WIPED)
    assert core.entropy_seed(noise, lambda: restarts.append(1)) == expected
    assert len(restarts) == failures


def test_what_chance_makes_of_a_source_as_bad_as_is_claimed() -> None:
    """Whole seeds that fail by chance, by the cut-offs; what docs/decisions/0013 says of it."""
    repetition, proportion, lag = (
        SAMPLES * 2**-20,
        SAMPLES // 1024 * 2**-20,
        SAMPLES // 1024 * 2**-20,
    )
    one = repetition + proportion + lag
    assert one < 0.01
    assert one**TRIES < 1e-6
