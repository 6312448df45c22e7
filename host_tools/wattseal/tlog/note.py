"""Signed notes: a text and the signature lines below it (C2SP signed-note).

Two kinds of keys sign ours: Ed25519 (type 0x01), which every client of tile logs reads, and ECDSA
on P-256 with SHA-256 (type 0x02), which a signing module can check with the curve it has.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

MAX_NOTE_BYTES = 16384
MAX_SIGNATURES = 16

_ED25519 = b"\x01"
_KEY_ID_BYTES = 4
_MARK = "\u2014 "  # the em dash and blank that open a signature line


class NoteError(ValueError):
    """A note cannot be made, read or trusted; the message says why."""


class NoteKey(Protocol):
    """A public key under the name that signature lines give it."""

    name: str
    key_id: bytes

    def is_signature(self, text: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's over the text."""


class NoteSigner(Protocol):
    """A private key under such a name."""

    @property
    def public(self) -> NoteKey:
        """Its public half."""

    def sign(self, text: bytes) -> bytes:
        """The signature alone, without the key id before it."""


def check_name(name: str) -> str:
    """The name of a key, if it can be one: not empty, no blanks, no plus sign."""
    if not name or not name.isprintable() or any(c.isspace() or c == "+" for c in name):
        raise NoteError("the name of a key is empty or holds a blank or a plus sign")
    return name


class Ed25519Key:
    """A public key of type 0x01."""

    def __init__(self, name: str, key: ed25519.Ed25519PublicKey) -> None:
        self.name = check_name(name)
        self._key = key
        self._typed = _ED25519 + key.public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        self.key_id = hashlib.sha256(name.encode() + b"\n" + self._typed).digest()[:_KEY_ID_BYTES]

    @property
    def vkey(self) -> str:
        """The key in the one-line form that clients of tile logs are configured with."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self._typed).decode()}"

    def is_signature(self, text: bytes, signature: bytes) -> bool:
        """Whether the 64 bytes are this key's signature over the text."""
        return _holds(lambda: self._key.verify(signature, text))


class EcdsaKey:
    """A public key of type 0x02, on P-256; its id is taken from its SubjectPublicKeyInfo."""

    def __init__(self, name: str, key: ec.EllipticCurvePublicKey) -> None:
        if not isinstance(key.curve, ec.SECP256R1):
            raise NoteError("the ECDSA key of a note is not on the curve P-256")
        self.name = check_name(name)
        self._key = key
        self.spki = key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.key_id = hashlib.sha256(self.spki).digest()[:_KEY_ID_BYTES]

    def is_signature(self, text: bytes, signature: bytes) -> bool:
        """Whether the DER is this key's signature over the text."""
        return _holds(lambda: self._key.verify(signature, text, ec.ECDSA(hashes.SHA256())))


class Ed25519Signer:
    """A private key of type 0x01."""

    def __init__(self, name: str, key: ed25519.Ed25519PrivateKey) -> None:
        self.public = Ed25519Key(name, key.public_key())
        self._key = key

    def sign(self, text: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(text)


class EcdsaSigner:
    """A private key of type 0x02, on P-256."""

    def __init__(self, name: str, key: ec.EllipticCurvePrivateKey) -> None:
        self.public = EcdsaKey(name, key.public_key())
        self._key = key

    def sign(self, text: bytes) -> bytes:
        """ECDSA with SHA-256, DER."""
        return self._key.sign(text, ec.ECDSA(hashes.SHA256()))


@dataclass(frozen=True)
class SignatureLine:
    """A signature below a note; `key_id` and `name` say whose it claims to be."""

    name: str
    key_id: bytes
    signature: bytes


def sign_note(text: str, signers: Iterable[NoteSigner]) -> str:
    """The note: the text, an empty line, and one signature line for each signer."""
    _check_text(text)
    lines = [_signature_line(text, signer) for signer in signers]
    if not lines:
        raise NoteError("a note needs a signature")
    return text + "\n" + "".join(lines)


def read_note(note: str) -> tuple[str, list[SignatureLine]]:
    """The text of a note and its signatures, not yet checked. Raises NoteError."""
    if len(note.encode()) > MAX_NOTE_BYTES:
        raise NoteError(f"the note is longer than {MAX_NOTE_BYTES} bytes")
    end = note.rfind("\n\n")
    if end < 0 or not note.endswith("\n"):
        raise NoteError("the note has no signature lines after an empty line")
    text, lines = note[: end + 1], note[end + 2 : -1].split("\n")
    _check_text(text)
    if not 1 <= len(lines) <= MAX_SIGNATURES:
        raise NoteError(f"the note has not 1 to {MAX_SIGNATURES} signatures")
    return text, [_read_line(line) for line in lines]


def check_note(note: str, keys: Iterable[NoteKey]) -> str:
    """The text of a note that every one of these keys has signed. Raises NoteError.

    Lines of other keys are passed over; two lines of one key are refused.
    """
    text, lines = read_note(note)
    wanted = list(keys)
    if not wanted:
        raise NoteError("there is no key to check the note with")
    for key in wanted:
        own = [line for line in lines if (line.name, line.key_id) == (key.name, key.key_id)]
        if len(own) != 1:
            found = "more than one signature" if own else "no signature"
            raise NoteError(f"the note has {found} of {key.name}'s key {key.key_id.hex()}")
        if not key.is_signature(text.encode(), own[0].signature):
            raise NoteError(f"the signature of {key.name}'s key {key.key_id.hex()} is wrong")
    return text


def _signature_line(text: str, signer: NoteSigner) -> str:
    key = signer.public
    content = base64.b64encode(key.key_id + signer.sign(text.encode())).decode()
    return f"{_MARK}{key.name} {content}\n"


def _read_line(line: str) -> SignatureLine:
    parts = line.removeprefix(_MARK).split(" ")
    if not line.startswith(_MARK) or len(parts) != 2:
        raise NoteError("a line below the note is no signature line")
    try:
        content = base64.b64decode(parts[1], validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("a signature is not in base64") from None
    if base64.b64encode(content).decode() != parts[1]:
        raise NoteError("a signature is not in the one base64 there is for it")
    if len(content) <= _KEY_ID_BYTES:
        raise NoteError("a signature is too short")
    name = check_name(parts[0])
    return SignatureLine(name, content[:_KEY_ID_BYTES], content[_KEY_ID_BYTES:])


def _check_text(text: str) -> None:
    """A text ends its last line and holds no control character but line feeds."""
    if not text.endswith("\n") or any(ord(c) < 0x20 and c != "\n" for c in text):
        raise NoteError("the text of a note must end in a line feed and hold no control character")


def _holds(verify: Callable[[], None]) -> bool:
    try:
        verify()
    except InvalidSignature:
        return False
    return True
