"""A chip whose boot loader shows itself as a folder, as a USB drive would be mounted."""

from pathlib import Path

from wattseal.device.update import IMAGE, INFO

from support.device.fake_key_life import KeyLife


class FakeBootLoader:
    """Takes what was copied when it is next looked at: the fake module asks it."""

    def __init__(self, folder: Path, board_id: str = "RPI-RP2"):
        self.folder = folder
        self._info = f"UF2 Bootloader v3.0\nBoard-ID: {board_id}\n"
        self.takes: bytes | None = None
        """If set, what runs afterwards, whatever was copied."""

    def appear(self) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / INFO).write_text(self._info)

    def restart(self, module: KeyLife) -> bool:
        """Start the module with the image, if it is there; whether it is."""
        copied = self.folder / IMAGE
        if not copied.exists():
            return False
        image = self._image(copied.read_bytes())
        for path in self.folder.iterdir():
            path.unlink()
        module.start_with(self.takes or image, "0.2.0")
        return True

    def _image(self, uf2: bytes) -> bytes:
        """The bytes of the blocks by address; the zeros that fill the last page up are cut."""
        blocks = [uf2[at : at + 512] for at in range(0, len(uf2), 512)]
        blocks.sort(key=lambda block: int.from_bytes(block[12:16], "little"))
        return b"".join(block[32:288] for block in blocks).rstrip(b"\0")
