"""The flash chip of the board, on the far side of the RP2040's SPI: a Winbond W25Q16JV.

Datasheet W25Q16JV (revision H): commands in section 8, times in section 9.6.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hil.flash import FlashOperation, Moment, apply
from hil.timeline import NS_PER_MS, EmulatedTimeline

WRITE_ENABLE, WRITE_DISABLE = 0x06, 0x04
READ_STATUS_1, READ_STATUS_2, WRITE_STATUS = 0x05, 0x35, 0x01
PAGE_PROGRAM, SECTOR_ERASE, BLOCK_ERASE = 0x02, 0x20, 0xD8
READ_DATA, READ_JEDEC_ID, READ_UNIQUE_ID = 0x03, 0x9F, 0x4B

PAGE_SIZE, SECTOR_SIZE, BLOCK_SIZE = 256, 4096, 65536

BUSY, WRITE_ENABLED = 0x01, 0x02
QUAD_ENABLED = 0x02
JEDEC_ID = bytes((0xEF, 0x40, 0x15))
IDLE_BUS = 0xFF

ADDRESS_END = 4
"""Bytes of a command and its address."""
UNIQUE_ID_START = 5
"""Bytes of the unique-id command and its dummies."""


@dataclass(frozen=True)
class FlashTiming:
    """How long the chip is busy: the datasheet's typical times (maximum 3, 400 and 2000 ms)."""

    page_program_ns: int = 400_000
    sector_erase_ns: int = 45 * NS_PER_MS
    block_erase_ns: int = 150 * NS_PER_MS


class SpiFlash:
    """The chip: bytes are exchanged while it is selected, commands take effect at deselection."""

    def __init__(
        self,
        memory: memoryview,
        unique_id: bytes,
        timeline: EmulatedTimeline,
        timing: FlashTiming,
        observe: Callable[[FlashOperation], Moment | None],
    ) -> None:
        """`observe` is told of each operation before it is done.

        It returns None to let it happen, or the moment of the operation at which the power fails:
        the chip is not `powered` then and ignores everything.
        """
        self._memory = memory
        self._unique_id = unique_id
        self._timeline = timeline
        self._timing = timing
        self._observe = observe
        self._operations = 0
        self._command = bytearray()
        self._write_enabled = False
        self._busy_until_ns = 0
        self.powered = True

    def select(self) -> None:
        """Chip select goes low: a command begins."""
        self._command.clear()

    def exchange(self, byte_in: int) -> int:
        """Shift one byte in and one byte out."""
        self._command.append(byte_in)
        position = len(self._command) - 1
        command = self._command[0]
        if position == 0:
            return IDLE_BUS
        if command == READ_STATUS_1:
            return self._status()
        if command == READ_STATUS_2:
            return QUAD_ENABLED
        if command == READ_JEDEC_ID and position <= len(JEDEC_ID):
            return JEDEC_ID[position - 1]
        if command == READ_UNIQUE_ID and 0 <= position - UNIQUE_ID_START < len(self._unique_id):
            return self._unique_id[position - UNIQUE_ID_START]
        if command == READ_DATA and position >= ADDRESS_END:
            return self._memory[(self._address + position - ADDRESS_END) % len(self._memory)]
        return IDLE_BUS

    def deselect(self) -> None:
        """Chip select goes high: the command takes effect."""
        if not self._command or not self.powered or self._timeline.now_ns() < self._busy_until_ns:
            return
        command = self._command[0]
        if command == WRITE_ENABLE:
            self._write_enabled = True
        elif command in (PAGE_PROGRAM, SECTOR_ERASE, BLOCK_ERASE):
            if self._write_enabled and len(self._command) >= ADDRESS_END:
                self._operate(command)
            self._write_enabled = False
        elif command in (WRITE_DISABLE, WRITE_STATUS):
            self._write_enabled = False
        self._command.clear()

    @property
    def _address(self) -> int:
        return int.from_bytes(self._command[1:ADDRESS_END], "big") % len(self._memory)

    def _status(self) -> int:
        """The status byte; a busy answer lets the time pass that the firmware would poll away.

        Some 50,000 polls of one erase would each be emulated to no other effect.
        """
        left_ns = self._busy_until_ns - self._timeline.now_ns()
        if left_ns > 0:
            self._timeline.advance(left_ns)
            return BUSY
        return WRITE_ENABLED if self._write_enabled else 0

    def _operate(self, command: int) -> None:
        operation, busy_ns = self._decode(command)
        self._operations += 1
        cut_at = self._observe(operation)
        apply(self._memory, operation, cut_at or Moment.AFTER)
        self.powered = cut_at is None
        self._busy_until_ns = self._timeline.now_ns() + busy_ns

    def _decode(self, command: int) -> tuple[FlashOperation, int]:
        address, now_ns = self._address, self._timeline.now_ns()
        if command == PAGE_PROGRAM:
            page = address - address % PAGE_SIZE
            image = bytearray(b"\xff" * PAGE_SIZE)
            for index, byte in enumerate(self._command[ADDRESS_END:]):  # wraps within the page
                image[(address + index) % PAGE_SIZE] = byte
            operation = FlashOperation(
                self._operations, "program", page, PAGE_SIZE, bytes(image), now_ns
            )
            return operation, self._timing.page_program_ns
        size = SECTOR_SIZE if command == SECTOR_ERASE else BLOCK_SIZE
        busy_ns = (
            self._timing.sector_erase_ns if command == SECTOR_ERASE else self._timing.block_erase_ns
        )
        start = address - address % size
        return FlashOperation(self._operations, "erase", start, size, b"", now_ns), busy_ns
