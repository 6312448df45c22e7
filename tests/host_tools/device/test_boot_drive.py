"""UF2 blocks, and fake boot-loader drives: some are removed, full, or name another board."""

import os
import struct
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from wattseal.common.errors import ToolError
from wattseal.device import update, update_bundle
from wattseal.device.update import drive_of

ROOT = Path(__file__).resolve().parents[3]
RP2040 = drive_of("rp2040")
UNIX = drive_of("unix")
IMAGE = os.urandom(256 * 200 + 10)


def _fields(block: bytes) -> tuple[int, ...]:
    assert len(block) == 512
    assert block[-4:] == bytes.fromhex("306fb10a")
    return struct.unpack("<8I", block[:32])


def test_blocks_of_the_rp2040() -> None:
    blocks = list(update_bundle.blocks(IMAGE, RP2040.place))
    fields = [_fields(block) for block in blocks]
    assert [one[5] for one in fields] == [*range(1, 201), 0]
    for block, (first, second, flags, address, size, number, count, family) in zip(
        blocks, fields, strict=True
    ):
        assert (first, second) == (0x0A324655, 0x9E5D5157)
        assert (flags, family, size, count) == (0x2000, 0xE48BFF56, 256, 201)
        assert address == 0x10000000 + 256 * number
        assert block[32:288] == IMAGE[256 * number : 256 * number + 256].ljust(256, b"\0")


def test_blocks_of_the_unix_program_keep_its_length() -> None:
    image = bytearray()
    for block in sorted(
        update_bundle.blocks(IMAGE, UNIX.place), key=lambda block: _fields(block)[3]
    ):
        _first, _second, flags, address, size, _number, _count, family = _fields(block)
        assert (flags, family, address) == (0, 0, len(image))
        image += block[32 : 32 + size]
    assert bytes(image) == IMAGE


@pytest.mark.parametrize("size", [1, 255, 256, 257])
def test_number_of_blocks(size: int) -> None:
    count = len(list(update_bundle.blocks(bytes(size), UNIX.place)))
    assert count == update_bundle.block_count(bytes(size)) == (size + 255) // 256


@pytest.mark.parametrize("board", ["rp2040", "rp2040-usb", "rp2040-lab"])
def test_variants_share_their_drive(board: str) -> None:
    assert drive_of(board) is RP2040


def test_every_board_with_a_boot_loader_has_its_drive_here() -> None:
    for path in sorted(ROOT.glob("boards/*/board.toml")):
        facts = tomllib.loads(path.read_text())
        if "boot_loader" in facts:
            assert drive_of(facts["name"]).board_id == facts["boot_loader"]["board_id"]


@pytest.mark.parametrize("board", ["esp32", "rp2040x", "", "wattseal_rp2040"])
def test_boards_without_a_known_drive(board: str) -> None:
    with pytest.raises(ToolError) as caught:
        drive_of(board)
    assert caught.value.name == "board_unknown"


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    folder = tmp_path / "RPI-RP2"
    folder.mkdir()
    info = "UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: RPI-RP2\n"
    (folder / "INFO_UF2.TXT").write_text(info)
    return folder


def test_only_the_right_drive_is_found(tmp_path: Path, drive: Path) -> None:
    other, empty = tmp_path / "OTHER", tmp_path / "EMPTY"
    for folder in (other, empty):
        folder.mkdir()
    (other / "INFO_UF2.TXT").write_text("Board-ID: SAMD21\n")
    folders = [other, empty, drive, tmp_path / "none"]
    assert update.find(RP2040, folders) == [drive]
    assert update.find(UNIX, folders) == []


@pytest.mark.parametrize("text", [b"", b"Board-ID:\n", b"\xff\xfe", b"x" * 9999 + b"\nBoard-ID: a"])
def test_info_that_tells_nothing(drive: Path, text: bytes) -> None:
    (drive / "INFO_UF2.TXT").write_bytes(text)
    assert update.board_id(drive) is None


def test_the_file_is_there_only_once_it_is_whole(drive: Path) -> None:
    seen = []

    def progress(done: int, total: int) -> None:
        seen.append((done, total, (drive / "wattseal.uf2").exists()))

    update.copy(IMAGE, RP2040, drive, progress)
    assert seen[-1] == (201, 201, True)
    assert len(seen) > 2
    assert not any(is_there for _done, _total, is_there in seen[:-1])
    assert (drive / "wattseal.uf2").read_bytes() == b"".join(
        update_bundle.blocks(IMAGE, RP2040.place)
    )
    assert not (drive / "wattseal.uf2.part").exists()


def _failing_at(call: int, before: Callable[[], None]) -> Callable[[int], None]:
    calls = 0

    def fsync(_descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            before()
            raise OSError(5, "Input/output error")

    return fsync


def test_a_drive_that_goes_away_in_the_middle(drive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vanish = (drive / "INFO_UF2.TXT").unlink
    monkeypatch.setattr(os, "fsync", _failing_at(2, vanish))
    with pytest.raises(ToolError, match="Input/output error") as caught:
        update.copy(IMAGE, RP2040, drive, lambda *_: None)
    assert caught.value.name == "drive_lost"
    assert not (drive / "wattseal.uf2").exists()


def test_a_drive_that_goes_away_after_the_last_block_is_done(
    drive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    vanish = (drive / "INFO_UF2.TXT").unlink
    monkeypatch.setattr(os, "fsync", _failing_at(4, vanish))
    update.copy(IMAGE, RP2040, drive, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (201, 201)


def test_a_drive_that_is_full_at_the_last_block_and_stays(
    drive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", _failing_at(4, lambda: None))
    with pytest.raises(ToolError) as caught:
        update.copy(IMAGE, RP2040, drive, lambda *_: None)
    assert caught.value.name == "drive_lost"


def test_a_drive_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="No such file"):
        update.copy(IMAGE, RP2040, tmp_path / "none", lambda *_: None)
