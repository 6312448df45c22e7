"""How the boot loader of each board takes an image."""

from __future__ import annotations

from dataclasses import dataclass

from wattseal.errors import ToolError
from wattseal.firmware.uf2 import FlashPlace


@dataclass(frozen=True)
class BootLoaderDrive:
    """A boot loader that shows itself as a drive; `board_id` stands in its INFO_UF2.TXT."""

    board_id: str
    place: FlashPlace


_DRIVES = {
    # RP2040 datasheet, section 2.8.4: drive RPI-RP2, flash at 0x10000000.
    "wattseal_rp2040": BootLoaderDrive("RPI-RP2", FlashPlace(0x10000000, 0xE48BFF56, True)),
    # The unix program keeps the same ways; its image is the executable, from its first byte.
    "wattseal_unix": BootLoaderDrive("WATTSEAL-UNIX", FlashPlace(0, None, False)),
}


def drive_of(board: str) -> BootLoaderDrive:
    """The boot-loader drive of a board, by its name or a variant's, such as wattseal_rp2040_usb.

    ToolError `board_unknown`.
    """
    for name, drive in _DRIVES.items():
        if board == name or board.startswith(name + "_"):
            return drive
    raise ToolError("board_unknown", board=board)
