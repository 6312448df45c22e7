"""UF2: an image in the blocks that a USB boot loader writes to flash as they arrive.

Microsoft's UF2 specification: 512-byte blocks, each of which says where its 256 bytes go, so that
order and file name do not matter and a missing block is noticed. The block that a chip starts from
comes last, and another one of its flash sector, which has the sector erased, first: an image that
was cut short never starts, and the boot loader comes back.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

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


def blocks(image: bytes, place: FlashPlace) -> Iterator[bytes]:
    """The blocks of an image: the second one first, the first one last."""
    count = block_count(image)
    flags, family = (0, 0) if place.family is None else (_HAS_FAMILY, place.family)
    for number in (*range(1, count), 0):
        at = number * PAYLOAD_BYTES
        payload = image[at : at + PAYLOAD_BYTES]
        filled = payload.ljust(PAYLOAD_BYTES, b"\0")
        size = len(filled if place.whole_pages else payload)
        header = _HEADER.pack(*_MAGIC, flags, place.base + at, size, number, count, family)
        yield header + filled + _PADDING + _MAGIC_END.to_bytes(4, "little")


def block_count(image: bytes) -> int:
    """How many blocks an image makes."""
    return -(-len(image) // PAYLOAD_BYTES)
