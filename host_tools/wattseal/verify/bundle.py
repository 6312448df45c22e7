"""The files of an invoice bundle (zip) that hold signed records, taken out within bounds.

Nothing is written anywhere: names of entries are shown and never used as paths, and no entry is
decompressed that is not a record's file. PKWARE's APPNOTE 6.3.3 is the format.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from enum import StrEnum

from wattseal.verify.container import MAX_FILE_BYTES

MAX_ENTRIES = 1000
MAX_RECORD_FILES = 100
"""As many sessions as a driver may have in a month, and room."""
MAX_BYTES = 16 << 20
"""Of all record files together, decompressed."""
RECORD_SUFFIXES = (".xml", ".ocmf")

_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_ENCRYPTED = 0x1
_TAKEN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class BundleFault(StrEnum):
    """Why a bundle is not opened."""

    MALFORMED = "bundle_malformed"
    ENCRYPTED = "bundle_encrypted"
    TOO_MANY = "bundle_too_many"
    TOO_LARGE = "bundle_too_large"
    NAME_REPEATED = "bundle_name_repeated"
    EMPTY = "bundle_empty"


CAUSES = {
    BundleFault.MALFORMED: "it is a damaged zip file, or one of an unknown kind",
    BundleFault.ENCRYPTED: "it is an encrypted zip file; unpack it first",
    BundleFault.TOO_MANY: "it is a zip file of more files than a bundle has; unpack it first",
    BundleFault.TOO_LARGE: "a file in the zip file is larger than signed readings are",
    BundleFault.NAME_REPEATED: "two files in the zip file have one name",
    BundleFault.EMPTY: "it is a zip file without .xml and .ocmf files",
}


class BundleError(ValueError):
    """A bundle that is refused as a whole; `fault` says why, the message completes `it ...`."""

    def __init__(self, fault: BundleFault) -> None:
        super().__init__(CAUSES[fault])
        self.fault = fault


def is_bundle(data: bytes) -> bool:
    """Whether the bytes begin as a zip file does."""
    return data.startswith(_STARTS)


def read_bundle(data: bytes) -> list[tuple[str, bytes]]:
    """Name and bytes of each file with records, in the order of the bundle. BundleError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            wanted = _record_files(bundle)
            return list(_read_within(bundle, wanted))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError(BundleFault.MALFORMED) from None


def _record_files(bundle: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    entries = bundle.infolist()
    if len(entries) > MAX_ENTRIES:
        raise BundleError(BundleFault.TOO_MANY)
    if len({entry.filename for entry in entries}) < len(entries):
        raise BundleError(BundleFault.NAME_REPEATED)
    wanted = [entry for entry in entries if entry.filename.lower().endswith(RECORD_SUFFIXES)]
    if not wanted:
        raise BundleError(BundleFault.EMPTY)
    if len(wanted) > MAX_RECORD_FILES:
        raise BundleError(BundleFault.TOO_MANY)
    if any(entry.flag_bits & _ENCRYPTED for entry in wanted):
        raise BundleError(BundleFault.ENCRYPTED)
    if any(entry.compress_type not in _TAKEN_METHODS for entry in wanted):
        raise BundleError(BundleFault.MALFORMED)
    return wanted


def _read_within(
    bundle: zipfile.ZipFile, wanted: list[zipfile.ZipInfo]
) -> Iterator[tuple[str, bytes]]:
    """Stops at the limit by what comes out, whatever the sizes say that the bundle declares."""
    room = MAX_BYTES
    for entry in wanted:
        with bundle.open(entry) as opened:
            data = opened.read(MAX_FILE_BYTES + 1)
        room -= len(data)
        if len(data) > MAX_FILE_BYTES or room < 0:
            raise BundleError(BundleFault.TOO_LARGE)
        yield entry.filename, data
