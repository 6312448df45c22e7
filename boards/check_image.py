"""Refuse a built image that its board could not start, or that would lie over the keys."""

import binascii
import struct
import sys
from pathlib import Path

from boards.facts import BoardError, load, load_chip
from boards.models import Layout

BOOT2_BYTES = 256
# What an image of an RP2350 says of itself (data sheet, section 5.9): a block between two marks,
# in the first 4 KB, whose first item has the type of the image.
IMAGE_DEF_WITHIN = 4096
BLOCK_START, BLOCK_END = 0xFFFFDED3, 0xAB123579
ITEM_IMAGE_TYPE = 0x42


def check(board_toml: Path, image: Path) -> None:
    """BoardError if the image is over flash.image_limit_bytes, or does not begin as it must."""
    board = load(board_toml)
    limit, data = board.flash.image_limit_bytes, image.read_bytes()
    if limit and len(data) > limit:
        raise BoardError(
            f"{image} has {len(data)} bytes, {len(data) - limit} over flash.image_limit_bytes of "
            f"{board_toml}; leave something out, or move the areas behind it"
        )
    layout = load_chip(board.chip).layout
    fault = _fault(data, layout) if layout is not None else None
    if fault:
        raise BoardError(f"{image} is no image for the chip {board.chip}: {fault}; build it anew")


def _fault(image: bytes, layout: Layout) -> str | None:
    """Why the chip's boot loader would not start it; None if it would."""
    if len(image) < max(layout.vectors + 8, BOOT2_BYTES):
        return f"it has {len(image)} bytes"
    if layout.boot2 and checksum(image[: BOOT2_BYTES - 4]) != image[BOOT2_BYTES - 4 : BOOT2_BYTES]:
        return "its first 256 bytes do not have their checksum"
    stack, reset = struct.unpack_from("<2I", image, layout.vectors)
    ram_from, ram_to = layout.ram
    if stack % 8 or not ram_from < stack <= ram_to:
        return f"its stack begins at {stack:#010x}, outside the RAM"
    flash_from = layout.flash[0]
    if not reset & 1 or not flash_from <= reset < flash_from + len(image):
        return f"its reset vector is {reset:#010x}, outside the image"
    if layout.image_def is not None and _image_type(image) != layout.image_def:
        return f"no IMAGE_DEF of type {layout.image_def:#06x} is in its first 4 KB"
    return None


def checksum(data: bytes) -> bytes:
    """As the RP2040's boot ROM counts it (data sheet, section 2.8.1.3.1): CRC-32, unreflected."""
    reversed_bits = bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)
    value = binascii.crc32(reversed_bits) ^ 0xFFFFFFFF
    return struct.pack("<I", int(f"{value:032b}"[::-1], 2))


def _image_type(image: bytes) -> int | None:
    """The type in the image's IMAGE_DEF; None if there is none."""
    for offset in range(0, min(len(image) - 20, IMAGE_DEF_WITHIN), 4):
        start, item = struct.unpack_from("<2I", image, offset)
        if start != BLOCK_START or item & 0xFF != ITEM_IMAGE_TYPE:
            continue
        at = offset + 4
        # The last item tells how many words the others have; the offset of the next block follows.
        while at + 4 <= len(image) and at < offset + IMAGE_DEF_WITHIN:
            head = struct.unpack_from("<I", image, at)[0]
            if head & 0xFF == 0xFF:
                end = struct.unpack_from("<I", image, at + 8)[0] if at + 12 <= len(image) else 0
                words = (at - offset - 4) // 4
                return item >> 16 if end == BLOCK_END and head >> 8 & 0xFFFF == words else None
            at += 4 * max(head >> 8 & (0xFFFF if head & 0x80 else 0xFF), 1)
    return None


if __name__ == "__main__":
    try:
        check(Path(sys.argv[1]), Path(sys.argv[2]))
    except (BoardError, OSError) as error:
        sys.exit(f"boards/check_image.py: {error}")
