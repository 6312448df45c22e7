"""Keeps private keys on P-256, of owners and vendors, in PEM files locked with a password.

The form is PKCS #8 EncryptedPrivateKeyInfo (RFC 5958, section 3) with PBES2 (RFC 8018, section
6.2): PBKDF2 with HMAC-SHA-256, and AES-256-CBC. `cryptography` writes that form too, but with 2048
rounds of PBKDF2, too few to protect a stolen file; so it is written here, and OpenSSL and
`cryptography` read it. Also here: the challenges that owners sign, and proofs of publication.
"""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import ecdsa.der as der  # type: ignore[import-untyped]
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from wattseal.common.errors import ToolError
from wattseal.common.files import read_json_file, read_private, write_private
from wattseal.common.times import unix_ms_now, utc_to_read
from wattseal.ocmf.public_key import PublicKey, read_public_key
from wattseal.wire import owner_challenge, signed_time
from wattseal.wire.methods import MAX_PROOF_HASHES
from wattseal.wire.signed_note import MAX_NOTE_BYTES, NoteError, ecdsa_key_id, parse_note
from wattseal.wire.signed_text import TextError

PREFIX = "wattseal.offline-challenge.v1\n"


def offline_challenge(registry_name: str, chip_id: str) -> str:
    """The challenge in hex. chip_id: as in `wattseal device status` and in the statements."""
    return hashlib.sha256(f"{PREFIX}{registry_name}\n{chip_id}".encode()).hexdigest()


MIN_PASSWORD_CHARACTERS = 12
ROUNDS = 600_000
"""Of PBKDF2-HMAC-SHA256: half a second on an office computer."""

_PBES2 = (1, 2, 840, 113549, 1, 5, 13)
_PBKDF2 = (1, 2, 840, 113549, 1, 5, 12)
_HMAC_SHA256 = (1, 2, 840, 113549, 2, 9)
_AES_256_CBC = (2, 16, 840, 1, 101, 3, 4, 1, 42)
_NULL = b"\x05\x00"
_ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


@dataclass(frozen=True)
class SigningKey:
    """A private key on P-256; only its public half shows."""

    public: PublicKey
    _private: ec.EllipticCurvePrivateKey = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """ECDSA with SHA-256 over the message, DER."""
        return self._private.sign(message, ec.ECDSA(hashes.SHA256()))


def create_key(path: Path, password: str, rounds: int = ROUNDS) -> SigningKey:
    """Make a key and write it into a new file. ToolError `password_weak`, `file_exists`."""
    check_password(password)
    private = ec.generate_private_key(ec.SECP256R1())
    plain = private.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_private(path, _armoured(_locked(plain, password.encode(), rounds)))
    return _signing_key(private)


def check_password(password: str) -> None:
    """ToolError `password_weak` if it is too short to lock a key with."""
    if len(password) < MIN_PASSWORD_CHARACTERS:
        raise ToolError("password_weak", characters=MIN_PASSWORD_CHARACTERS)


def is_locked(path: Path) -> bool:
    """Whether a key file needs a password. ToolError `secret_exposed`, `secret_unreadable`."""
    return _ENCRYPTED in read_private(path)


def load_key(path: Path, password: str | None) -> SigningKey:
    """The key of a file; the password is None for one that is not locked.

    ToolError `secret_exposed`, `secret_unreadable`, `password_wrong`.
    """
    data = read_private(path)
    try:
        key = serialization.load_pem_private_key(data, password.encode() if password else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # OpenSSL's message is about paddings and decoders and does not say which of the two it is.
        if _ENCRYPTED in data:
            raise ToolError("password_wrong", path=str(path)) from None
        raise _unreadable(path, "it is no private key in PEM") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _unreadable(path, "its key is not on the curve secp256r1")
    return _signing_key(key)


def _unreadable(path: Path, cause: str) -> ToolError:
    return ToolError("secret_unreadable", path=str(path), cause=cause)


def _signing_key(private: ec.EllipticCurvePrivateKey) -> SigningKey:
    spki = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return SigningKey(read_public_key(spki), private)


def _locked(plain: bytes, password: bytes, rounds: int) -> bytes:
    """EncryptedPrivateKeyInfo over a PrivateKeyInfo, both DER."""
    salt, start = os.urandom(16), os.urandom(16)
    secret = PBKDF2HMAC(hashes.SHA256(), 32, salt, rounds).derive(password)
    padder = padding.PKCS7(128).padder()
    padded = padder.update(plain) + padder.finalize()
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(start)).encryptor()
    function = der.encode_sequence(der.encode_oid(*_HMAC_SHA256), _NULL)
    derivation = der.encode_sequence(
        der.encode_oid(*_PBKDF2),
        der.encode_sequence(der.encode_octet_string(salt), der.encode_integer(rounds), function),
    )
    scheme = der.encode_sequence(der.encode_oid(*_AES_256_CBC), der.encode_octet_string(start))
    algorithm = der.encode_sequence(
        der.encode_oid(*_PBES2), der.encode_sequence(derivation, scheme)
    )
    content = der.encode_octet_string(encryptor.update(padded) + encryptor.finalize())
    return bytes(der.encode_sequence(algorithm, content))


