"""Signatures made so that the arithmetic of a verifier meets its rare cases.

A verifier computes u1 G + u2 Q with u1 = e/s and u2 = r/s. Here u1, u2 and Q are chosen, and the
digest and signature that belong to them computed: sums of equal points, of opposite points, of
nothing, tiny and huge factors, x coordinates beyond the order.
"""

import itertools

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from support.core import curve
from support.core.build import rounds
from support.core.curve import N, P
from support.core.library import Core

FACTORS = {
    "1": 1,
    "2": 2,
    "3": 3,
    "15": 15,
    "16": 16,
    "17": 17,
    "2^128": 2**128,
    "2^255": 2**255,
    "n-16": N - 16,
    "n-3": N - 3,
    "n-2": N - 2,
    "n-1": N - 1,
    "half": (N + 1) // 2,
    "ones": 2**224 - 1,
    "alternating": int("5" * 63, 16),
    "sparse": 2**252 + 2**131 + 1,
}
SECRETS = [1, 2, 3, 5, 16, N - 1, N - 2, N - 16, (N + 1) // 2, 2**200 + 12345]


def expected_verdict(u1: int, u2: int, secret: int) -> tuple[str, bytes, bytes]:
    """`(verdict, digest, signature)` of these factors."""
    point = curve.times_g((u1 + u2 * secret) % N)
    r = point[0] % N if point else 0x1234567  # the point at infinity has no x: any number
    s = r * pow(u2, -1, N) % N
    digest = (u1 * s % N).to_bytes(32)
    return ("signature" if point is None else "ok"), digest, encode_dss_signature(r, s)


@pytest.mark.parametrize("u1", [*FACTORS, "0"])
@pytest.mark.parametrize("u2", FACTORS)
def test_chosen_factors(core: Core, u1: str, u2: str) -> None:
    for secret in SECRETS[-rounds(len(SECRETS)) :]:
        verdict, digest, der = expected_verdict(FACTORS.get(u1, 0), FACTORS[u2], secret)
        spki = curve.spki(curve.times_g(secret))
        assert core.verify_digest(spki, digest, der) == verdict, secret


def test_sum_of_equal_points(core: Core) -> None:
    for u1, secret in itertools.product([1, 7, 2**100, N - 5], [2, 9, N - 1]):
        u2 = u1 * pow(secret, -1, N) % N  # u1 G = u2 Q
        verdict, digest, der = expected_verdict(u1, u2, secret)
        spki = curve.spki(curve.times_g(secret))
        assert verdict == "ok"
        assert core.verify_digest(spki, digest, der) == "ok"


def test_sum_of_opposite_points(core: Core) -> None:
    for u1, secret in itertools.product([1, 7, 2**100, N - 5], [2, 9, N - 1]):
        u2 = -u1 * pow(secret, -1, N) % N  # u1 G = -u2 Q
        verdict, digest, der = expected_verdict(u1, u2, secret)
        spki = curve.spki(curve.times_g(secret))
        assert verdict == "signature"
        assert core.verify_digest(spki, digest, der) == "signature"


def recovered_key(point: curve.Point, r: int, s: int, e: int) -> curve.Point:
    """The key under which (r, s) signs e with this nonce point."""
    inverse = pow(r, -1, N)
    return curve.add(curve.multiply(s * inverse, point), curve.times_g(-e * inverse))


def test_x_beyond_the_order_is_reduced(core: Core) -> None:
    """Of 2^128 signatures one has such an x; r is then x - n."""
    found = 0
    for x in range(N, N + 40):
        point = curve.lift_x(x)
        if point is None or x == N:
            continue
        found += 1
        e, s = 0xABCDEF, 0x987654321
        spki = curve.spki(recovered_key(point, x - N, s, e))
        assert core.verify_digest(spki, e.to_bytes(32), encode_dss_signature(x - N, s)) == "ok"
        # The same x unreduced is out of range although it names the right point.
        assert core.verify_digest(spki, e.to_bytes(32), encode_dss_signature(x, s)) == "signature"
    assert found > 5


def test_r_and_x_alike_modulo_the_field_only(core: Core) -> None:
    # r = x + n - p would be right for a verifier that compares modulo p.
    x = next(x for x in range(P - 1, P - 100, -1) if curve.lift_x(x))
    r = (x + N) % P
    spki = curve.spki(recovered_key(curve.lift_x(x), x % N, 5, 7))
    assert core.verify_digest(spki, (7).to_bytes(32), encode_dss_signature(x % N, 5)) == "ok"
    assert core.verify_digest(spki, (7).to_bytes(32), encode_dss_signature(r, 5)) == "signature"


@pytest.mark.parametrize("s", [1, 2, 3, N - 1, N - 2, 2**255, 2**16 + 1], ids=hex)
@pytest.mark.parametrize("k", [4, 5, N - 4, 12345], ids=hex)
@pytest.mark.parametrize("e", [1, N - 1, N + 1, 2**256 - 1, 2**255], ids=hex)
def test_small_and_large_parts(core: Core, s: int, k: int, e: int) -> None:
    r = curve.times_g(k)[0] % N
    key = curve.times_g((s * k - e) * pow(r, -1, N))
    der = encode_dss_signature(r, s)
    assert core.verify_digest(curve.spki(key), e.to_bytes(32), der) == "ok"
    wrong = e + 1 if e < 2**256 - 1 else e - 1
    assert core.verify_digest(curve.spki(key), wrong.to_bytes(32), der) == "signature"


OUT_OF_RANGE = {"0": 0, "n": N, "n+1": N + 1, "p": P, "p+1": P + 1, "2^256-1": 2**256 - 1}


@pytest.mark.parametrize("bad", OUT_OF_RANGE.values(), ids=OUT_OF_RANGE)
@pytest.mark.parametrize("digest", [bytes(32), b"\x01" * 32, b"\xff" * 32])
def test_parts_out_of_range(core: Core, bad: int, digest: bytes) -> None:
    spki = curve.spki(curve.times_g(3))
    for r, s in ((bad, 1), (1, bad), (bad, bad), (bad, N - 1), (N - 1, bad)):
        assert core.verify_digest(spki, digest, encode_dss_signature(r, s)) == "signature"


def test_r_is_not_taken_modulo_the_order(core: Core) -> None:
    """A signature with r + n in place of r, for an r so small that r + n fits in 256 bits."""
    x = next(x for x in range(5, 100) if curve.lift_x(x))
    spki = curve.spki(recovered_key(curve.lift_x(x), x, 11, 13))
    assert core.verify_digest(spki, (13).to_bytes(32), encode_dss_signature(x, 11)) == "ok"
    for der in (encode_dss_signature(x + N, 11), encode_dss_signature(x, 11 + N)):
        assert core.verify_digest(spki, (13).to_bytes(32), der) == "signature"


@pytest.mark.parametrize("e", [0, N], ids=["zero", "order"])
def test_zero_digest(core: Core, e: int) -> None:
    for secret in (2, N - 1, N - 2, 77):
        spki = curve.spki(curve.times_g(secret))
        error, raw = core.sign(secret, e.to_bytes(32))
        assert error == "ok"
        der = core.der_encode(raw)
        for digest in (e.to_bytes(32), e.to_bytes(32) + b"\xaa" * 32):
            assert core.verify_digest(spki, digest, der) == "ok"
        assert core.verify_digest(spki, b"\x01" * 32, der) == "signature"
        forged = core.der_encode(raw[:32] + bytes(31) + b"\x07")
        assert core.verify_digest(spki, e.to_bytes(32), forged) == "signature"


def test_zero_digest_under_the_generator_as_key(core: Core) -> None:
    """u1 is 0 and Q is G: some verifiers refuse that."""
    for secret in (1, N - 1):
        error, raw = core.sign(secret, bytes(32))
        assert error == "ok"
        spki = curve.spki(curve.times_g(secret))
        assert core.verify_digest(spki, bytes(32), core.der_encode(raw)) == "ok"
