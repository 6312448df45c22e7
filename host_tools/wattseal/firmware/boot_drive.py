"""The drive that a chip's boot loader shows: finding it, and copying an image onto it.

Such a drive is no file system that keeps files: it writes the blocks of a UF2 file to flash as
they come and is gone once the last one is there. So an error after the last byte is no failure;
what runs afterwards tells whether it worked.
"""

from __future__ import annotations

import os
import re
import string
from collections.abc import Callable, Iterable
from pathlib import Path

from wattseal.errors import ToolError
from wattseal.firmware import uf2
from wattseal.firmware.boards import BootLoaderDrive

INFO = "INFO_UF2.TXT"
IMAGE = "wattseal.uf2"

_MAX_INFO_BYTES = 4096
_BOARD_ID = re.compile(r"^Board-ID:[ \t]*(\S+)", re.MULTILINE)
_PIECE_BYTES = 64 * uf2.BLOCK_BYTES
_MOUNT_PATTERNS = ("/media/*", "/media/*/*", "/run/media/*/*", "/Volumes/*", "/mnt/*")

Progress = Callable[[int, int], None]
"""Called with the blocks copied so far and their number."""


def board_id(folder: Path) -> str | None:
    """What a boot-loader drive says of itself; None if the folder is none."""
    try:
        with (folder / INFO).open("rb") as file:
            text = file.read(_MAX_INFO_BYTES).decode("ascii", "replace")
    except OSError:
        return None
    found = _BOARD_ID.search(text)
    return found[1] if found else None


def mounted_folders() -> Iterable[Path]:
    """Where this computer's system may show the drive."""
    if os.name == "nt":
        return [Path(f"{letter}:\\") for letter in string.ascii_uppercase[3:]]
    root = Path("/")
    return [path for pattern in _MOUNT_PATTERNS for path in root.glob(pattern[1:])]


def find(drive: BootLoaderDrive, folders: Iterable[Path]) -> list[Path]:
    """Those of the folders that are such a drive."""
    return [folder for folder in folders if board_id(folder) == drive.board_id]


def copy(image: bytes, drive: BootLoaderDrive, folder: Path, progress: Progress) -> None:
    """Copy an image onto the drive. ToolError `drive_lost` if it is gone before the last byte.

    The file takes its name only once it is whole, for a boot loader that looks at names.
    """
    partial = folder / (IMAGE + ".part")
    total = uf2.block_count(image)
    written = 0
    try:
        with partial.open("wb", buffering=_PIECE_BYTES) as file:
            for block in uf2.blocks(image, drive.place):
                file.write(block)
                written += 1
                if written % 64 == 0:
                    file.flush()
                    os.fsync(file.fileno())
                    progress(written, total)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(folder / IMAGE)
    except OSError as error:
        if written < total or board_id(folder) is not None:
            cause = error.strerror or str(error)
            raise ToolError("drive_lost", drive=str(folder), cause=cause) from None
    progress(total, total)
