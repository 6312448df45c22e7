"""The file that a chip's boot loader takes holds the image, whole and at its place."""

import struct

import pytest

from boards import check_image
from boards.facts import BOARDS, load, load_chip

BUILD = BOARDS.parent / "build"
IMAGES = ("rp2040", "rp2040_rs485", "rp2350")

pytestmark = pytest.mark.image(*IMAGES)


@pytest.mark.parametrize("name", IMAGES)
def test_uf2_holds_the_image(name: str) -> None:
    told = load(BOARDS / name / "board.toml").boot_loader
    assert told is not None
    image = (BUILD / name / "firmware.bin").read_bytes()
    uf2 = (BUILD / name / "firmware.uf2").read_bytes()
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
        assert (family, number, count) == (told.family, offset // 512, len(uf2) // 512)
        assert address == told.base + len(held)
        held += block[32 : 32 + size]
    assert bytes(held[: len(image)]) == image
    assert not any(held[len(image) :])


@pytest.mark.parametrize("name", IMAGES)
def test_image_leaves_the_areas_alone(name: str) -> None:
    limit = load(BOARDS / name / "board.toml").flash.image_limit_bytes
    assert (BUILD / name / "firmware.bin").stat().st_size <= limit


def test_an_image_for_one_chip_is_none_for_the_other() -> None:
    """What the build checks of each image would tell them apart."""
    images = {name: (BUILD / name / "firmware.bin").read_bytes() for name in ("rp2040", "rp2350")}
    layouts = {name: load_chip(name).layout for name in images}
    for chip, layout in layouts.items():
        assert layout is not None
        for name, image in images.items():
            assert (check_image.fault_of(image, layout) is None) is (name == chip)


def test_the_image_of_the_rp2350_says_what_it_is() -> None:
    image = (BUILD / "rp2350/firmware.bin").read_bytes()
    assert check_image.image_type(image) == 0x1021  # an executable, ARM, secure, RP2350
    assert image.index(struct.pack("<I", check_image.BLOCK_START)) < check_image.IMAGE_DEF_WITHIN
