"""Weak keys are found, ordinary ones are not."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from support.registry.simulated_module import ORDER, SimulatedKey
from wattseal.ocmf.public_key import PublicKey, curve_named, read_public_key
from wattseal.registry.rules.proof import PUBLISHED_KEYS, SMALL_MULTIPLES, weakness

CURVE = curve_named("secp256r1")
RFC_6979 = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721


def _of(secret: int) -> str | None:
    return weakness(read_public_key(SimulatedKey(secret).hex))


@pytest.mark.parametrize("secret", [1, 2, 3, 1023, 1024, 1025, 2047, 2048, SMALL_MULTIPLES])
def test_small_private_keys_and_their_negatives(secret: int) -> None:
    assert "private key is a number" in (_of(secret) or "")
    assert "private key is a number" in (_of(ORDER - secret) or "")


def test_the_next_private_key_is_not_small() -> None:
    assert _of(SMALL_MULTIPLES + 1) is None


def test_every_small_multiple_against_another_implementation() -> None:
    for secret in range(1, SMALL_MULTIPLES, 997):
        numbers = ec.derive_private_key(secret, ec.SECP256R1()).public_key().public_numbers()
        point = b"\x04" + numbers.x.to_bytes(32) + numbers.y.to_bytes(32)
        assert weakness(PublicKey(CURVE, point)), secret


def test_ordinary_keys() -> None:
    assert [_of(int(hashlib.sha256(b"%d" % n).hexdigest(), 16) % ORDER) for n in range(50)] == (
        [None] * 50
    )


@pytest.mark.parametrize("coordinate", [bytes(32), b"\x5a" * 32, b"\xff" * 8 + bytes(range(24))])
def test_coordinates_that_repeat_a_byte(coordinate: bytes) -> None:
    other = bytes(range(100, 132))
    for point in (coordinate + other, other + coordinate):
        found = weakness(PublicKey(CURVE, b"\x04" + point))
        assert found == "a coordinate of its point repeats one byte"


def test_seven_equal_bytes_may_be_chance() -> None:
    point = b"\x04" + bytes(7) + bytes(range(1, 26)) + bytes(range(100, 132))
    assert weakness(PublicKey(CURVE, point)) is None


def test_published_keys() -> None:
    assert _of(RFC_6979) == "it is a published test key (RFC 6979, A.2.5)"
    assert all(len(fingerprint) == 64 for fingerprint in PUBLISHED_KEYS)


def test_the_examples_of_our_own_documents_are_published() -> None:
    import statement_examples

    for key in statement_examples.KEYS:
        assert weakness(read_public_key(key.spki)), key.name
