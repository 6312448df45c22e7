"""An image that its board could not start, or over its limit, ends the build, with what to do."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from boards import check_image
from boards.facts import BOARDS, BoardError, load

ROOT = BOARDS.parent
RP2040 = BOARDS / "rp2040/board.toml"
LIMIT = load(RP2040).flash.image_limit_bytes
CHECKSUM = slice(check_image.BOOT2_BYTES - 4, check_image.BOOT2_BYTES)


def image(size: int, stack: int = 0x20042000, reset: int = 0x100001F7) -> bytes:
    """What the RP2040's boot ROM would start."""
    data = bytearray(size)
    data[CHECKSUM] = check_image.checksum(bytes(check_image.BOOT2_BYTES - 4))
    struct.pack_into("<2I", data, 0x100, stack, reset)
    return bytes(data)


def check(board: str, file: Path, data: bytes) -> subprocess.CompletedProcess[str]:
    file.write_bytes(data)
    return subprocess.run(
        [sys.executable, "-m", "boards.check_image", BOARDS / board / "board.toml", file],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("board", "size"), [("rp2040", LIMIT), ("unix", LIMIT + 1)])
def test_image_within_its_limit_passes(board: str, size: int, tmp_path: Path) -> None:
    done = check(board, tmp_path / "firmware.bin", image(size))
    assert (done.returncode, done.stderr) == (0, "")


def test_image_over_its_limit_is_refused(tmp_path: Path) -> None:
    done = check("rp2040", tmp_path / "firmware.bin", image(LIMIT + 1))
    assert done.returncode == 1
    assert f"{LIMIT + 1} bytes, 1 over flash.image_limit_bytes" in done.stderr


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "it has 0 bytes"),
        (bytes(4096), "checksum"),
        (image(4096, stack=0x20042008), "stack"),
        (image(4096, stack=0x20041004), "stack"),
        (image(4096, reset=0x100001F6), "reset vector"),
        (image(4096, reset=0x10002001), "reset vector"),
    ],
)
def test_what_the_boot_rom_would_not_start(data: bytes, cause: str, tmp_path: Path) -> None:
    done = check("rp2040", tmp_path / "firmware.bin", data)
    assert done.returncode == 1
    assert cause in done.stderr
    assert done.stderr.count("\n") == 1


IMAGE_DEF = (check_image.BLOCK_START, 0x10210142, 0x000001FF, 0, check_image.BLOCK_END)


def rp2350_image(*words: int, at: int = 0x110, reset: int = 0x1000015D) -> bytes:
    """What the RP2350's boot ROM would start, with those words for its IMAGE_DEF."""
    data = bytearray(8192)
    struct.pack_into("<2I", data, 0, 0x20082000, reset)
    struct.pack_into(f"<{len(words)}I", data, at, *words)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (rp2350_image(), "no IMAGE_DEF"),
        (rp2350_image(*IMAGE_DEF, at=4100), "no IMAGE_DEF"),
        (rp2350_image(*IMAGE_DEF[:4]), "no IMAGE_DEF"),
        (rp2350_image(IMAGE_DEF[0], 0x11010142, *IMAGE_DEF[2:]), "no IMAGE_DEF"),  # RISC-V
        (rp2350_image(*IMAGE_DEF[:2], 0x000002FF, *IMAGE_DEF[3:]), "no IMAGE_DEF"),
        (rp2350_image(*IMAGE_DEF, at=8172), "no IMAGE_DEF"),
        (rp2350_image(*IMAGE_DEF, reset=0x1000015C), "reset vector"),
        (image(8192), "stack"),
    ],
)
def test_what_the_boot_rom_of_the_rp2350_would_not_start(
    data: bytes, cause: str, tmp_path: Path
) -> None:
    path = tmp_path / "firmware.bin"
    path.write_bytes(data)
    with pytest.raises(BoardError, match=cause):
        check_image.check(BOARDS / "rp2350/board.toml", path)
    path.write_bytes(rp2350_image(*IMAGE_DEF))
    check_image.check(BOARDS / "rp2350/board.toml", path)


@pytest.mark.image("rp2040")
def test_the_checksum_is_that_of_the_boot_rom() -> None:
    """The SDK has padded the second stage of the real image with its own."""
    data = (ROOT / "build/rp2040/firmware.bin").read_bytes()
    assert check_image.checksum(data[: CHECKSUM.start]) == data[CHECKSUM]


def test_missing_image_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"none\.bin"):
        check_image.check(RP2040, tmp_path / "none.bin")
    with pytest.raises(BoardError, match="name the board"):
        check_image.check(tmp_path / "board.toml", tmp_path / "none.bin")


def test_every_image_that_is_built_is_checked() -> None:
    script = (ROOT / "dev").read_text()

    def function(name: str) -> str:
        text = script[script.index(f"{name}() {{") :]
        return text[: text.index("\n}\n")]

    assert "\n    check_and_bill || {" in function("build_target")
    assert '-m boards.check_image "$board_toml" "$artefact"' in function("check_and_bill")
