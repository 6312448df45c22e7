"""Signing a statement: what exactly is signed, and that it can never pass for a record."""

import pytest
from core_harness.build import rounds
from core_harness.flash import NorFlash
from core_harness.library import Core, constant
from core_harness.slots import store
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

PREFIX = b"wattseal.statement.v1\n"
MAX_TEXT = constant("ws_statement.h", "WS_STATEMENT_MAX_SIZE")


def test_openssl_accepts_prefix_and_text(core: Core, keyed) -> None:
    flash = keyed()
    public_key = load_der_public_key(core.key_public(flash)[1])
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    lengths = set()
    for i in range(rounds(500)):
        text = f'{{"type":"birth","number":{i}}}'.encode()
        error, der = core.statement_sign(flash, text)
        assert error == "ok"
        public_key.verify(der, PREFIX + text, ec.ECDSA(SHA256()))
        lengths.add(len(der))
    assert {70, 71} <= lengths
    assert flash.operations == []


@pytest.mark.parametrize("text", [b"{}", b"{", b'{"FV":"1.3"}', b"w", b"\0"])
def test_a_statement_is_no_seal_of_anything(core: Core, keyed, text: bytes) -> None:
    """The signature holds over the prefixed text and over nothing that seal() would sign."""
    flash = keyed()
    spki = core.key_public(flash)[1]
    _, der = core.statement_sign(flash, text)
    assert core.verify(spki, PREFIX + text, der) == "ok"
    assert core.verify(spki, text, der) == "signature"
    assert core.seal(flash, PREFIX + text) == ("argument", b"")


def test_each_key_signs_for_itself(core: Core) -> None:
    flash = NorFlash(sector_count=4)
    store(flash, 0, 4, 4444)
    store(flash, 2, 5, 5555)
    for number, other in ((4, 5), (5, 4)):
        error, der = core.statement_sign(flash, b"{}", number)
        assert error == "ok"
        assert core.verify(core.key_public(flash, number)[1], PREFIX + b"{}", der) == "ok"
        assert core.verify(core.key_public(flash, other)[1], PREFIX + b"{}", der) == "signature"
    assert core.statement_sign(flash, b"{}", 6) == ("no_key", b"")


@pytest.mark.parametrize("size", [1, 42, 43, 1000, MAX_TEXT - 1, MAX_TEXT])
def test_text_sizes(core: Core, keyed, size: int) -> None:
    flash = keyed()
    text = bytes(i % 256 for i in range(size))
    error, der = core.statement_sign(flash, text)
    assert error == "ok"
    assert core.verify(core.key_public(flash)[1], PREFIX + text, der) == "ok"


@pytest.mark.parametrize("size", [0, MAX_TEXT + 1, 100_000])
def test_refused_text_sizes(core: Core, keyed, size: int) -> None:
    assert core.statement_sign(keyed(), bytes(size)) == ("argument", b"")


def test_the_same_text_gives_the_same_signature(core: Core, keyed) -> None:
    assert core.statement_sign(keyed(), b"{}") == core.statement_sign(keyed(), b"{}")


def test_without_a_key_nothing_is_written(core: Core) -> None:
    assert core.statement_sign(NorFlash(), b"{}") == ("no_key", b"")
