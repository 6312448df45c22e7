"""SubjectPublicKeyInfo of P-256: 91 bytes, and no others."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support.core import curve
from support.core.library import Core

POINT = curve.times_g(0xC0FFEE)
SPKI = curve.spki(POINT)


def test_encoding_is_that_of_openssl(core: Core) -> None:
    key = ec.derive_private_key(0xC0FFEE, ec.SECP256R1()).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert core.spki_encode(curve.encode(POINT)) == der == SPKI
    assert core.spki_decode(der) == ("ok", curve.encode(POINT))


def test_any_change_of_the_header_is_refused(core: Core) -> None:
    for i in range(27):
        for bit in range(8):
            changed = bytearray(SPKI)
            changed[i] ^= 1 << bit
            assert core.spki_decode(bytes(changed))[0] == "public_key", (i, bit)


@pytest.mark.parametrize("size", [0, 1, 26, 27, 59, 90])
def test_short_keys_are_refused(core: Core, size: int) -> None:
    assert core.spki_decode(SPKI[:size])[0] == "public_key"


@pytest.mark.parametrize("extra", [1, 2, 1000])
def test_long_keys_are_refused(core: Core, extra: int) -> None:
    assert core.spki_decode(SPKI + bytes(extra))[0] == "public_key"


def test_compressed_hybrid_and_raw_points_are_refused(core: Core) -> None:
    key = ec.derive_private_key(0xC0FFEE, ec.SECP256R1()).public_key()
    compressed = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    der = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + compressed
    hybrid = SPKI[:26] + b"\x06" + SPKI[27:]
    for other in (der, hybrid, curve.encode(POINT), compressed):
        assert core.spki_decode(other)[0] == "public_key"
