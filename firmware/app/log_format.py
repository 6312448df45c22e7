"""The bytes of a log in flash: the header page of a sector and the header of an entry.

A sector's first page is its header:

    magic "WSLG" | version u8 | kind of log u8 | base length u16 | sector number u32 |
    number of its first entry u32 | number of the oldest live sector u32 | CRC-32 | base

The base is a few bytes of state of the log's user when the sector was opened, so that the newest
sector alone gives that state even before it has an entry. The CRC-32 is over the fields before
it and the base. Entries follow, each on pages of its own and whole within its sector:

    magic u16 | kind u8 | kind of log u8 | entry number u32 | body length u16 |
    CRC-16 of those ten bytes | CRC-32 of the body | body

Integers are little-endian, pages are filled up with 0xFF.
"""

import struct

from wire.digests import crc32
from wire.modbus_rtu import crc16

VERSION = 1
ENTRY_HEADER_BYTES = 16

SECTOR_MAGIC = b"WSLG"
SECTOR_NUMBER_OFFSET = 8
"""Bytes from the start of a sector to its number."""

SECTOR_NUMBER_LIMIT = 1 << 30
"""Above every number: no flash can be erased so often."""

_SECTOR_FACTS = "<4sBBHIII"
_SECTOR_FACTS_BYTES = 20
_SECTOR_HEADER_BYTES = 24
_ENTRY_MAGIC = 0xA55E  # no ASCII text holds it, so no page of text passes for a header
_ENTRY_FACTS = "<HBBIH"
_ENTRY_FACTS_BYTES = 10


class SectorHeader:
    """What the first page of a sector says; numbers as in the module's docstring."""

    def __init__(self, number: int, first_entry: int, oldest: int, base: bytes) -> None:
        self.number = number
        self.first_entry = first_entry
        self.oldest = oldest
        self.base = base


class Entry:
    """Where an entry is: kind, number, offset and length of its body, CRC-32 of its body."""

    def __init__(self, kind: int, number: int, offset: int, length: int, crc: int) -> None:
        self.kind = kind
        self.number = number
        self.offset = offset
        self.length = length
        self.crc = crc


def pack_sector_header(log_kind: int, header: SectorHeader) -> bytes:
    """Return the header of a sector in a log of this kind; fits a page while the base does."""
    facts = struct.pack(
        _SECTOR_FACTS,
        SECTOR_MAGIC,
        VERSION,
        log_kind,
        len(header.base),
        header.number,
        header.first_entry,
        header.oldest,
    )
    return facts + struct.pack("<I", crc32(facts + header.base)) + header.base


def unpack_sector_header(log_kind: int, page: bytearray) -> SectorHeader | None:
    """Read the header that a page holds; None if it holds none of this version and kind."""
    magic, version, found_kind, length, number, first_entry, oldest = struct.unpack_from(
        _SECTOR_FACTS, page
    )
    end = _SECTOR_HEADER_BYTES + length
    if magic != SECTOR_MAGIC or (version, found_kind) != (VERSION, log_kind) or end > len(page):
        return None
    base = bytes(page[_SECTOR_HEADER_BYTES:end])
    (crc,) = struct.unpack_from("<I", page, _SECTOR_FACTS_BYTES)
    if crc32(bytes(page[:_SECTOR_FACTS_BYTES]) + base) != crc:
        return None
    return SectorHeader(number, first_entry, oldest, base)


def pack_entry_header(log_kind: int, kind: int, number: int, body: bytes) -> bytes:
    """Return the header that goes before the body of an entry in a log of this kind."""
    facts = struct.pack(_ENTRY_FACTS, _ENTRY_MAGIC, kind, log_kind, number, len(body))
    return facts + struct.pack("<HI", crc16(facts), crc32(body))


def unpack_entry_header(log_kind: int, page: bytearray, offset: int) -> Entry | None:
    """Read the entry that begins with this page; None if no whole entry header of this log does.

    offset: of the page in its area, in bytes.
    """
    magic, kind, found_log_kind, number, length = struct.unpack_from(_ENTRY_FACTS, page)
    if magic != _ENTRY_MAGIC or found_log_kind != log_kind:
        return None
    header_crc, body_crc = struct.unpack_from("<HI", page, _ENTRY_FACTS_BYTES)
    if crc16(bytes(page[:_ENTRY_FACTS_BYTES])) != header_crc:
        return None
    return Entry(kind, number, offset + ENTRY_HEADER_BYTES, length, body_crc)
