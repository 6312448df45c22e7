"""Turn a board.toml into the C header and the Python module that the firmware is built with.

Usage: python boards/generate.py BOARD_TOML OUT_DIR
Writes OUT_DIR/wattseal_board.h (flash areas) and OUT_DIR/frozen/board.py (pins and lines).
"""

import sys
import tomllib
from pathlib import Path
from typing import Any

AREAS = ("keys", "settings", "events", "journal")


class BoardError(Exception):
    """A board.toml that cannot be built from; the message names the entry and the remedy."""


def load(path: Path) -> dict[str, Any]:
    """Read and check one board.toml; raises BoardError."""
    board = tomllib.loads(path.read_text(encoding="ascii"))
    flash = board["flash"]
    sector, size = flash["sector_bytes"], flash["size_bytes"]
    if tuple(flash["areas"]) != AREAS:
        raise BoardError(f"{path}: flash.areas must be {', '.join(AREAS)}, in this order")
    free_from = flash["image_limit_bytes"]
    for name, area in flash["areas"].items():
        if area["offset"] % sector or area["offset"] < free_from or area["sectors"] < 2:
            raise BoardError(
                f"{path}: flash area '{name}' overlaps what lies before it, is not aligned to "
                f"{sector} bytes or has fewer than 2 sectors; move it to {free_from:#x} or later"
            )
        free_from = area["offset"] + area["sectors"] * sector
    if free_from > size:
        raise BoardError(f"{path}: the areas end at {free_from:#x}, past the flash ({size:#x})")
    return board


def c_header(board: dict[str, Any]) -> str:
    """Flash geometry for the storage port, offsets and sizes in bytes."""
    flash = board["flash"]
    lines = [
        f"// Generated from the board.toml of {board['name']}; edit that file instead.",
        "#pragma once",
        f"#define WS_FLASH_SIZE {flash['size_bytes']:#x}u",
        f"#define WS_FLASH_SECTOR_SIZE {flash['sector_bytes']}u",
        f"#define WS_FLASH_PAGE_SIZE {flash['page_bytes']}u",
    ]
    if "noise" in board:
        lines.append(f"#define WS_NOISE_SAMPLE_PERIOD_US {board['noise']['sample_period_us']}u")
    for name, area in flash["areas"].items():
        lines.append(f"#define WS_FLASH_{name.upper()}_OFFSET {area['offset']:#x}u")
        lines.append(f"#define WS_FLASH_{name.upper()}_SECTORS {area['sectors']}u")
    return "\n".join(lines) + "\n"


def python_module(board: dict[str, Any]) -> str:
    """The frozen module `board`: NAME, and the pins and lines where the board has any."""
    lines = [
        f"# Generated from the board.toml of {board['name']}; edit that file instead.",
        f"NAME = {board['name']!r}",
    ]
    for table in ("link", "meter_line"):
        for key, value in board.get(table, {}).items():
            lines.append(f"{table.upper()}_{key.upper()} = {value!r}")
    return "\n".join(lines) + "\n"


def write_if_changed(path: Path, text: str) -> None:
    """Keep the time stamp of an unchanged file, so that make rebuilds nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="ascii") != text:
        path.write_text(text, encoding="ascii")


def main(arguments: list[str]) -> int:
    """Command line; 0 on success, 2 with one line on standard error otherwise."""
    if len(arguments) != 2:
        print("usage: generate.py BOARD_TOML OUT_DIR", file=sys.stderr)
        return 2
    try:
        board = load(Path(arguments[0]))
    except (BoardError, KeyError, OSError, tomllib.TOMLDecodeError) as error:
        print(f"boards/generate.py: {error!r}", file=sys.stderr)
        return 2
    out = Path(arguments[1])
    write_if_changed(out / "wattseal_board.h", c_header(board))
    write_if_changed(out / "frozen" / "board.py", python_module(board))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
