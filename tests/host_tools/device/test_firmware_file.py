"""Firmware files: whole ones, cut ones, mixed ones, and what stands in an image."""

import hashlib
import json
import struct
from pathlib import Path

import pytest
from support.device.firmware_files import FACTS, image_for, uf2_for, with_binary_info
from support.device.signer import signer
from wattseal.common.errors import ToolError
from wattseal.device import firmware_file
from wattseal.device.firmware_file import MARK, find_facts, read_firmware, read_uf2
from wattseal.device.flash.boards import known_boards
from wattseal.device.update_bundle import Bundle, describe

BOARD = next(board for board in known_boards() if board.drive and board.drive.place.family)
IMAGE = image_for(BOARD.name)
UF2 = uf2_for(BOARD, IMAGE)
COUNT = len(UF2) // 512


def blocks_of(data: bytes) -> list[bytes]:
    return [data[at : at + 512] for at in range(0, len(data), 512)]


def changed(block: bytes, word: int, value: int) -> bytes:
    return block[: 4 * word] + struct.pack("<I", value) + block[4 * word + 4 :]


FAULTS = {
    "cut within a block": (UF2[:-100], "cut short"),
    "cut between blocks": (UF2[:-512], "1 of its 157 blocks are missing, first 0"),
    "one block left out": (UF2[: 512 * 9] + UF2[512 * 10 :], "are missing, first 10"),
    "no UF2": (b"MZ" + UF2[2:], "it is no UF2"),
    "nothing": (b"", "it is no UF2"),
    "a damaged mark": (UF2[:512] + b"\0" + UF2[513:], "block 1 lacks the marks"),
    "a damaged end": (UF2[:511] + b"\0" + UF2[512:], "block 0 lacks the marks"),
    "no payload": (changed(UF2[:512], 4, 0) + UF2[512:], "block 0 is damaged"),
    "a number past its count": (changed(UF2[:512], 5, COUNT) + UF2[512:], "block 0 is damaged"),
    "two chips": (changed(UF2[:512], 7, 0xE48BFF59) + UF2[512:], "for more than one chip"),
    "a gap": (changed(UF2[:512], 3, 0x10020000) + UF2[512:], "leave a gap"),
    "two images": (UF2 + UF2, "it holds more than one image"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_uf2_that_is_not_whole(fault: str, tmp_path: Path) -> None:
    data, words = FAULTS[fault]
    path = tmp_path / "firmware.uf2"
    path.write_bytes(data)
    with pytest.raises(ToolError, match=words) as caught:
        read_firmware(path)
    assert (caught.value.name, caught.value.exit_status) == ("firmware_unusable", 2)


def test_a_uf2_in_any_order_is_its_image() -> None:
    base, family, image = read_uf2(b"".join(reversed(blocks_of(UF2))))
    assert (base, family) == (BOARD.base, BOARD.drive.place.family)
    assert image == IMAGE.ljust(COUNT * 256, b"\0")


def test_files_are_told_apart_by_their_content(tmp_path: Path) -> None:
    manifest = describe(IMAGE, BOARD.name, "0.1.0", 1)
    bundle = Bundle(manifest, IMAGE, signer(seed=52).sign(manifest.signed_bytes))
    for name, data, kind in (
        ("a", UF2, "uf2"),
        ("b.uf2", UF2, "uf2"),
        ("c", IMAGE, "bin"),
        ("d", bundle.to_bytes(), "bundle"),
    ):
        (tmp_path / name).write_bytes(data)
        found = read_firmware(tmp_path / name)
        assert found.kind == kind
        assert found.facts == (BOARD.name, *FACTS.values())


def test_other_files(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="No such file"):
        read_firmware(tmp_path / "none.uf2")
    (tmp_path / "empty.bin").write_bytes(b"")
    with pytest.raises(ToolError, match="it is empty"):
        read_firmware(tmp_path / "empty.bin")


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firmware_file, "MAX_FILE_BYTES", len(UF2) - 1)
    (tmp_path / "big.uf2").write_bytes(UF2)
    with pytest.raises(ToolError, match="larger than"):
        read_firmware(tmp_path / "big.uf2")


def facts_text(**changes: object) -> bytes:
    return MARK + json.dumps({"board": "b", **FACTS, **changes}).encode()


@pytest.mark.parametrize(
    "image",
    [
        b"",
        MARK,
        MARK + b"{",
        MARK + b"[]",
        MARK + b'{"board":"b"}',
        facts_text(more=1),
        facts_text(rollback_number="1"),
        facts_text(vendor_key="secret"),
        facts_text() + facts_text(board="c"),
        MARK + b" " * 500 + facts_text()[len(MARK) :],
    ],
)
def test_images_that_tell_nothing(image: bytes) -> None:
    assert find_facts(image) is None


def test_facts_that_stand_there_twice() -> None:
    found = find_facts(b"x" + facts_text(vendor_key=None) + b"y" + facts_text(vendor_key=None))
    assert found == ("b", "0.1.0", 1, None)


@pytest.mark.parametrize("told", [0x500, 0x4FF, 0x401])
def test_the_padding_of_the_last_page_is_not_in_the_image(told: int, tmp_path: Path) -> None:
    """Not even where the image itself ends with zeros."""
    image = with_binary_info(bytes(told), told)
    (tmp_path / "a.uf2").write_bytes(uf2_for(BOARD, image))
    found = read_firmware(tmp_path / "a.uf2")
    assert found.image == image
    assert found.sha256 == hashlib.sha256(image).hexdigest()


def test_an_image_shorter_than_it_says(tmp_path: Path) -> None:
    for name, data in (("a.bin", 0), ("a.uf2", 1)):
        image = with_binary_info(bytes(0x480), 0x500 + 256 * data)
        (tmp_path / name).write_bytes(uf2_for(BOARD, image) if data else image)
        with pytest.raises(ToolError, match=r"it was cut short: \d+ of its"):
            read_firmware(tmp_path / name)


@pytest.mark.parametrize("at", [0x200, 0x204])
def test_binary_info_that_points_nowhere(at: int) -> None:
    image = bytearray(with_binary_info(bytes(0x500), 0x500))
    image[at : at + 4] = b"\xff\xff\xff\xff"
    assert firmware_file.image_bytes(bytes(image)) in (None, 0x500)