def _armoured(content: bytes) -> bytes:
    text = base64.b64encode(content)
    lines = b"\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return _ENCRYPTED + b"\n" + lines + b"\n" + _ENCRYPTED.replace(b"BEGIN", b"END") + b"\n"


MEANINGS = {
    "unseal": "open the seal, so that the metrological settings can be changed",
    "decommission": "erase the module's private key for ever and end its life at this station",
    "archive_events": "forget old events of the event log",
    "set_time": "set its clock, also to before its newest record",
    "close_session": "end its open session without a reading, so that nobody is billed for it",
    "accept_meter": "count on from its meter's present reading, which is lower than before",
    "update": "erase its private key for ever, for an update to firmware {firmware} (SHA-256 "
    "{firmware_identity})",
    "cancel_update": "stay with the firmware that runs in it and make a new key",
}
"""What each action lets happen, for whoever is to sign it."""


def read_challenge(text: str) -> dict[str, Any]:
    """The members of a challenge. ToolError `challenge_malformed`: nothing else is ever signed."""
    try:
        return dict(owner_challenge.read_challenge(text))
    except (TextError, UnicodeEncodeError) as error:
        raise ToolError("challenge_malformed", cause=str(error)) from None


def describe(members: dict[str, Any]) -> str:
    """What signing a challenge permits, in one sentence."""
    named = (("through", " up to event {}"), ("begin_pagination", " (begin record T{})"))
    about = "".join(text.format(members[name]) for name, text in named if name in members)
    about += f", to {utc_to_read(members['unix_ms'])} now" if "unix_ms" in members else ""
    meaning = MEANINGS[members["action"]].format(**members)
    return f"Module {members['chip_id']} may {meaning}{about}, once."


def answer(challenge: str, key: SigningKey) -> str:
    """The owner's signature over a challenge, DER in hex. ToolError `challenge_malformed`."""
    read_challenge(challenge)
    return key.sign(owner_challenge.signed_bytes(challenge)).hex()


def sign_time(key: SigningKey, chip_id: str, nonce: str) -> tuple[int, str]:
    """This computer's time in Unix ms, and the owner's signature for a module's question."""
    now = unix_ms_now()
    text = signed_time.build_time(chip_id, nonce, now)
    return now, key.sign(signed_time.signed_bytes(text)).hex()


MAX_FILE_BYTES = 65536

MAX_CHECKPOINT_BYTES = 700

_Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Publication(BaseModel):
    """A proof of publication, as the registry gives it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    checkpoint: Annotated[str, StringConstraints(min_length=50, max_length=MAX_NOTE_BYTES)]
    leaf: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    leaf_index: Annotated[int, Field(ge=0, le=(1 << 53) - 1)]
    proof: Annotated[list[_Hash], Field(max_length=MAX_PROOF_HASHES)]

    def checkpoint_for(self, name: str, registry_key: str) -> str:
        """The note's bytes in hex, as the link takes them; registry_key is the module's setting.

        A note that is too long for the link goes without the signatures of others (witnesses, or
        the log's other keys), which the module ignores anyway: they are not signed themselves.
        """
        note = self.checkpoint.encode()
        if len(note) > MAX_CHECKPOINT_BYTES:
            key_id = bytes(ecdsa_key_id(bytes.fromhex(registry_key)))
            note = _only_of(note, name, key_id)
        return note.hex()


def _only_of(note: bytes, name: str, key_id: bytes) -> bytes:
    """A note with the signature lines of one key alone; as it is if it cannot be read."""
    try:
        text, signatures = parse_note(note)
    except NoteError:
        return note
    lines = note[len(text) + 1 :].splitlines(keepends=True)
    marked = zip(lines, signatures, strict=True)
    own = [line for line, (by, of, _signature) in marked if (by, of) == (name, key_id)]
    return text + b"\n" + b"".join(own)


def read_publication(path: Path) -> Publication:
    """A proof from its file. ToolError `file_unreadable`, `publication_malformed`."""
    return read_json_file(path, Publication, "publication_malformed", MAX_FILE_BYTES)
