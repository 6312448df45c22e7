"""Who a registry is: its name, and the two keys that sign the checkpoints of its log.

They are files in its folder: registry.json, ecdsa.pem, ed25519.pem. Whoever has them can speak for
the registry, so they are made for their owner's eyes alone, and are part of every backup.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wattseal.common.errors import ToolError
from wattseal.common.files import read_private, write_private
from wattseal.tlog.checkpoint import Checkpoint, EcdsaSigner, Ed25519Signer, NoteSigner, sign_note
from wattseal.wire import signed_time
from wattseal.wire.signed_note import is_key_name

MAX_NAME_CHARACTERS = 100
"""What the setting `registry_name` of a module can hold."""

FILES = ("registry.json", "ecdsa.pem", "ed25519.pem")

_CHALLENGE_PURPOSE = b"wattseal registry: challenges"


@dataclass(frozen=True)
class Identity:
    """A registry's name and keys; only the public halves show."""

    name: str
    _ecdsa: ec.EllipticCurvePrivateKey = field(repr=False)
    _ed25519: ed25519.Ed25519PrivateKey = field(repr=False)

    @property
    def registry_key(self) -> str:
        """SubjectPublicKeyInfo in hex, as modules are configured with it."""
        return EcdsaSigner(self.name, self._ecdsa).public.spki.hex()

    @property
    def vkey(self) -> str:
        """The Ed25519 key, as clients of tile logs are configured with it."""
        return Ed25519Signer(self.name, self._ed25519).public.vkey

    def sign(self, size: int, root: bytes) -> str:
        """The checkpoint of the log at that size: always the same text for the same tree."""
        signers: list[NoteSigner] = [
            Ed25519Signer(self.name, self._ed25519),
            EcdsaSigner(self.name, self._ecdsa),
        ]
        return sign_note(Checkpoint(self.name, size, root).text, signers)

    def sign_index(self, size: int, root: bytes) -> str:
        """The root of the index of the log at that size: a note of its own, for log clients."""
        text = Checkpoint(index_origin(self.name), size, root).text
        return sign_note(text, [Ed25519Signer(self.name, self._ed25519)])

    def sign_time(self, text: str) -> str:
        """A signature of the key that modules pin, DER in hex; its prefix keeps it apart."""
        signer = EcdsaSigner(self.name, self._ecdsa)
        return signer.sign(signed_time.signed_bytes(text)).hex()

    def challenge_key(self) -> bytes:
        """The secret that challenges are made with, the same in each process of the registry."""
        secret = _pem(self._ecdsa) + _pem(self._ed25519)
        return HKDF(hashes.SHA256(), 32, salt=None, info=_CHALLENGE_PURPOSE).derive(secret)


def index_origin(name: str) -> str:
    """What the index of a registry's log calls itself in its signed note."""
    return f"{name}/index"


def make_keys(folder: Path) -> None:
    """Make those of the two keys that are not there; processes that do so at once agree on one.

    ToolError `file_unwritable`.
    """
    place_private(folder / "ecdsa.pem", _pem(ec.generate_private_key(ec.SECP256R1())))
    place_private(folder / "ed25519.pem", _pem(ed25519.Ed25519PrivateKey.generate()))


def load_identity(folder: Path, name: str) -> Identity:
    """The identity of that name with the keys that a folder holds.

    ToolError `registry_data_unusable`, `secret_exposed`, `secret_unreadable`.
    """
    check_name(folder, name)
    ecdsa = _read_key(folder / "ecdsa.pem")
    ed = _read_key(folder / "ed25519.pem")
    if not isinstance(ecdsa, ec.EllipticCurvePrivateKey) or ecdsa.curve.name != "secp256r1":
        raise unusable(folder, "the key in ecdsa.pem is not on the curve secp256r1", RESTORE)
    if not isinstance(ed, ed25519.Ed25519PrivateKey):
        raise unusable(folder, "the key in ed25519.pem is not one of Ed25519", RESTORE)
    return Identity(name, ecdsa, ed)


def write_name(folder: Path, name: str) -> None:
    """Say that this folder is a registry's, and which; a registry that has begun says it."""
    place_private(folder / "registry.json", json.dumps({"name": name}).encode() + b"\n")


def read_name(folder: Path) -> str | None:
    """What `write_name` wrote; None before. ToolError as load_identity."""
    if not (folder / "registry.json").exists():
        return None
    try:
        members = json.loads(read_private(folder / "registry.json"))
        name = members["name"]
    except (ValueError, KeyError, TypeError):
        raise unusable(folder, "registry.json cannot be read", RESTORE) from None
    if not isinstance(name, str):
        raise unusable(folder, "registry.json has no name", RESTORE)
    return name


def place_private(path: Path, data: bytes) -> None:
    """Put a secret in place as a whole, unless there is one already."""
    if path.exists():
        return
    made = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    write_private(made, data)
    try:
        with suppress(FileExistsError):
            os.link(made, path)
    except OSError as error:
        raise ToolError.of_file("file_unwritable", path, error) from None
    finally:
        made.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Have the names of files reach the disk; Windows does so by itself."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def check_name(folder: Path, name: str) -> None:
    """ToolError `registry_data_unusable` unless a log may have that name."""
    is_short = 0 < len(name) <= MAX_NAME_CHARACTERS
    if not is_short or not name.isascii() or not name.isprintable() or not is_key_name(name):
        cause = (
            f"its name must be 1 to {MAX_NAME_CHARACTERS} printable ASCII characters without "
            "blanks and plus signs"
        )
        raise unusable(folder, cause, "Give another one with --name.")


def unusable(folder: Path, cause: str, remedy: str) -> ToolError:
    """Why a registry cannot be opened."""
    return ToolError("registry_data_unusable", path=str(folder), cause=cause, remedy=remedy)


RESTORE = "Restore the files registry.json, ecdsa.pem and ed25519.pem from a backup."


def _read_key(path: Path) -> object:
    try:
        return serialization.load_pem_private_key(read_private(path), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise unusable(path.parent, f"{path.name} is no private key in PEM", RESTORE) from None


def _pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
