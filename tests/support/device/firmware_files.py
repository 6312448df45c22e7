"""Made-up images that tell what they are, as files."""

import json
import random
import struct
from pathlib import Path
from typing import Any

from wattseal.device.firmware_file import MARK
from wattseal.device.flash.boards import Board
from wattseal.device.update_bundle import FlashPlace, blocks

FACTS = {"firmware": "0.1.0", "rollback_number": 1, "vendor_key": "5c" * 32}


FLASH_BASE = 0x10000000


def image_for(board: str, size: int = 40_000, seed: int = 1, **changes: Any) -> bytes:
    """An image of that many bytes, its facts in the middle of it, which says how long it is."""
    facts = MARK + json.dumps({"board": board, **FACTS, **changes}).encode() + b"\0"
    image = with_binary_info(random.Random(seed).randbytes(size), size)
    return image[: size // 2] + facts + image[size // 2 + len(facts) :]


def with_binary_info(image: bytes, told: int) -> bytes:
    """The image, saying by pico-sdk's binary info that it is `told` bytes long."""
    header = struct.pack("<5I", 0x7188EBF2, FLASH_BASE + 0x200, FLASH_BASE + 0x208, 0, 0xE71AA390)
    table = struct.pack("<2I", FLASH_BASE + 0x300, FLASH_BASE + 0x310)
    other = struct.pack("<HHII", 6, 0x5052, 0x11A9BC3A, FLASH_BASE)
    end = struct.pack("<HHII", 5, 0x5052, 0x68F465DE, FLASH_BASE + told)
    parts = {0x100: header, 0x200: table, 0x300: other, 0x310: end}
    whole = bytearray(image)
    for offset, part in parts.items():
        whole[offset : offset + len(part)] = part
    return bytes(whole)


def uf2_for(board: Board, image: bytes, family: int | None = None) -> bytes:
    """An image as its board's UF2, or as one of another family."""
    assert board.drive is not None
    place = board.drive.place
    return b"".join(blocks(image, FlashPlace(place.base, family or place.family, True)))


def write_uf2(path: Path, board: Board, **changes: Any) -> Path:
    """A file with an image for a board."""
    path.write_bytes(uf2_for(board, image_for(board.name, **changes)))
    return path
