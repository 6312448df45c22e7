"""The drive that a chip's boot loader shows: a folder, as an operating system would mount it.

While the chip is in its boot loader the folder holds INFO_UF2.TXT, which names the board. A UF2
file that appears there, whole, is what the boot loader takes; then the drive goes away.
"""

from pathlib import Path

from hil.uf2 import BLOCK_BYTES, Block, Uf2Error, is_complete, read_blocks

INFO_NAME = "INFO_UF2.TXT"
UF2_PATTERN = "*.[uU][fF]2"


class BootDrive:
    """The folder; it is there all the time, as a mount point is."""

    def __init__(self, folder: Path, board_id: str) -> None:
        self.folder = folder
        self._board_id = board_id
        self._refused: dict[Path, int] = {}
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def shown(self) -> bool:
        """Whether the drive is there."""
        return (self.folder / INFO_NAME).exists()

    def show(self) -> None:
        """Let the drive appear, all of its content at once."""
        self._empty()
        info = f"UF2 Bootloader v2.0\r\nModel: Wattseal rig\r\nBoard-ID: {self._board_id}\r\n"
        draft = self.folder / ".draft"
        draft.write_text(info, encoding="ascii", newline="")
        draft.rename(self.folder / INFO_NAME)

    def hide(self) -> None:
        """Let the drive go away with all that is on it."""
        (self.folder / INFO_NAME).unlink(missing_ok=True)
        self._empty()

    def take(self) -> list[Block] | None:
        """The blocks of a file that has arrived whole; None as long as there is none.

        A file that is no UF2 stays where it is and does nothing, as on a real drive.
        """
        for path in sorted(self.folder.glob(UF2_PATTERN)):
            blocks = self._read(path)
            if blocks is not None and is_complete(blocks):
                return blocks
        return None

    def _read(self, path: Path) -> list[Block] | None:
        """Its blocks; None if it is no UF2, or was told to be none and has not grown since."""
        size = path.stat().st_size
        if size % BLOCK_BYTES or self._refused.get(path) == size:
            return None
        try:
            return read_blocks(path.read_bytes())
        except Uf2Error:
            self._refused[path] = size
            return None

    def _empty(self) -> None:
        self._refused.clear()
        for path in self.folder.iterdir():
            path.unlink()
