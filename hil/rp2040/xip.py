"""The window through which the RP2040 reads and executes its flash, and when it is closed.

While the SPI controller is set up for single commands, or switched off, it serves no reads of the
window: the chip hangs or gets garbage (RP2040 datasheet, section 4.10). Here such a read gives
garbage and is a `ClosedWindowError`, whoever makes it: the processor fetching an instruction, a
load, the boot ROM taking the source of a page program.

While the window is open the emulator's own methods serve it, at no cost; while it is closed ours
look at each address.
"""

from collections.abc import Callable
from typing import Any

FLASH_START, FLASH_ALIASES_END = 0x10000000, 0x14000000
"""Four windows of 16 MB: with the cache, without allocating, past the cache, and both."""
BOOT_STAGE_END = FLASH_START + 256
ROM_END = 0x4000

GARBAGE = {"read_uint8": 0xBE, "read_uint16": 0xBF00, "read_uint32": 0xBEBEBEBE}
"""By the method that reads; an instruction is one that does nothing."""

Read = Callable[[int], int]


class ClosedWindowError(Exception):
    """The firmware read its flash while the flash chip took commands."""


class _Instructions(dict[int, int]):
    """Halfwords by their address; those of the boot ROM, which never change, are kept."""

    def __init__(self, read: Read) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, address: int) -> int:
        value = self._read(address)
        if address < ROM_END:
            self[address] = value
        return value


class XipWindow:
    """Opened and closed by the SPI controller; `problem` is the first read while it was closed."""

    def __init__(self, mcu: Any, stop: Callable[[], None]) -> None:
        """`stop` ends the run after the instruction that read."""
        self._mcu = mcu
        self._stop = stop
        self._open_reads: dict[str, Read] = {name: getattr(mcu, name) for name in GARBAGE}
        self._closed_reads = {name: self._guarded(name) for name in GARBAGE}
        # Most of what runs while it is closed is the boot ROM's: its instructions are looked up.
        halfwords = _Instructions(self._closed_reads["read_uint16"])
        self._closed_reads["read_uint16"] = halfwords.__getitem__
        self._is_open = True
        self.problem: ClosedWindowError | None = None

    def set_open(self, is_open: bool) -> None:
        """Serve reads, or refuse them."""
        if is_open != self._is_open:
            self._is_open = is_open
            for name, read in (self._open_reads if is_open else self._closed_reads).items():
                setattr(self._mcu, name, read)

    def watch(self, tell: Callable[[int], None]) -> None:
        """Tell each address that is read through the open window from here on, which is slow."""

        def told(read: Read) -> Read:
            def reading(address: int) -> int:
                if FLASH_START <= address < FLASH_ALIASES_END:
                    tell(address)
                return read(address)

            return reading

        self._open_reads = {name: told(read) for name, read in self._open_reads.items()}
        if self._is_open:
            for name, read in self._open_reads.items():
                setattr(self._mcu, name, read)

    def raise_problem(self) -> None:
        """Raise what was read while the window was closed, if anything was."""
        if self.problem is not None:
            raise self.problem

    def _guarded(self, name: str) -> Read:
        read: Read = self._open_reads[name]
        core, garbage = self._mcu.core, GARBAGE[name]

        def guarded(address: int) -> int:
            if FLASH_START <= address & 0xFFFFFFFF < FLASH_ALIASES_END:
                pc = core.pc
                # The first stage is executed in place here; the boot ROM runs a copy in RAM.
                if not FLASH_START <= pc < BOOT_STAGE_END:
                    self._refuse(address & 0xFFFFFFFF, pc)
                    return garbage
            return read(address)

        return guarded

    def _refuse(self, address: int, pc: int) -> None:
        if self.problem is None:
            reader = (
                "the boot ROM: what it is to program lies in the flash itself"
                if pc < ROM_END
                else "the firmware: it must run from RAM, with interrupts off, until XIP is back"
            )
            self.problem = ClosedWindowError(
                f"flash was read at {address:#010x} while the flash chip took commands, near pc "
                f"{pc:#010x}, by {reader}. On silicon this hangs or gives garbage"
            )
        self._stop()
