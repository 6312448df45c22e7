"""PICOBOOT, the boot ROM's second USB interface: memory and flash at a host's command.

RP2040 datasheet, section 2.8.5. The ROM offers it beside the drive whenever the chip waits in its
boot loader, unless whoever entered it said otherwise (section 2.8.3.1): nothing is asked of the
host but to speak the protocol.
"""

import struct
from enum import IntEnum
from typing import TYPE_CHECKING

from hil.rp2040 import boot_rom
from hil.rp2040.spi_flash import PAGE_SIZE, SECTOR_SIZE

if TYPE_CHECKING:
    from hil.rp2040.chip import Chip

MAGIC = 0x431FD10B
COMMAND = struct.Struct("<IIBBHI16s")
"""Magic, token, command, bytes of arguments that count, nothing, bytes to transfer, arguments."""

ROM_BYTES = 0x4000
RAM_START, RAM_BYTES = 0x20000000, 0x42000
RETURN_ADDRESS = 0x3FFE
"""In the ROM: where code that was called by EXEC returns to."""
EXEC_LIMIT_NS = 10_000_000


class Command(IntEnum):
    """What the host may ask; the top bit says that data comes back."""

    EXCLUSIVE_ACCESS = 0x01
    REBOOT = 0x02
    FLASH_ERASE = 0x03
    READ = 0x84
    WRITE = 0x05
    EXIT_XIP = 0x06
    ENTER_CMD_XIP = 0x07
    EXEC = 0x08
    VECTORIZE_FLASH = 0x09


class Status(IntEnum):
    """How the last command went."""

    OK = 0
    UNKNOWN_COMMAND = 1
    INVALID_COMMAND_LENGTH = 2
    INVALID_TRANSFER_LENGTH = 3
    INVALID_ADDRESS = 4
    BAD_ALIGNMENT = 5
    REBOOTING = 7
    UNKNOWN_ERROR = 8


class RefusalError(Exception):
    """The endpoint stalls; the status says why."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.name)
        self.status = status


ARGUMENT_BYTES = {
    Command.EXCLUSIVE_ACCESS: 1,
    Command.REBOOT: 12,
    Command.FLASH_ERASE: 8,
    Command.READ: 8,
    Command.WRITE: 8,
    Command.EXIT_XIP: 0,
    Command.ENTER_CMD_XIP: 0,
    Command.EXEC: 4,
    Command.VECTORIZE_FLASH: 4,
}


class Picoboot:
    """The device's end of the interface, on a chip in its boot loader."""

    def __init__(self, chip: "Chip") -> None:
        self._chip = chip
        self.exclusive = False
        """Whether the host has asked that the drive take no files meanwhile."""
        self.status = Status.OK

    def command(self, packet: bytes, data: bytes = b"") -> bytes:
        """Do what a packet of 32 bytes asks, with the data that follow it; the data that come back.

        RefusalError if the endpoint stalls.
        """
        try:
            answer = self._dispatch(packet, data)
        except RefusalError as refusal:
            self.status = refusal.status
            raise
        self.status = Status.OK
        return answer

    def _dispatch(self, packet: bytes, data: bytes) -> bytes:
        magic, _token, number, argument_bytes, _, transfer_bytes, arguments = COMMAND.unpack(packet)
        if magic != MAGIC or number not in list(Command):
            raise RefusalError(Status.UNKNOWN_COMMAND)
        command = Command(number)
        if argument_bytes != ARGUMENT_BYTES[command]:
            raise RefusalError(Status.INVALID_COMMAND_LENGTH)
        words = struct.unpack("<4I", arguments)
        moves = command in (Command.READ, Command.WRITE)
        if transfer_bytes != (words[1] if moves else 0):
            raise RefusalError(Status.INVALID_TRANSFER_LENGTH)
        if command is Command.READ:
            return self._read(words[0], words[1])
        if command is Command.WRITE:
            self._write(words[0], data[: words[1]])
        elif command is Command.FLASH_ERASE:
            self._erase(words[0], words[1])
        elif command is Command.EXEC:
            self._exec(words[0])
        elif command is Command.REBOOT:
            self._reboot(words[0], words[1])
        elif command is Command.EXCLUSIVE_ACCESS:
            self.exclusive = arguments[0] != 0
        return b""  # the flash always listens here: EXIT_XIP and its like change nothing

    def _read(self, address: int, size: int) -> bytes:
        mcu = self._chip.mcu
        if self._is_flash(address, size):
            offset = address - boot_rom.FLASH_BASE
            return self._chip.flash_image()[offset : offset + size]
        if self._is_ram(address, size):
            return bytes(mcu.sram[address - RAM_START : address - RAM_START + size])
        if address + size <= ROM_BYTES:
            return bytes(mcu.read_uint8(place) for place in range(address, address + size))
        raise RefusalError(Status.INVALID_ADDRESS)

    def _write(self, address: int, data: bytes) -> None:
        if self._is_ram(address, len(data)):
            start = address - RAM_START
            self._chip.mcu.sram[start : start + len(data)] = data
            return
        if not self._is_flash(address, len(data)):
            raise RefusalError(Status.INVALID_ADDRESS)
        if address % PAGE_SIZE or len(data) % PAGE_SIZE:
            raise RefusalError(Status.BAD_ALIGNMENT)
        for start in range(0, len(data), PAGE_SIZE):
            page = data[start : start + PAGE_SIZE]
            self._chip.program_flash(address - boot_rom.FLASH_BASE + start, page)

    def _erase(self, address: int, size: int) -> None:
        if not self._is_flash(address, size):
            raise RefusalError(Status.INVALID_ADDRESS)
        if address % SECTOR_SIZE or size % SECTOR_SIZE:
            raise RefusalError(Status.BAD_ALIGNMENT)
        for start in range(0, size, SECTOR_SIZE):
            self._chip.erase_flash(address - boot_rom.FLASH_BASE + start)

    def _exec(self, address: int) -> None:
        """Call a function that the host has put into the RAM."""
        if not self._is_ram(address & ~1, 2):
            raise RefusalError(Status.INVALID_ADDRESS)
        if not self._chip.call_function(address & ~1, RETURN_ADDRESS, EXEC_LIMIT_NS):
            raise RefusalError(Status.UNKNOWN_ERROR)

    def _reboot(self, address: int, stack: int) -> None:
        """Start what is in the flash, or code that the host has put into the RAM."""
        if address and not self._is_ram(address & ~1, 2):
            raise RefusalError(Status.INVALID_ADDRESS)
        self._chip.leave_boot_loader(address & ~1, stack)

    def _is_flash(self, address: int, size: int) -> bool:
        offset = address - boot_rom.FLASH_BASE
        return 0 <= offset <= offset + size <= self._chip.flash_size

    def _is_ram(self, address: int, size: int) -> bool:
        offset = address - RAM_START
        return 0 <= offset <= offset + size <= RAM_BYTES
