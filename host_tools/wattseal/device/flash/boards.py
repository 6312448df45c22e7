"""What the tools know of a board: its `board.toml`, of those in `device/board_facts` or any other.

`[usb]` has the USB ids of the running module, `[boot_loader]` those of its chip's boot loader, both
as `vid` and `pid`; where they are missing, boards are not told apart by them. A board without
`[boot_loader]` whose chip esptool knows is written by esptool, from the start of its flash.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from wattseal.common.errors import ToolError
from wattseal.common.files import read_bounded
from wattseal.device.update import BootLoaderDrive
from wattseal.device.update_bundle import FlashPlace
from wattseal.wire.firmware_manifest import MAX_IMAGE_BYTES

MAX_FILE_BYTES = 65536
OF_ESPTOOL = "esp"
"""How the names of chips begin that esptool knows by the same name."""


class UsbId(NamedTuple):
    """Vendor and product; as text `2e8a:0003`."""

    vid: int
    pid: int

    def __str__(self) -> str:
        return f"{self.vid:04x}:{self.pid:04x}"


@dataclass(frozen=True)
class Board:
    """One board. `drive` None: esptool writes its image, to the address `base`.

    `data`: the areas of its flash that hold keys, settings and records, offset and length in bytes.
    """

    name: str
    chip: str
    base: int
    drive: BootLoaderDrive | None
    image_limit_bytes: int
    sector_bytes: int
    data: tuple[tuple[int, int], ...]
    running_usb: UsbId | None
    loader_usb: UsbId | None

    def is_called(self, name: str) -> bool:
        """Whether a name is this board's, or that of a variant of it: name, `-`, variant."""
        return name.partition("-")[0] == self.name

    def sectors(self) -> list[int]:
        """The offsets of all sectors that hold data."""
        step = self.sector_bytes
        return [at for first, size in self.data for at in range(first, first + size, step)]


@cache
def known_boards() -> tuple[Board, ...]:
    """The boards that can be flashed, of those whose facts the tools carry, by name."""
    texts = [
        path.read_text(encoding="ascii")
        for path in (files("wattseal.device") / "board_facts").iterdir()
    ]
    found = [_board(facts) for facts in map(tomllib.loads, texts)]
    return tuple(sorted(found, key=lambda board: board.name))


def board_called(name: str, boards: Iterable[Board] | None = None) -> Board:
    """The board of a name, or the one of which it names a variant. ToolError `board_unknown`."""
    for board in boards or known_boards():
        if board.is_called(name):
            return board
    raise ToolError("board_unknown", board=name)


def board_given(text: str) -> Board:
    """A board by its name, or by the path of a board.toml or of its folder.

    ToolError `board_unknown`, `board_malformed`, `file_unreadable`.
    """
    path = Path(text)
    if path.is_dir():
        path /= "board.toml"
    if path.suffix != ".toml":
        return board_called(text)
    data = read_bounded(path, MAX_FILE_BYTES, "board_malformed")
    try:
        return _board(tomllib.loads(data.decode("ascii")))
    except KeyError as error:
        cause = f"it has no {error.args[0]}"
    except (ValueError, TypeError, AttributeError) as error:  # TOMLDecodeError is a ValueError
        cause = " ".join(str(error).split())[:120]
    raise ToolError("board_malformed", path=str(path), cause=cause)


def _board(facts: dict[str, Any]) -> Board:
    """The board of its facts. Raises KeyError, ValueError, TypeError."""
    chip, flash = str(facts["chip"]), facts["flash"]
    by_esptool = "boot_loader" not in facts and chip.startswith(OF_ESPTOOL)
    loader = {} if by_esptool else facts["boot_loader"]
    sector = int(flash["sector_bytes"])
    limit = int(flash["image_limit_bytes"]) or MAX_IMAGE_BYTES
    return Board(
        name=str(facts["name"]),
        chip=chip,
        base=0 if by_esptool else int(loader["base"]),
        drive=None if by_esptool else _drive(facts, limit),
        image_limit_bytes=limit,
        sector_bytes=sector,
        data=tuple((area["offset"], area["sectors"] * sector) for area in flash["areas"].values()),
        running_usb=_usb_id(facts.get("usb", {})),
        loader_usb=_usb_id(loader),
    )


def _drive(facts: dict[str, Any], limit: int) -> BootLoaderDrive:
    how = facts["boot_loader"]
    place = FlashPlace(int(how["base"]), how.get("family"), bool(how["whole_pages"]))
    return BootLoaderDrive(str(how["board_id"]), place, limit)


def _usb_id(facts: dict[str, Any]) -> UsbId | None:
    return UsbId(facts["vid"], facts["pid"]) if "vid" in facts and "pid" in facts else None
