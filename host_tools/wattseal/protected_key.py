"""Private keys on P-256 in PEM files, locked with a password: those of owners and vendors.

The form is PKCS #8 EncryptedPrivateKeyInfo (RFC 5958, section 3) with PBES2 (RFC 8018, section
6.2): PBKDF2 with HMAC-SHA-256, and AES-256-CBC. `cryptography` writes that form too, but with 2048
rounds of PBKDF2, which is a small obstacle to whoever steals the file; so it is written here, and
OpenSSL and `cryptography` read it.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from pathlib import Path

import ecdsa.der as der  # type: ignore[import-untyped]
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from wattseal.errors import ToolError
from wattseal.private_files import read_private, write_private
from wattseal.public_key import PublicKey, read_public_key

MIN_PASSWORD_CHARACTERS = 12
ROUNDS = 600_000
"""Of PBKDF2-HMAC-SHA256: half a second on an ordinary computer."""

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
        # OpenSSL's words are about paddings and decoders; which of the two it was, we know.
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
