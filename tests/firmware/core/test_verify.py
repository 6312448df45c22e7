"""Verification: NIST's vectors, and every part of a good signature tampered with."""

import hashlib
import random

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from support.core import curve, vectors
from support.core.build import rounds
from support.core.library import Core

HASHES = {"SHA-1": "sha1", "SHA-224": "sha224", "SHA-256": "sha256"}
HASHES |= {"SHA-384": "sha384", "SHA-512": "sha512"}
PREFIX = "P-256,"

CASES = [
    (name, record)
    for name in HASHES
    for source in ("SigVer.rsp", "SigGen.txt")
    for record in vectors.groups(source)[PREFIX + name]
]


def test_the_vectors_are_all_there() -> None:
    assert len(CASES) == 5 * (15 + 15)
    verdicts = [record["Result"][0] for _, record in CASES if "Result" in record]
    assert len(verdicts) == 75
    assert set(verdicts) == {"P", "F"}


@pytest.mark.parametrize(
    ("name", "record"), CASES, ids=[f"{name}-{i}" for i, (name, _) in enumerate(CASES)]
)
def test_cavp_signature(core: Core, name: str, record: dict[str, str]) -> None:
    message = bytes.fromhex(record["Msg"])
    digest = hashlib.new(HASHES[name], message, usedforsecurity=False).digest()
    x, y, r, s = (int(record[part], 16) for part in ("Qx", "Qy", "R", "S"))
    spki = curve.spki((x, y))
    der = encode_dss_signature(r, s)
    expected = {"ok"} if record.get("Result", "P")[0] == "P" else {"signature", "public_key"}
    assert core.verify_digest(spki, digest, der) in expected
    if name == "SHA-256":
        assert core.verify(spki, message, der) in expected


SECRET = 0x1234567890ABCDEF
KEY = ec.derive_private_key(SECRET, ec.SECP256R1())
SPKI = curve.spki(curve.times_g(SECRET))
MESSAGE = b"energy 2935.600 kWh"
SIGNATURE = KEY.sign(MESSAGE, ec.ECDSA(SHA256(), deterministic_signing=True))


def flipped(data: bytes, bit: int) -> bytes:
    return bytes(byte ^ (1 << bit % 8 if i == bit // 8 else 0) for i, byte in enumerate(data))


def test_the_untouched_one_is_good(core: Core) -> None:
    assert core.verify(SPKI, MESSAGE, SIGNATURE) == "ok"


def test_every_flipped_bit_of_the_message(core: Core) -> None:
    for bit in range(8 * len(MESSAGE)):
        assert core.verify(SPKI, flipped(MESSAGE, bit), SIGNATURE) == "signature"


def test_every_flipped_bit_of_the_signature(core: Core) -> None:
    for bit in range(8 * len(SIGNATURE)):
        assert core.verify(SPKI, MESSAGE, flipped(SIGNATURE, bit)) == "signature"


def test_every_flipped_bit_of_the_key(core: Core) -> None:
    for bit in range(8 * len(SPKI)):
        assert core.verify(flipped(SPKI, bit), MESSAGE, SIGNATURE) == "public_key"


def test_another_key(core: Core) -> None:
    other = curve.spki(curve.times_g(SECRET + 1))
    assert core.verify(other, MESSAGE, SIGNATURE) == "signature"


def test_every_length_of_key_and_signature(core: Core) -> None:
    for size in [*range(len(SPKI)), len(SPKI) + 1, 5000]:
        assert core.verify(SPKI.ljust(size, b"\0")[:size], MESSAGE, SIGNATURE) == "public_key"
    for size in [*range(len(SIGNATURE)), len(SIGNATURE) + 1, 5000]:
        assert core.verify(SPKI, MESSAGE, SIGNATURE.ljust(size, b"\0")[:size]) == "signature"


def test_empty_and_long_messages(core: Core) -> None:
    for message in (b"", bytes(100_000)):
        signature = KEY.sign(message, ec.ECDSA(SHA256()))
        assert core.verify(SPKI, message, signature) == "ok"


def test_the_other_half_of_the_signature_is_as_good(core: Core) -> None:
    # (r, n - s) signs the same: a verifier that refused it would refuse half of all signers.
    error, raw = core.der_decode(SIGNATURE)
    r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
    assert error == "ok"
    assert core.verify(SPKI, MESSAGE, encode_dss_signature(r, curve.N - s)) == "ok"


@pytest.mark.parametrize("size", range(70))
def test_digest_lengths(core: Core, size: int) -> None:
    """FIPS 186-5, 6.4.2: the leftmost 256 bits count, a shorter digest is a smaller number."""
    digest = random.Random(size).randbytes(size)
    counted = digest[:32].rjust(32, b"\0")
    der = core.der_encode(core.sign(SECRET, counted)[1])
    expected = "ok" if 20 <= size <= 64 else "argument"
    assert core.verify_digest(SPKI, digest, der) == expected


def test_verdicts_are_those_of_openssl_on_signatures_nearly_good(core: Core) -> None:
    chance = random.Random(186)
    algorithm = ec.ECDSA(Prehashed(SHA256()))
    good = 0
    for _ in range(rounds(1000)):
        digest = bytearray(chance.randbytes(32))
        r, s = (
            int.from_bytes(part)
            for part in (lambda raw: (raw[:32], raw[32:]))(core.sign(SECRET, bytes(digest))[1])
        )
        match chance.randrange(4):
            case 0:
                r = chance.choice((0, 1, curve.N - r, curve.N, r + curve.N, r ^ 1, s))
            case 1:
                s = chance.choice((0, 1, curve.N - s, curve.N, s + curve.N, s ^ 1, r))
            case 2:
                digest[chance.randrange(32)] ^= 1 << chance.randrange(8)
        der = encode_dss_signature(r, s)
        try:
            KEY.public_key().verify(der, bytes(digest), algorithm)
            expected = "ok"
        except InvalidSignature:
            expected = "signature"
        good += expected == "ok"
        assert core.verify_digest(SPKI, bytes(digest), der) == expected
    assert rounds(200) < good < rounds(800)


def test_a_point_of_the_curve_is_a_public_key(core: Core) -> None:
    for secret in (1, 2, 12345, curve.N - 1):
        assert core.verify_public_key(curve.spki(curve.times_g(secret))) == "ok"


def test_what_is_no_point_is_no_public_key(core: Core) -> None:
    good = curve.spki(curve.times_g(12345))
    beyond = (curve.P + 5).to_bytes(32)
    bad = {
        "nothing": b"",
        "short": good[:-1],
        "long": good + b"\0",
        "other curve": good[:20] + b"\x22" + good[21:],
        "off the curve": good[:-1] + bytes([good[-1] ^ 1]),
        "zeros": good[:27] + bytes(64),
        "x beyond the field": good[:27] + beyond + good[59:],
        "compressed": good[:26] + b"\x02" + good[27:],
    }
    assert {name for name, spki in bad.items() if core.verify_public_key(spki) == "ok"} == set()
