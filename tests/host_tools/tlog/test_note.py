"""Signed notes: the published example, both kinds of keys, and notes that must not be trusted."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from wattseal.tlog.checkpoint import (
    EcdsaKey,
    EcdsaSigner,
    Ed25519Key,
    Ed25519Signer,
    check_note,
    read_vkey,
    sign_note,
)
from wattseal.wire.signed_note import NoteError

TEXT = "registry.example\n3\nAAAA\n"

# The example of the Go package golang.org/x/mod/sumdb/note.
PUBLISHED_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
    "qdngotpRZb6KE6RyyBwJnAM=\n"
)


@pytest.fixture(scope="module")
def ed() -> Ed25519Signer:
    return Ed25519Signer(
        "registry.example", ed25519.Ed25519PrivateKey.from_private_bytes(b"1" * 32)
    )


@pytest.fixture(scope="module")
def ecdsa() -> EcdsaSigner:
    return EcdsaSigner("registry.example", ec.derive_private_key(12345, ec.SECP256R1()))


def test_published_note_and_key() -> None:
    raw = base64.b64decode(PUBLISHED_KEY.split("+", 2)[2])[1:]
    key = Ed25519Key("PeterNeumann", ed25519.Ed25519PublicKey.from_public_bytes(raw))
    assert key.vkey == PUBLISHED_KEY
    assert check_note(PUBLISHED_NOTE, [key]).startswith("If you think")


def test_published_key_is_read() -> None:
    assert check_note(PUBLISHED_NOTE, [read_vkey(PUBLISHED_KEY)]).startswith("If you think")


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "PeterNeumann",
        PUBLISHED_KEY[:-4],
        PUBLISHED_KEY.replace("c74f20a3", "c74f20a4"),
        PUBLISHED_KEY.replace("Peter", "Paul"),
        PUBLISHED_KEY.replace("+ARpc", "+ARpd"),
        PUBLISHED_KEY.replace("+ARpc", "+AhpC"),  # another type of key
        PUBLISHED_KEY + "\n",
    ],
)
def test_keys_of_log_clients_that_are_none(vkey: str) -> None:
    with pytest.raises(NoteError):
        read_vkey(vkey)


def test_both_signatures_are_found_and_hold(ed: Ed25519Signer, ecdsa: EcdsaSigner) -> None:
    note = sign_note(TEXT, [ed, ecdsa])
    assert note.startswith(TEXT + "\n\u2014 registry.example ")
    for keys in ([ed.public], [ecdsa.public], [ecdsa.public, ed.public]):
        assert check_note(note, keys) == TEXT


def test_a_text_may_hold_empty_lines(ed: Ed25519Signer) -> None:
    assert check_note(sign_note("a\n\nb\n", [ed]), [ed.public]) == "a\n\nb\n"


@pytest.mark.parametrize("kind", ["ed", "ecdsa"])
def test_every_changed_bit_is_noticed(kind: str, request: pytest.FixtureRequest) -> None:
    signer = request.getfixturevalue(kind)
    note = sign_note("origin\n1\n", [signer])
    for at, character in enumerate(note):
        altered = note[:at] + chr(ord(character) ^ 1) + note[at + 1 :]
        with pytest.raises(NoteError):
            check_note(altered, [signer.public])


@pytest.mark.parametrize("keep", range(0, 130, 7))
def test_every_cut_is_noticed(ed: Ed25519Signer, keep: int) -> None:
    note = sign_note(TEXT, [ed])
    assert keep < len(note)
    with pytest.raises(NoteError):
        check_note(note[:keep], [ed.public])


def test_signature_of_another_key(ed: Ed25519Signer) -> None:
    other = Ed25519Signer("registry.example", ed25519.Ed25519PrivateKey.generate())
    with pytest.raises(NoteError):
        check_note(sign_note(TEXT, [other]), [ed.public])


def test_another_keys_signature_under_our_name_and_id(ecdsa: EcdsaSigner) -> None:
    other = EcdsaSigner("registry.example", ec.generate_private_key(ec.SECP256R1()))
    other.public.key_id = ecdsa.public.key_id
    with pytest.raises(NoteError, match="is wrong"):
        check_note(sign_note(TEXT, [other]), [ecdsa.public])


def test_same_key_under_another_name(ecdsa: EcdsaSigner) -> None:
    other = EcdsaKey("elsewhere.example", ec.derive_private_key(12345, ec.SECP256R1()).public_key())
    with pytest.raises(NoteError, match="no signature"):
        check_note(sign_note(TEXT, [ecdsa]), [other])


def test_one_of_two_wanted_is_not_enough(ed: Ed25519Signer, ecdsa: EcdsaSigner) -> None:
    with pytest.raises(NoteError, match="no signature"):
        check_note(sign_note(TEXT, [ed]), [ed.public, ecdsa.public])


def test_no_key_trusts_nothing(ed: Ed25519Signer) -> None:
    with pytest.raises(NoteError, match="no key"):
        check_note(sign_note(TEXT, [ed]), [])


def test_two_signatures_of_one_key_are_refused(ecdsa: EcdsaSigner) -> None:
    with pytest.raises(NoteError, match="more than one"):
        check_note(sign_note(TEXT, [ecdsa, ecdsa]), [ecdsa.public])


def test_signature_of_another_text(ed: Ed25519Signer) -> None:
    signed = sign_note(TEXT, [ed]).split("\n\n")[1]
    with pytest.raises(NoteError, match="is wrong"):
        check_note("registry.example\n4\nAAAA\n\n" + signed, [ed.public])


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2028b", "a\u00a0b"])
def test_names_that_a_line_cannot_hold(name: str) -> None:
    with pytest.raises(NoteError, match="name of a key"):
        Ed25519Signer(name, ed25519.Ed25519PrivateKey.generate())


def test_a_key_on_another_curve_is_refused() -> None:
    with pytest.raises(NoteError, match="P-256"):
        EcdsaSigner("a", ec.generate_private_key(ec.SECP384R1()))


@pytest.mark.parametrize("text", ["", "no end", "tab\t\n", "carriage\r\n"])
def test_texts_that_cannot_be_signed(ed: Ed25519Signer, text: str) -> None:
    with pytest.raises(NoteError):
        sign_note(text, [ed])


def test_a_note_needs_a_signer() -> None:
    with pytest.raises(NoteError, match="1 to 16 signatures"):
        sign_note(TEXT, [])
