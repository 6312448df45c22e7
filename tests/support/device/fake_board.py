"""A bare board: a boot loader's drive that takes a UF2 as the boot ROM does, then a module's port.

The board keeps a flash of its own, in which the boot loader erases each sector when it first meets
a page of it, so that a test sees what was erased.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from wattseal.device.flash.boards import Board

from hil.boot_drive import BootDrive
from hil.uf2 import Block, Uf2Error, check_blocks
from support.device.fake_module import FakeModule
from support.device.pty_port import PtyPort

FLASH_BYTES = 2 << 20
LOOK_S = 0.005


def new_module(**hello: Any) -> FakeModule:
    """A module that was just switched on for the first time."""
    module = FakeModule(settings={}, clock_ms=None, hello_changes=hello)
    module.sealed, module.commissioning, module.publication = False, 0, None
    return module


class FakeBoard:
    """Use as a context manager. `port` is the name that its module's port gets, as udev gives it.

    `starts`: whether anything comes up after the image was taken.
    """

    def __init__(
        self, folder: Path, board: Board, chip_id: str = "e6614864d3417c2f", *, starts: bool = True
    ) -> None:
        assert board.drive is not None
        self.board = board
        self.drive = BootDrive(folder / "drive", board.drive.board_id)
        self.port = folder / "ttyACM0"
        self.chip_id = chip_id
        self.starts = starts
        self.flash = bytearray(b"rubbish " * (FLASH_BYTES // 8))
        self.module: FakeModule | None = None
        self.files_taken = 0
        self._opened: PtyPort | None = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        self.drive.show()
        self._thread.start()
        return self

    def __exit__(self, *_exception: Any) -> None:
        self._end.set()
        self._thread.join(10)
        if self._opened is not None:
            self._opened.__exit__()
        assert self._failure is None, self._failure

    def image(self, size: int) -> bytes:
        """The first bytes of its flash."""
        return bytes(self.flash[:size])

    def _watch(self) -> None:
        try:
            while not self._end.wait(LOOK_S):
                blocks = self.drive.take() if self.drive.shown else None
                if blocks is not None and self._fit(blocks):
                    self.files_taken += 1
                    self.drive.hide()
                    self._write(blocks)
        except BaseException as error:  # shown by the test, not lost with the thread
            self._failure = error

    def _fit(self, blocks: list[Block]) -> bool:
        assert self.board.drive is not None
        place = self.board.drive.place
        try:
            check_blocks(blocks, place.family, place.base, FLASH_BYTES)
        except Uf2Error:
            return False
        return True

    def _write(self, blocks: list[Block]) -> None:
        sector_bytes, erased = self.board.sector_bytes, set()
        length = 0
        for block in blocks:
            offset = block.address - self.board.base
            sector = offset - offset % sector_bytes
            if sector not in erased:
                erased.add(sector)
                self.flash[sector : sector + sector_bytes] = b"\xff" * sector_bytes
            self.flash[offset : offset + len(block.data)] = block.data
            if offset < self.board.image_limit_bytes:
                length = max(length, offset + len(block.data))
        if self.starts:
            self._start(bytes(self.flash[:length]).rstrip(b"\0"))

    def _start(self, image: bytes) -> None:
        """The module that the image is, which makes no key from rubbish."""
        identity = hashlib.sha256(image).hexdigest()
        self.module = new_module(
            board=self.board.name, chip_id=self.chip_id, firmware_identity=identity
        )
        self._opened = PtyPort(self.module)
        self._opened.__enter__()
        self.port.symlink_to(self._opened.path)


@contextmanager
def bare_boards(folder: Path, board: Board, count: int) -> Iterator[list[FakeBoard]]:
    """Several boards in their boot loaders."""
    boards = []
    for number in range(count):
        (folder / f"board{number}").mkdir()
        boards.append(FakeBoard(folder / f"board{number}", board, f"e6614864d3417c{number:02x}"))
    try:
        for one in boards:
            one.__enter__()
        yield boards
    finally:
        for one in boards:
            one.__exit__()
