"""Strict DER of signatures: one form in, every other refused."""

import random

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from support.core.library import Core

EDGES = [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 2**127, 2**248 - 1, 2**255 - 1, 2**255]
EDGES += [2**256 - 1]


def raw(r: int, s: int) -> bytes:
    return r.to_bytes(32) + s.to_bytes(32)


@pytest.mark.parametrize("r", EDGES)
@pytest.mark.parametrize("s", EDGES)
def test_both_ways_agree_with_openssl(core: Core, r: int, s: int) -> None:
    der = encode_dss_signature(r, s)
    assert core.der_encode(raw(r, s)) == der
    assert core.der_decode(der) == ("ok", raw(r, s))


def integer(content: bytes) -> bytes:
    return bytes([2, len(content)]) + content


def sequence(content: bytes) -> bytes:
    return bytes([0x30, len(content)]) + content


ONE = integer(b"\x01")
BIG = integer(b"\x00" + b"\xff" * 32)

REFUSED = {
    "empty": b"",
    "one byte": b"\x30",
    "empty sequence": sequence(b""),
    "one integer": sequence(ONE),
    "three integers": sequence(ONE * 3),
    "a set": b"\x31" + sequence(ONE * 2)[1:],
    "primitive sequence": b"\x10" + sequence(ONE * 2)[1:],
    "wrong integer tag": sequence(b"\x03" + ONE[1:] + ONE),
    "boolean for s": sequence(ONE + b"\x01\x01\xff"),
    "trailing byte": sequence(ONE * 2) + b"\x00",
    "trailing byte inside": sequence(ONE * 2 + b"\x00"),
    "trailing null inside": sequence(ONE * 2 + b"\x05\x00"),
    "length one too long": b"\x30\x07" + ONE * 2,
    "length one too short": b"\x30\x05" + ONE * 2,
    "length zero": b"\x30\x00" + ONE * 2,
    "long form of the length": b"\x30\x81\x06" + ONE * 2,
    "long form with zeros": b"\x30\x82\x00\x06" + ONE * 2,
    "indefinite length": b"\x30\x80" + ONE * 2 + b"\x00\x00",
    "integer with long form": sequence(b"\x02\x81\x01\x01" + ONE),
    "integer with length 2^32 + 1": sequence(b"\x02\x85\x01\x00\x00\x00\x01\x01" + ONE),
    "integer with indefinite length": sequence(b"\x02\x80\x01\x00\x00" + ONE),
    "integer without content": sequence(integer(b"") + ONE),
    "s without content": sequence(ONE + integer(b"")),
    "integer cut": sequence(b"\x02\x05\x01" + ONE),
    "integer beyond the end": sequence(ONE + b"\x02\x7f\x01"),
    "negative r": sequence(integer(b"\x80") + ONE),
    "negative s": sequence(ONE + integer(b"\xff" * 32)),
    "needless zero in r": sequence(integer(b"\x00\x01") + ONE),
    "needless zero in s": sequence(ONE + integer(b"\x00\x7f")),
    "two zeros": sequence(integer(b"\x00\x00") + ONE),
    "zeros before a high bit": sequence(integer(b"\x00\x00\x80") + ONE),
    "r of 257 bits": sequence(integer(b"\x01" + b"\x00" * 32) + ONE),
    "r of 33 bytes with high bit": sequence(integer(b"\x00\x80" + b"\x00" * 32) + ONE),
    "s of 126 bytes": sequence(ONE + integer(b"\x01" * 120)),
    "longer than any": sequence(BIG * 2 + b"\x00" * 3),
    "raw r and s": b"\x11" * 64,
    "text": b"3006020101020101",
}


@pytest.mark.parametrize("der", REFUSED.values(), ids=REFUSED.keys())
def test_other_forms_are_refused(core: Core, der: bytes) -> None:
    assert core.der_decode(der)[0] == "signature"


@pytest.mark.parametrize("good", [sequence(ONE * 2), sequence(BIG * 2), sequence(ONE + BIG)])
def test_every_prefix_and_every_longer_text_is_refused(core: Core, good: bytes) -> None:
    assert core.der_decode(good)[0] == "ok"
    for size in range(len(good)):
        assert core.der_decode(good[:size])[0] == "signature"
    for size in (1, 2, 100, 5000):
        assert core.der_decode(good + bytes(size))[0] == "signature"


def test_whatever_is_accepted_has_that_one_form(core: Core) -> None:
    chance = random.Random(7)
    accepted = 0
    for _ in range(20_000):
        der = bytearray(
            encode_dss_signature(
                chance.getrandbits(chance.choice((8, 255, 256))), chance.getrandbits(256)
            )
        )
        for _ in range(chance.randrange(3)):
            der[chance.choice((0, 1, 2, 3, 4, chance.randrange(len(der))))] = chance.choice(
                (0, 1, 2, 0x20, 0x21, 0x22, 0x30, 0x7F, 0x80, 0x81, chance.randrange(256))
            )
        error, signature = core.der_decode(bytes(der))
        assert error in ("ok", "signature")
        if error == "ok":
            accepted += 1
            assert core.der_encode(signature) == der
    assert 1_000 < accepted < 20_000
