"""Writes and reads firmware bundles (.wsfw): manifest, image and the vendor's signature.

A ZIP file whose members are stored, not compressed, so that no reader has to unpack what it has
not yet checked: manifest.json (what the vendor signs), image.bin (which the manifest names by
size and SHA-256) and signature.der. Before it is signed, the last one is missing.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wattseal.common.errors import ToolError
from wattseal.common.files import read_bounded
from wattseal.device.owner import SigningKey
from wattseal.ocmf.public_key import PublicKey, SignatureMalformedError
from wattseal.wire import firmware_manifest
from wattseal.wire.firmware_manifest import MAX_CHARACTERS, MAX_IMAGE_BYTES
from wattseal.wire.signed_text import TextError


class ManifestError(ValueError):
    """The text is no manifest, or no manifest can say that; the message says why."""


@dataclass(frozen=True)
class Manifest:
    """What the vendor signs about an image; `text` holds exactly the characters that are signed.

    `sha256` is the firmware identity of a module that runs the image, in hex.
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


SUFFIX = ".wsfw"

_MANIFEST, _IMAGE, _SIGNATURE = "manifest.json", "image.bin", "signature.der"
_LIMITS = {_MANIFEST: MAX_CHARACTERS, _IMAGE: MAX_IMAGE_BYTES, _SIGNATURE: 72}
_MAX_BYTES = sum(_LIMITS.values()) + 4096
_EPOCH = (1980, 1, 1, 0, 0, 0)  # one time for all, so that the same content is the same file
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class Bundle:
    """A bundle whose image is the one of its manifest; `signature` is not checked, None if none."""

    manifest: Manifest
    image: bytes
    signature: bytes | None = None

    def to_bytes(self) -> bytes:
        """The file."""
        members = {_MANIFEST: self.manifest.text.encode(), _IMAGE: self.image}
        if self.signature is not None:
            members[_SIGNATURE] = self.signature
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, content in members.items():
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
        return file.getvalue()

    def signed(self, key: SigningKey) -> Bundle:
        """The same with the vendor's signature, in place of one that was there."""
        return replace(self, signature=key.sign(self.manifest.signed_bytes))

    def check_signature(self, path: Path, key: PublicKey) -> None:
        """ToolError `bundle_not_signed`, `bundle_forged` unless this key signed the manifest."""
        try:
            holds = key.verify(self.manifest.signed_bytes, self.vendor_signature(path))
        except SignatureMalformedError:
            holds = False
        if not holds:
            raise ToolError("bundle_forged", path=str(path), fingerprint=key.fingerprint)

    def offer(self, path: Path) -> dict[str, str]:
        """The manifest and its signature as the module takes them. ToolError as below."""
        signature = self.vendor_signature(path).hex()
        return {"manifest": self.manifest.text, "vendor_signature": signature}

    def vendor_signature(self, path: Path) -> bytes:
        """The signature. ToolError `bundle_not_signed` if there is none yet."""
        if self.signature is None:
            raise ToolError("bundle_not_signed", path=str(path))
        return self.signature


def read_bundle(path: Path) -> Bundle:
    """A bundle from its file. ToolError `file_unreadable`, `bundle_malformed`."""
    data = read_bounded(path, _MAX_BYTES, "bundle_malformed")
    try:
        return _read(data)
    except ValueError as error:
        raise ToolError("bundle_malformed", path=str(path), cause=str(error)) from None


def _read(data: bytes) -> Bundle:
    """The bundle of a file's bytes. Raises ValueError with the cause."""
    members = _members(data)
    manifest = read_manifest(members[_MANIFEST])
    image = members[_IMAGE]
    if len(image) != manifest.size_bytes:
        raise ValueError(
            f"its image has {len(image)} bytes, its manifest says {manifest.size_bytes}"
        )
    if hashlib.sha256(image).hexdigest() != manifest.sha256:
        raise ValueError("its image is not the one whose SHA-256 its manifest gives")
    return Bundle(manifest, image, members.get(_SIGNATURE))


def _members(data: bytes) -> dict[str, bytes]:
    """The contents by name, read after every entry of the directory was checked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = sorted(entry.filename for entry in entries)
            if names not in (sorted([_MANIFEST, _IMAGE]), sorted(_LIMITS)):
                cause = "it does not hold exactly manifest.json, image.bin and signature.der"
                raise ValueError(cause)
            for entry in entries:
                _check_entry(entry)
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError):
        raise ValueError("it is not a whole ZIP file; it may have been cut short") from None


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name, limit = entry.filename, _LIMITS[entry.filename]
    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & _ENCRYPTED:
        raise ValueError(f"{name} is compressed or encrypted; a bundle stores it as it is")
    if entry.file_size != entry.compress_size or not 1 <= entry.file_size <= limit:
        raise ValueError(f"{name} is not 1 to {limit} bytes long")


BLOCK_BYTES = 512
PAYLOAD_BYTES = 256

_MAGIC = (0x0A324655, 0x9E5D5157)
_MAGIC_END = 0x0AB16F30
_HAS_FAMILY = 0x00002000
_HEADER = struct.Struct("<8I")
_PADDING = bytes(BLOCK_BYTES - 4 - PAYLOAD_BYTES - _HEADER.size)


@dataclass(frozen=True)
class FlashPlace:
    """Where and how a boot loader wants an image.

    `base`: address of its first byte. `family`: the chip's number, None for none. `whole_pages`:
    it takes blocks of exactly 256 bytes (RP2040 datasheet, section 2.8.4.2), so that the last one
    is filled up with zeros; otherwise the last one is as short as the image ends.
    """

    base: int
    family: int | None
    whole_pages: bool


def blocks(image: bytes, place: FlashPlace, erased: Sequence[int] = ()) -> Iterator[bytes]:
    """The blocks of an image: the second one first, the first one last.

    erased: offsets of sectors to be erased besides, before all else. Each gets one page of FF: the
    boot loader erases a sector when it meets the first page of it.
    """
    images = block_count(image)
    pages = [image[at : at + PAYLOAD_BYTES] for at in range(0, len(image), PAYLOAD_BYTES)]
    for number, offset in enumerate(erased, images):
        yield _block(b"\xff" * PAYLOAD_BYTES, offset, number, images + len(erased), place)
    for number in (*range(1, images), 0):
        offset = number * PAYLOAD_BYTES
        yield _block(pages[number], offset, number, images + len(erased), place)


def _block(payload: bytes, offset: int, number: int, count: int, place: FlashPlace) -> bytes:
    flags, family = (0, 0) if place.family is None else (_HAS_FAMILY, place.family)
    filled = payload.ljust(PAYLOAD_BYTES, b"\0")
    size = len(filled if place.whole_pages else payload)
    header = _HEADER.pack(*_MAGIC, flags, place.base + offset, size, number, count, family)
    return header + filled + _PADDING + _MAGIC_END.to_bytes(4, "little")


def block_count(image: bytes) -> int:
    """How many blocks an image makes."""
    return -(-len(image) // PAYLOAD_BYTES)
