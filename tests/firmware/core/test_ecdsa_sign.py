"""Signatures: RFC 6979's own, and byte for byte those of OpenSSL."""

import hashlib
import random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from support.core import curve, vectors
from support.core.build import rounds
from support.core.library import Core

RFC_KEY = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
RFC_SIGNATURES = {
    b"sample": "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
    b"test": "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
    "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
}
DETERMINISTIC = ec.ECDSA(Prehashed(SHA256()), deterministic_signing=True)


@pytest.mark.parametrize("message", RFC_SIGNATURES)
def test_rfc_6979_a_2_5(core: Core, message: bytes) -> None:
    digest = hashlib.sha256(message).digest()
    assert core.sign(RFC_KEY, digest) == ("ok", bytes.fromhex(RFC_SIGNATURES[message]))


def test_a_thousand_signatures_are_those_of_openssl_and_verify_both_ways(core: Core) -> None:
    chance = random.Random(6979)
    for _ in range(rounds(1000)):
        secret = chance.randrange(1, curve.N)
        message = chance.randbytes(chance.randrange(1, 600))
        digest = hashlib.sha256(message).digest()
        key = ec.derive_private_key(secret, ec.SECP256R1())
        numbers = key.public_key().public_numbers()
        spki = curve.spki((numbers.x, numbers.y))

        error, ours = core.sign(secret, digest)
        assert error == "ok"
        der = core.der_encode(ours)
        key.public_key().verify(der, message, ec.ECDSA(SHA256()))
        assert der == key.sign(digest, DETERMINISTIC)

        random_nonce = key.sign(message, ec.ECDSA(SHA256()))
        assert core.verify(spki, message, random_nonce) == "ok"
        assert core.verify(spki, message + b".", random_nonce) == "signature"


@pytest.mark.parametrize("secret", [1, 2, curve.N - 1, 2**255, 2**32])
@pytest.mark.parametrize(
    "digest",
    [bytes(32), b"\xff" * 32, curve.N.to_bytes(32), (curve.N + 1).to_bytes(32), b"\x01" * 32],
    ids=["zero", "ones", "n", "n+1", "01"],
)
def test_unusual_keys_and_digests(core: Core, secret: int, digest: bytes) -> None:
    key = ec.derive_private_key(secret, ec.SECP256R1())
    error, signature = core.sign(secret, digest)
    assert error == "ok"
    assert core.der_encode(signature) == key.sign(digest, DETERMINISTIC)


CAVP = vectors.groups("SigGen.txt")["P-256,SHA-256"]


@pytest.mark.parametrize("record", CAVP, ids=lambda record: record["d"][:8])
def test_cavp_signature_generation(core: Core, record: dict[str, str]) -> None:
    """NIST's nonces are random, so R is checked as the point of k, and S as an equation."""
    secret, nonce, r, s = (int(record[name], 16) for name in ("d", "k", "R", "S"))
    digest = hashlib.sha256(bytes.fromhex(record["Msg"])).digest()
    point = bytes.fromhex("04" + record["Qx"] + record["Qy"])
    assert core.public(secret) == ("ok", point)
    assert int.from_bytes(core.public(nonce)[1][1:33]) % curve.N == r
    assert s * nonce % curve.N == (int.from_bytes(digest) + r * secret) % curve.N

    spki = core.spki_encode(point)
    assert core.verify_digest(spki, digest, encode_dss_signature(r, s)) == "ok"
    made = core.der_encode(core.sign(secret, digest)[1])
    assert decode_dss_signature(made) != (r, s)
    assert core.verify_digest(spki, digest, made) == "ok"


def test_the_vectors_are_all_there() -> None:
    assert len(CAVP) == 15
