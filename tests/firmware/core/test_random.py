"""Numbers for challenges: the DRBG's over fresh noise and the chip, or none."""

import pytest
from core_harness.library import Core
from core_harness.noise import from_samples, good, periodic

UNTOUCHED = bytes([0xEE]) * 32


def test_it_is_the_drbgs_over_seed_and_chip(core: Core) -> None:
    error, seed = core.entropy_seed(good(5))
    assert error == "ok"
    assert core.random(good(5), b"chip") == ("ok", core.drbg(seed, b"chip", [32])[0])


def test_noise_and_chip_set_numbers_apart(core: Core) -> None:
    chips = (b"", b"\0", b"A" * 32)
    assert len({core.random(good(seed), chip) for seed in range(10) for chip in chips}) == 30


@pytest.mark.parametrize("samples", [periodic([1]), periodic([0, 1]), []], ids=["1", "01", "none"])
def test_bad_noise_gives_no_number(core: Core, samples) -> None:
    assert core.random(from_samples(samples), b"chip") == ("entropy", UNTOUCHED)


def test_too_long_a_personalisation_is_refused(core: Core) -> None:
    assert core.random(good(1), bytes(33)) == ("argument", UNTOUCHED)
