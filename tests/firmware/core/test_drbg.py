"""HMAC-DRBG against SP 800-90A, section 10.1.2, written down once more in
tests/support/core/drbg.py; the numbers for challenges that are drawn from it over fresh noise and
the chip.
"""

import hashlib
import random

import pytest
from support.core.drbg import Reference
from support.core.library import Core
from support.core.noise import from_samples, good, periodic

UNTOUCHED = bytes([0xEE]) * 32


def test_the_nonce_of_rfc_6979_a_2_5_is_its_first_output(core: Core) -> None:
    key = bytes.fromhex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721")
    digest = hashlib.sha256(b"sample").digest()
    nonce = "A6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60"
    assert core.drbg(key + digest, b"", [32]) == [bytes.fromhex(nonce)]


@pytest.mark.parametrize("seed_size", [16, 48, 64])
@pytest.mark.parametrize("personalisation_size", [0, 8, 32])
def test_outputs_are_those_of_the_standard(
    core: Core, seed_size: int, personalisation_size: int
) -> None:
    chance = random.Random(seed_size * 100 + personalisation_size)
    seed, personalisation = chance.randbytes(seed_size), chance.randbytes(personalisation_size)
    sizes = [32, 1, 31, 33, 64, 100, 32]
    reference = Reference(seed + personalisation)
    assert core.drbg(seed, personalisation, sizes) == [reference.generate(n) for n in sizes]


def test_too_long_material_is_refused(core: Core) -> None:
    assert core.drbg(bytes(64), bytes(32), []) == []
    assert core.drbg(bytes(65), b"", []) == "argument"
    assert core.drbg(bytes(64), bytes(33), []) == "argument"


def test_a_challenges_number_is_the_drbgs_over_seed_and_chip(core: Core) -> None:
    error, seed = core.entropy_seed(good(5))
    assert error == "ok"
    assert core.random(good(5), b"chip") == ("ok", core.drbg(seed, b"chip", [32])[0])


def test_noise_and_chip_set_numbers_apart(core: Core) -> None:
    chips = (b"", b"\0", b"A" * 32)
    assert len({core.random(good(seed), chip) for seed in range(10) for chip in chips}) == 30


@pytest.mark.parametrize("samples", [periodic([1]), periodic([0, 1]), []], ids=["1", "01", "none"])
def test_bad_noise_gives_no_number(core: Core, samples) -> None:
    assert core.random(from_samples(samples), b"chip") == ("entropy", UNTOUCHED)


def test_no_number_with_too_long_a_personalisation(core: Core) -> None:
    assert core.random(good(1), bytes(33)) == ("argument", UNTOUCHED)
