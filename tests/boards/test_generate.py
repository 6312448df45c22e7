"""boards/generate.py: what it makes of the boards here, and which boards it refuses."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BOARDS = sorted(path.parent.name for path in ROOT.glob("boards/*/board.toml"))


def generate(board_toml: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "boards/generate.py", board_toml, out],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("board", BOARDS)
def test_areas_of_the_header_do_not_overlap(board: str, tmp_path: Path) -> None:
    assert generate(ROOT / "boards" / board / "board.toml", tmp_path).returncode == 0
    header = (tmp_path / "wattseal_board.h").read_text()
    numbers = {
        name: int(value, 0)
        for name, value in re.findall(r"#define WS_FLASH_(\w+) (0x[0-9a-f]+|\d+)u", header)
    }
    end = 0
    for area in ("KEYS", "SETTINGS", "EVENTS", "JOURNAL"):
        assert numbers[f"{area}_OFFSET"] >= end
        end = numbers[f"{area}_OFFSET"] + numbers[f"{area}_SECTORS"] * numbers["SECTOR_SIZE"]
    assert end <= numbers["SIZE"]


def test_pins_of_the_rp2040_board_are_in_the_module(tmp_path: Path) -> None:
    generate(ROOT / "boards/wattseal_rp2040/board.toml", tmp_path)
    scope: dict[str, object] = {}
    exec((tmp_path / "frozen/board.py").read_text(), scope)  # noqa: S102  # what we just made
    assert scope["NAME"] == "wattseal_rp2040"
    assert scope["LINK_UART"] != scope["METER_LINE_UART"]
    assert scope["METER_LINE_ECHO"] is False


def test_unchanged_board_keeps_the_time_stamp(tmp_path: Path) -> None:
    board_toml = ROOT / "boards/wattseal_rp2040/board.toml"
    generate(board_toml, tmp_path)
    before = (tmp_path / "wattseal_board.h").stat().st_mtime_ns
    generate(board_toml, tmp_path)
    assert (tmp_path / "wattseal_board.h").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("offset = 0x104000", "offset = 0x103000"), "overlaps"),
        (("offset = 0x104000", "offset = 0x104100"), "aligned"),
        (("offset = 0x100000", "offset = 0x0"), "overlaps"),
        (("sectors = 183", "sectors = 185"), "past the flash"),
        (("keys = ", "codes = "), "flash.areas must be"),
        (('name = "wattseal_rp2040"', "name = "), "TOML"),
    ],
)
def test_bad_board_is_refused_with_its_reason(
    change: tuple[str, str], reason: str, tmp_path: Path
) -> None:
    good = (ROOT / "boards/wattseal_rp2040/board.toml").read_text()
    assert change[0] in good
    bad = tmp_path / "board.toml"
    bad.write_text(good.replace(*change))
    done = generate(bad, tmp_path / "out")
    assert done.returncode == 2
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_missing_file_is_one_line(tmp_path: Path) -> None:
    done = generate(tmp_path / "none.toml", tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
