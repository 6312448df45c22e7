"""Key pairs: NIST's vectors, the limits of a private key, points off the curve."""

import random

import pytest
from support.core import curve, vectors
from support.core.library import Core

KEY_PAIRS = vectors.groups("KeyPair.rsp")["P-256"]
PUBLIC_KEYS = vectors.groups("PKV.rsp")["P-256"]


def test_the_vectors_are_all_there() -> None:
    assert len(KEY_PAIRS) == 10
    assert len(PUBLIC_KEYS) == 12
    assert {record["Result"][0] for record in PUBLIC_KEYS} == {"P", "F"}


@pytest.mark.parametrize("record", KEY_PAIRS, ids=lambda record: record["d"][:8])
def test_cavp_key_pair(core: Core, record: dict[str, str]) -> None:
    point = bytes.fromhex("04" + record["Qx"] + record["Qy"])
    assert core.public(int(record["d"], 16)) == ("ok", point)


@pytest.mark.parametrize("record", PUBLIC_KEYS, ids=lambda record: record["Qx"][:8])
def test_cavp_public_key_validation(core: Core, record: dict[str, str]) -> None:
    x, y = int(record["Qx"], 16), int(record["Qy"], 16)
    fits = max(x, y) < 2**256
    accepted = fits and core.point_valid(b"\x04" + x.to_bytes(32) + y.to_bytes(32))
    assert accepted == (record["Result"][0] == "P")


SCALARS = [1, 2, 3, 15, 16, 17, 2**128, 2**255, curve.N - 2, curve.N - 1]


@pytest.mark.parametrize("scalar", SCALARS, ids=hex)
def test_public_key_of_unusual_private_keys(core: Core, scalar: int) -> None:
    assert core.public(scalar) == ("ok", curve.encode(curve.times_g(scalar)))


def test_public_key_of_random_private_keys(core: Core) -> None:
    chance = random.Random(256)
    for _ in range(200):
        scalar = chance.randrange(1, curve.N)
        assert core.public(scalar) == ("ok", curve.encode(curve.times_g(scalar)))


@pytest.mark.parametrize("scalar", [0, curve.N, curve.N + 1, curve.P, 2**256 - 1], ids=hex)
def test_numbers_that_are_no_private_keys(core: Core, scalar: int) -> None:
    assert not core.scalar_valid(scalar)
    assert core.public(scalar)[0] == "argument"
    assert core.sign(scalar, bytes(32))[0] == "argument"


@pytest.mark.parametrize("scalar", SCALARS, ids=hex)
def test_numbers_that_are_private_keys(core: Core, scalar: int) -> None:
    assert core.scalar_valid(scalar)


def test_points_that_are_none(core: Core) -> None:
    x, y = curve.G
    good = curve.encode(curve.G)
    assert core.point_valid(good)
    for bad in (
        bytes(65),
        b"\x04" + bytes(64),
        b"\x04" + b"\xff" * 64,
        b"\x05" + good[1:],
        b"\x02" + good[1:],
        b"\x06" + good[1:],
        b"\x07" + good[1:],
        b"\x04" + y.to_bytes(32) + x.to_bytes(32),
        b"\x04" + x.to_bytes(32) + (y ^ 1).to_bytes(32),
        b"\x04" + curve.P.to_bytes(32) + y.to_bytes(32),
    ):
        assert not core.point_valid(bad), bad.hex()


def test_coordinates_are_not_taken_modulo_the_field(core: Core) -> None:
    # A point whose x is so small that x + p still fits in 32 bytes.
    point = next(point for x in range(5, 100) if (point := curve.lift_x(x)))
    assert core.point_valid(curve.encode(point))
    assert not core.point_valid(b"\x04" + (point[0] + curve.P).to_bytes(32) + point[1].to_bytes(32))


def test_the_negative_of_a_point_is_a_point(core: Core) -> None:
    x, y = curve.G
    assert core.point_valid(curve.encode((x, curve.P - y)))
