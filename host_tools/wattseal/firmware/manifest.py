"""The manifest of a firmware bundle: what the vendor signs about an image."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from wattseal.wire import firmware_manifest
from wattseal.wire.signed_text import TextError


class ManifestError(ValueError):
    """The text is no manifest, or no manifest can say that; the message says why."""


@dataclass(frozen=True)
class Manifest:
    """An image by its facts; `text` holds the very characters that are signed.

    `sha256` is the firmware identity that a module running the image tells, in hex.
    """

    text: str
    board: str
    firmware: str
    rollback_number: int
    size_bytes: int
    sha256: str

    @property
    def signed_bytes(self) -> bytes:
        """What the vendor's signature is over."""
        return bytes(firmware_manifest.signed_bytes(self.text))


def describe(image: bytes, board: str, firmware: str, rollback_number: int) -> Manifest:
    """The manifest of an image. Raises ManifestError."""
    sha256 = hashlib.sha256(image).hexdigest()
    try:
        text = firmware_manifest.build_manifest(
            board, firmware, rollback_number, len(image), sha256
        )
    except TextError as error:
        raise ManifestError(str(error)) from None
    return Manifest(text, board, firmware, rollback_number, len(image), sha256)


def read_manifest(data: bytes) -> Manifest:
    """The manifest of a text's bytes. Raises ManifestError."""
    try:
        text = data.decode("ascii")
        members = firmware_manifest.read_manifest(text)
    except ValueError as error:  # UnicodeDecodeError and TextError are
        cause = "it is not ASCII" if isinstance(error, UnicodeDecodeError) else str(error)
        raise ManifestError(f"its manifest cannot be read: {cause}") from None
    facts = ("board", "firmware", "rollback_number", "size", "sha256")
    return Manifest(text, *(members[name] for name in facts))
