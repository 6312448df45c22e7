"""The file that the RP2040's boot loader takes holds the image, whole and at its place."""

import struct
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/rp2040"
BOARD = ROOT / "boards/rp2040/board.toml"
FLASH_START = 0x10000000
RP2040_FAMILY = 0xE48BFF56

pytestmark = pytest.mark.image("rp2040")


def test_uf2_holds_the_image() -> None:
    image = (BUILD / "firmware.bin").read_bytes()
    uf2 = (BUILD / "firmware.uf2").read_bytes()
    assert len(uf2) % 512 == 0
    held = bytearray()
    for offset in range(0, len(uf2), 512):
        block = uf2[offset : offset + 512]
        start0, start1, flags, address, size, number, count, family = struct.unpack_from(
            "<8I", block
        )
        assert (start0, start1) == (0x0A324655, 0x9E5D5157)
        assert struct.unpack_from("<I", block, 508) == (0x0AB16F30,)
        assert flags & 0x2000, "the family must be named"
        assert (family, number, count) == (RP2040_FAMILY, offset // 512, len(uf2) // 512)
        assert address == FLASH_START + len(held)
        held += block[32 : 32 + size]
    assert bytes(held[: len(image)]) == image
    assert not any(held[len(image) :])


def test_image_leaves_the_areas_alone() -> None:
    limit = tomllib.loads(BOARD.read_text())["flash"]["image_limit_bytes"]
    assert (BUILD / "firmware.bin").stat().st_size <= limit
