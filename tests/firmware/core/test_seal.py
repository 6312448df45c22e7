"""Sealing a record: the section's exact text, its limits, and that others can check it."""

import json
import re

import pytest
from core_harness.build import rounds
from core_harness.flash import NorFlash
from core_harness.library import Core, constant
from core_harness.slots import store
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

MAX_PAYLOAD = constant("ws_seal.h", "WS_SEAL_PAYLOAD_MAX_SIZE")
MAX_TEXT = constant("ws_seal.h", "WS_SEAL_TEXT_MAX_SIZE")
SECTION = re.compile(rb'\{"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SD":"(30(?:[0-9A-F]{2})+)"\}')


def signature_in(section: bytes) -> bytes:
    """DER of a section, having checked the section's form."""
    match = SECTION.fullmatch(section)
    assert match, section
    parsed = json.loads(section)
    assert list(parsed) == ["SA", "SE", "SD"]
    return bytes.fromhex(match[1].decode())


def test_openssl_accepts_sealed_payloads_of_every_signature_length(core: Core, keyed) -> None:
    flash = keyed()
    public_key = load_der_public_key(core.key_public(flash)[1])
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    lengths = set()
    for i in range(rounds(1500)):
        payload = f'{{"FV":"1.3","PG":"T{i}"}}'.encode()
        error, section = core.seal(flash, payload)
        assert error == "ok"
        der = signature_in(section)
        public_key.verify(der, payload, ec.ECDSA(SHA256()))
        assert core.der_decode(der)[0] == "ok"
        lengths.add(len(der))
    assert {70, 71, 72} <= lengths
    assert max(lengths) == 72
    assert flash.operations == []


def test_the_same_payload_gives_the_same_text(core: Core, keyed) -> None:
    assert core.seal(keyed(), b"{}") == core.seal(keyed(), b"{}")
    assert core.seal(keyed(), b"{}") != core.seal(keyed(), b"{} ")


@pytest.mark.parametrize("size", [1, 2, 63, 64, 65, 1000, MAX_PAYLOAD - 1, MAX_PAYLOAD])
def test_payload_sizes(core: Core, keyed, size: int) -> None:
    flash = keyed()
    payload = b"{" + bytes(i % 256 for i in range(size - 1))
    error, section = core.seal(flash, payload)
    assert error == "ok"
    assert core.verify(core.key_public(flash)[1], payload, signature_in(section)) == "ok"


@pytest.mark.parametrize("size", [0, MAX_PAYLOAD + 1, 100_000])
def test_refused_payload_sizes(core: Core, keyed, size: int) -> None:
    assert core.seal(keyed(), b"{" * size) == ("argument", b"")


def test_nothing_but_an_object_is_sealed(core: Core, keyed) -> None:
    """The first byte sets records apart from all else that the key signs."""
    flash = keyed()
    for first in range(256):
        error, _ = core.seal(flash, bytes([first]) + b'"FV":"1.3"}')
        assert error == ("ok" if first == ord("{") else "argument"), first


def test_the_key_of_the_number_seals(core: Core) -> None:
    flash = NorFlash(sector_count=4)
    store(flash, 0, 2, 2222)
    store(flash, 3, 1, 1111)
    for number in (1, 2):
        error, section = core.seal(flash, b"{}", number=number)
        assert error == "ok"
        public_key = core.key_public(flash, number)[1]
        assert core.verify(public_key, b"{}", signature_in(section)) == "ok"
    assert core.seal(flash, b"{}", number=3) == ("no_key", b"")


@pytest.mark.parametrize("capacity", [0, 1, 100, MAX_TEXT - 1])
def test_too_small_a_buffer_stays_untouched(core: Core, keyed, capacity: int) -> None:
    assert core.seal(keyed(), b"{}", capacity) == ("space", b"")


def test_a_larger_buffer_is_written_no_further_than_told(core: Core, keyed) -> None:
    error, section = core.seal(keyed(), b"{}", 5000)  # the harness checks the rest of the buffer
    assert error == "ok"
    assert len(section) <= MAX_TEXT


def test_without_a_key_nothing_is_written(core: Core) -> None:
    assert core.seal(NorFlash(), b"{}") == ("no_key", b"")
