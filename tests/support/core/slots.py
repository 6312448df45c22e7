"""Key slots as ws_key_slot.h documents them, read and written without the core."""

import binascii

from support.core import curve
from support.core.flash import CHIP_ID, NorFlash

HEADER = b"WSK1" + bytes.fromhex("0200b400")
CRC_OFFSET = 180
SLOT_BYTES = 184  # what is written; the rest of 256 stays erased


def private_key_in(flash: NorFlash, sector: int = 0) -> int:
    """The private key of a slot."""
    start = sector * flash.sector_size + 48
    return int.from_bytes(flash.memory[start : start + 32])


def slot(number: int, secret: int, identity: bytes = bytes(32), chip_id: bytes = CHIP_ID) -> bytes:
    """The bytes of a slot with this key, made on that chip."""
    body = HEADER + number.to_bytes(4, "little") + bytes(4) + identity
    body += secret.to_bytes(32) + curve.encode(curve.times_g(secret)) + bytes(3) + chip_id
    return body + binascii.crc32(body).to_bytes(4, "little")


def store(
    flash: NorFlash,
    sector: int,
    number: int,
    secret: int,
    identity: bytes = bytes(32),
    chip_id: bytes = CHIP_ID,
) -> None:
    """Put a key into a slot, past the core."""
    start = sector * flash.sector_size
    flash.memory[start : start + SLOT_BYTES] = slot(number, secret, identity, chip_id)


def break_slot(flash: NorFlash, sector: int) -> None:
    """Leave something in a slot that is no key."""
    start = sector * flash.sector_size
    flash.memory[start : start + 100] = bytes(100)
