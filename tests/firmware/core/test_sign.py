"""Signing records and statements: what exactly is signed and written, its limits, and that others
can check it. A statement can never pass for a record.
"""

import json
import re

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from support.core.build import rounds
from support.core.flash import NorFlash
from support.core.library import Core, constant
from support.core.slots import store

MAX_PAYLOAD = constant("ws_sign.h", "WS_RECORD_PAYLOAD_MAX_SIZE")
MAX_SECTION = constant("ws_sign.h", "WS_RECORD_SECTION_MAX_SIZE")
PREFIX = b"wattseal.statement.v1\n"
MAX_STATEMENT = constant("ws_sign.h", "WS_STATEMENT_MAX_SIZE")
SECTION = re.compile(rb'\{"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SD":"(30(?:[0-9A-F]{2})+)"\}')


def signature_in(section: bytes) -> bytes:
    """DER of a section, having checked the section's form."""
    match = SECTION.fullmatch(section)
    assert match, section
    parsed = json.loads(section)
    assert list(parsed) == ["SA", "SE", "SD"]
    return bytes.fromhex(match[1].decode())


def test_openssl_accepts_records_with_every_signature_length(core: Core, keyed) -> None:
    flash = keyed()
    public_key = load_der_public_key(core.key_public(flash)[1])
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    lengths = set()
    for i in range(rounds(1500)):
        payload = f'{{"FV":"1.3","PG":"T{i}"}}'.encode()
        error, section = core.sign_record(flash, payload)
        assert error == "ok"
        der = signature_in(section)
        public_key.verify(der, payload, ec.ECDSA(SHA256()))
        assert core.der_decode(der)[0] == "ok"
        lengths.add(len(der))
    assert {70, 71, 72} <= lengths
    assert max(lengths) == 72
    assert flash.operations == []


def test_the_same_payload_gives_the_same_section(core: Core, keyed) -> None:
    assert core.sign_record(keyed(), b"{}") == core.sign_record(keyed(), b"{}")
    assert core.sign_record(keyed(), b"{}") != core.sign_record(keyed(), b"{} ")


@pytest.mark.parametrize("size", [1, 2, 63, 64, 65, 1000, MAX_PAYLOAD - 1, MAX_PAYLOAD])
def test_payload_sizes(core: Core, keyed, size: int) -> None:
    flash = keyed()
    payload = b"{" + bytes(i % 256 for i in range(size - 1))
    error, section = core.sign_record(flash, payload)
    assert error == "ok"
    assert core.verify(core.key_public(flash)[1], payload, signature_in(section)) == "ok"


@pytest.mark.parametrize("size", [0, MAX_PAYLOAD + 1, 100_000])
def test_refused_payload_sizes(core: Core, keyed, size: int) -> None:
    assert core.sign_record(keyed(), b"{" * size) == ("argument", b"")


def test_nothing_but_an_object_is_signed_as_a_record(core: Core, keyed) -> None:
    """The first byte sets records apart from all else that the key signs."""
    flash = keyed()
    for first in range(256):
        error, _ = core.sign_record(flash, bytes([first]) + b'"FV":"1.3"}')
        assert error == ("ok" if first == ord("{") else "argument"), first


def test_the_key_of_the_number_signs_a_record(core: Core) -> None:
    flash = NorFlash(sector_count=4)
    store(flash, 0, 2, 2222)
    store(flash, 3, 1, 1111)
    for number in (1, 2):
        error, section = core.sign_record(flash, b"{}", number=number)
        assert error == "ok"
        public_key = core.key_public(flash, number)[1]
        assert core.verify(public_key, b"{}", signature_in(section)) == "ok"
    assert core.sign_record(flash, b"{}", number=3) == ("no_key", b"")


@pytest.mark.parametrize("capacity", [0, 1, 100, MAX_SECTION - 1])
def test_too_small_a_buffer_stays_untouched(core: Core, keyed, capacity: int) -> None:
    assert core.sign_record(keyed(), b"{}", capacity) == ("space", b"")


def test_a_larger_buffer_is_written_no_further_than_told(core: Core, keyed) -> None:
    error, section = core.sign_record(
        keyed(), b"{}", 5000
    )  # the harness checks the rest of the buffer
    assert error == "ok"
    assert len(section) <= MAX_SECTION


def test_without_a_key_no_record_is_signed(core: Core) -> None:
    assert core.sign_record(NorFlash(), b"{}") == ("no_key", b"")


def test_openssl_accepts_prefix_and_text_of_a_statement(core: Core, keyed) -> None:
    flash = keyed()
    public_key = load_der_public_key(core.key_public(flash)[1])
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    lengths = set()
    for i in range(rounds(500)):
        text = f'{{"type":"birth","number":{i}}}'.encode()
        error, der = core.sign_statement(flash, text)
        assert error == "ok"
        public_key.verify(der, PREFIX + text, ec.ECDSA(SHA256()))
        lengths.add(len(der))
    assert {70, 71} <= lengths
    assert flash.operations == []


@pytest.mark.parametrize("text", [b"{}", b"{", b'{"FV":"1.3"}', b"w", b"\0"])
def test_a_statement_is_no_record(core: Core, keyed, text: bytes) -> None:
    """The signature holds over the prefixed text and over nothing that sign_record() would sign."""
    flash = keyed()
    spki = core.key_public(flash)[1]
    _, der = core.sign_statement(flash, text)
    assert core.verify(spki, PREFIX + text, der) == "ok"
    assert core.verify(spki, text, der) == "signature"
    assert core.sign_record(flash, PREFIX + text) == ("argument", b"")


def test_each_key_signs_statements_for_itself(core: Core) -> None:
    flash = NorFlash(sector_count=4)
    store(flash, 0, 4, 4444)
    store(flash, 2, 5, 5555)
    for number, other in ((4, 5), (5, 4)):
        error, der = core.sign_statement(flash, b"{}", number)
        assert error == "ok"
        assert core.verify(core.key_public(flash, number)[1], PREFIX + b"{}", der) == "ok"
        assert core.verify(core.key_public(flash, other)[1], PREFIX + b"{}", der) == "signature"
    assert core.sign_statement(flash, b"{}", 6) == ("no_key", b"")


@pytest.mark.parametrize("size", [1, 42, 43, 1000, MAX_STATEMENT - 1, MAX_STATEMENT])
def test_statement_sizes(core: Core, keyed, size: int) -> None:
    flash = keyed()
    text = bytes(i % 256 for i in range(size))
    error, der = core.sign_statement(flash, text)
    assert error == "ok"
    assert core.verify(core.key_public(flash)[1], PREFIX + text, der) == "ok"


@pytest.mark.parametrize("size", [0, MAX_STATEMENT + 1, 100_000])
def test_refused_statement_sizes(core: Core, keyed, size: int) -> None:
    assert core.sign_statement(keyed(), bytes(size)) == ("argument", b"")


def test_the_same_statement_gives_the_same_signature(core: Core, keyed) -> None:
    assert core.sign_statement(keyed(), b"{}") == core.sign_statement(keyed(), b"{}")


def test_without_a_key_no_statement_is_signed(core: Core) -> None:
    assert core.sign_statement(NorFlash(), b"{}") == ("no_key", b"")
