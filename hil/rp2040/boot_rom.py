"""What the RP2040's boot ROM decides and does, as far as an image comes into the flash by it.

RP2040 datasheet, section 2.8: at a reset the ROM looks whether the watchdog's scratch registers ask
for an entry point, then whether the first 256 bytes of the flash carry their checksum; where they
do not, it becomes a USB drive, as it does when the BOOTSEL button is held. The processor's start is
not emulated instruction by instruction: these rules stand for it.
"""

import struct
from collections.abc import Iterable, Sequence

from hil.rp2040.spi_flash import (
    BUSY,
    PAGE_PROGRAM,
    READ_STATUS_1,
    SECTOR_ERASE,
    SECTOR_SIZE,
    WRITE_ENABLE,
    SpiFlash,
)
from hil.uf2 import Block

BOARD_ID = "RPI-RP2"
FAMILY = 0xE48BFF56
FLASH_BASE = 0x10000000
ROM_END = 0x4000

BOOT_STAGE_BYTES = 256
CHECKSUM_OFFSET = BOOT_STAGE_BYTES - 4

# Bits of reset_usb_boot's second argument (section 2.8.3.1), which it leaves in scratch register 1.
NO_MASS_STORAGE, NO_PICOBOOT = 1, 2

# The magic number of watchdog scratch register 4 (datasheet, section 2.8.1.1).
VECTOR_MAGIC = 0xB007C0D3


def checksum(data: bytes) -> int:
    """CRC-32 as the boot ROM has it: polynomial 04C11DB7, most significant bit first, no end."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


def boots(flash: bytes) -> bool:
    """Whether the ROM starts what is in the flash."""
    stage = flash[:CHECKSUM_OFFSET]
    (stored,) = struct.unpack_from("<I", flash, CHECKSUM_OFFSET)
    return checksum(stage) == int(stored)


def with_boot_checksum(code: bytes) -> bytes:
    """At most 252 bytes of code as a first stage that the ROM starts."""
    if len(code) > CHECKSUM_OFFSET:
        raise ValueError(f"{len(code)} bytes of code do not fit the first stage")
    stage = code.ljust(CHECKSUM_OFFSET, b"\0")
    return stage + struct.pack("<I", checksum(stage))


def asks_for_boot_loader(scratch: Sequence[int]) -> bool:
    """Whether the watchdog's scratch registers hold an entry point within the ROM itself.

    That is how the ROM's function reset_usb_boot gets there: a watchdog reset with a vector.
    """
    magic, mixed, _stack, entry = scratch[4:8]
    return (
        magic == VECTOR_MAGIC
        and mixed == (entry ^ -VECTOR_MAGIC) & 0xFFFFFFFF
        and 0 < entry < ROM_END
    )


def write_flash(flash: SpiFlash, blocks: Iterable[Block]) -> None:
    """Write pages as the ROM does: in the order of the file, each sector erased when first met.

    Ends early when the power fails.
    """
    erased = set()
    for block in blocks:
        offset = block.address - FLASH_BASE
        sector = offset - offset % SECTOR_SIZE
        if sector not in erased:
            erased.add(sector)
            erase_sector(flash, sector)
        if flash.powered:
            program_page(flash, offset, block.data)
        if not flash.powered:
            return


def erase_sector(flash: SpiFlash, offset: int) -> None:
    """Erase, and wait until it is done or the power has failed."""
    _operate(flash, SECTOR_ERASE, offset)


def program_page(flash: SpiFlash, offset: int, data: bytes) -> None:
    """Program 256 bytes, and wait until it is done or the power has failed."""
    _operate(flash, PAGE_PROGRAM, offset, data)


def _operate(flash: SpiFlash, command: int, offset: int, data: bytes = b"") -> None:
    _command(flash, bytes((WRITE_ENABLE,)))
    _command(flash, bytes((command, *offset.to_bytes(3, "big"))) + data)
    while flash.powered and _command(flash, bytes((READ_STATUS_1, 0)))[1] & BUSY:
        pass


def _command(flash: SpiFlash, sent: bytes) -> bytes:
    flash.select()
    answer = bytes(flash.exchange(byte) for byte in sent)
    flash.deselect()
    return answer
