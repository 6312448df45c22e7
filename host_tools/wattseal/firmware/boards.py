"""How the boot loader of each board takes an image: the facts of its board.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from wattseal.errors import ToolError
from wattseal.firmware.uf2 import FlashPlace


@dataclass(frozen=True)
class BootLoaderDrive:
    """A boot loader that shows itself as a drive; `board_id` stands in its INFO_UF2.TXT."""

    board_id: str
    place: FlashPlace


@cache
def _drives() -> dict[str, BootLoaderDrive]:
    """By the board's name; `board_facts` holds the boards whose boot loader is a drive."""
    found = {}
    for path in (files("wattseal.firmware") / "board_facts").iterdir():
        facts = tomllib.loads(path.read_text(encoding="ascii"))
        how = facts["boot_loader"]
        place = FlashPlace(how["base"], how.get("family"), how["whole_pages"])
        found[facts["name"]] = BootLoaderDrive(how["board_id"], place)
    return found


def drive_of(board: str) -> BootLoaderDrive:
    """The boot-loader drive of a board, by its name or by that of a variant: name, `_`, variant.

    ToolError `board_unknown`.
    """
    for name, drive in _drives().items():
        if board == name or board.startswith(name + "_"):
            return drive
    raise ToolError("board_unknown", board=board)
