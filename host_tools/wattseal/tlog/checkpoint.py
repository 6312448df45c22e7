"""The checkpoint of a transparency log: its name, size and root hash, as a text to be signed.

C2SP tlog-checkpoint: one line each, the root in base64, then extension lines, of which ours has
none.
"""

from __future__ import annotations

import base64
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from wattseal.wire.signed_note import (
    NoteError,
    ecdsa_key_id,
    find_signature,
    is_key_name,
    parse_checkpoint,
    parse_note,
)

_ED25519 = b"\x01"
_KEY_ID_BYTES = 4
_MARK = "\u2014 "  # the em dash and blank that open a signature line


class NoteKey(ABC):
    """A public key under the name that signature lines give it. Raises NoteError if it is none."""

    key_id: bytes

    def __init__(self, name: str) -> None:
        if not is_key_name(name) or not name.isprintable():
            raise NoteError("the name of a key is empty or holds a blank or a plus sign")
        self.name = name

    def is_signature(self, text: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's over the text."""
        try:
            self._verify(signature, text)
        except InvalidSignature:
            return False
        return True

    @abstractmethod
    def _verify(self, signature: bytes, text: bytes) -> None:
        """InvalidSignature if it is not this key's over the text."""


class Ed25519Key(NoteKey):
    """A public key of type 0x01; a signature is 64 bytes."""

    def __init__(self, name: str, key: ed25519.Ed25519PublicKey) -> None:
        super().__init__(name)
        self._key = key
        self._typed = _ED25519 + key.public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        self.key_id = hashlib.sha256(name.encode() + b"\n" + self._typed).digest()[:_KEY_ID_BYTES]

    @property
    def vkey(self) -> str:
        """The key in the one-line form that clients of tile logs are configured with."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self._typed).decode()}"

    def _verify(self, signature: bytes, text: bytes) -> None:
        self._key.verify(signature, text)


def read_vkey(text: str) -> Ed25519Key:
    """The key of type 0x01 that a line of a client's set-up names. Raises NoteError."""
    name, _, rest = text.partition("+")
    _id, _, coded = rest.partition("+")
    try:
        typed = base64.b64decode(coded, validate=True)
        point = ed25519.Ed25519PublicKey.from_public_bytes(typed.removeprefix(_ED25519))
    except ValueError:
        raise NoteError("it holds no Ed25519 key") from None
    key = Ed25519Key(name, point)
    if key.vkey != text:
        raise NoteError("its name, key id and key do not belong together")
    return key


class EcdsaKey(NoteKey):
    """A public key of type 0x02, on P-256, whose signatures are DER.

    Its id is taken from its SubjectPublicKeyInfo.
    """

    def __init__(self, name: str, key: ec.EllipticCurvePublicKey) -> None:
        if not isinstance(key.curve, ec.SECP256R1):
            raise NoteError("the ECDSA key of a note is not on the curve P-256")
        super().__init__(name)
        self._key = key
        self.spki = key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.key_id = bytes(ecdsa_key_id(self.spki))

    def _verify(self, signature: bytes, text: bytes) -> None:
        self._key.verify(signature, text, ec.ECDSA(hashes.SHA256()))


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
        """ECDSA with SHA-256, DER; with the nonce of RFC 6979, so a note can be made again."""
        return self._key.sign(text, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


NoteSigner = Ed25519Signer | EcdsaSigner


def sign_note(text: str, signers: Iterable[NoteSigner]) -> str:
    """The note: the text, an empty line, and one signature line for each signer."""
    note = text + "\n" + "".join(_signature_line(text, signer) for signer in signers)
    if not text.endswith("\n") or parse_note(note.encode())[0] != text.encode():
        raise NoteError("the text does not end in a line feed")
    return note


def check_note(note: str, keys: Iterable[NoteKey]) -> str:
    """The text of a note that every one of these keys has signed. Raises NoteError.

    Lines of other keys are passed over; two lines of one key are refused.
    """
    text, signatures = parse_note(note.encode())
    wanted = list(keys)
    if not wanted:
        raise NoteError("there is no key to check the note with")
    for key in wanted:
        signature = find_signature(signatures, key.name, key.key_id)
        if not key.is_signature(text, signature):
            raise NoteError(f"the signature of {key.name}'s key {key.key_id.hex()} is wrong")
    return text.decode()


def _signature_line(text: str, signer: NoteSigner) -> str:
    key = signer.public
    content = base64.b64encode(key.key_id + signer.sign(text.encode())).decode()
    return f"{_MARK}{key.name} {content}\n"


MAX_SIZE = (1 << 53) - 1


@dataclass(frozen=True)
class Checkpoint:
    """What a log commits itself to: `size` entries under a 32-byte root hash."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or not self.origin.isprintable():
            raise NoteError("its origin is empty or not printable")
        if not 0 <= self.size <= MAX_SIZE:
            raise NoteError("its size is not one of a log")
        if len(self.root) != 32:
            raise NoteError("its root hash is not 32 bytes long")

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a signed text holds. Raises NoteError.

    Lines after the third, which a log may add, are passed over.
    """
    return Checkpoint(*parse_checkpoint(text.encode()))
