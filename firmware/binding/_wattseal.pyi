"""Typed signatures of the C module `_wattseal`: the signing core as MicroPython sees it.

Every function raises `CoreError(code, name)` from the one table in `ws_error.h` when the core
refuses, `ValueError` for a wrong length and `TypeError` for a wrong type. No function takes or
returns a private key.
"""

from typing import Final

_Buffer = bytes | bytearray | memoryview

AREA_SETTINGS: Final[int]
AREA_STATEMENTS: Final[int]
AREA_EVENTS: Final[int]
AREA_JOURNAL: Final[int]

USB_LINK: Final[int]
"""1 where the link is on USB CDC, 0 where it is on a UART, or USB has a prompt."""

class CoreError(Exception):
    """A refusal of the signing core; `args` is `(code: int, name: str)`, code negative."""

def self_test(everything: bool, /) -> tuple[str, ...]:
    """Run known-answer tests; the names of those that failed (empty: all passed).

    Without `everything`, those that making a key and signing depend on: a fifth of the time.

    Names: `crc`, `sha256`, `health`, `drbg`, `sign`, `verify_good`, `verify_forged`.
    """

def firmware_identity() -> bytes:
    """Return SHA-256 of the running image, 32 bytes: in flash, on unix of the executable.

    Measured at the first call after a start; raises CoreError: `storage` if the image cannot be
    read.
    """

def hedge() -> bool:
    """Seed the entropy that is added to nonces from here on; returns whether it is.

    False, and nonces of plain RFC 6979, if the port does not do this or if a health test of the
    noise source fails.
    """

def random() -> bytes:
    """Return 32 bytes from the health-tested noise source through the DRBG, for challenges.

    Raises CoreError: `entropy` if a health test of the noise source fails.
    """

def key_slots() -> tuple[int, tuple[tuple[int, bytes], ...]]:
    """Return `(broken, whole)`: how many slots are written but not whole, and the whole keys.

    A whole key is `(key number, firmware identity that made it, 32 bytes)`, in ascending order of
    the number. `(0, ())` means that no slot was ever written. Raises CoreError: `storage`;
    `key_of_other_chip` if any slot holds a key that was made on another chip.
    """

def key_create(number: int) -> None:
    """Make a key pair of that number, 1 or more, in a blank slot, for the running image.

    Raises CoreError: `key_exists` if a whole key of that number is stored, `space` if no slot is
    blank (see `key_discard_broken`), `entropy` if a health test of the noise source fails,
    `storage` if the flash refuses.
    """

def key_secure(number: int) -> None:
    """Program the slot of the whole key of that number once more: its storing may have been cut.

    Raises CoreError: `no_key`, `key_broken`, `key_of_other_chip`, `storage`.
    """

def key_erase(number: int) -> None:
    """Erase the whole key of that number for ever; raises CoreError: `no_key`, `storage`."""

def key_erase_all() -> None:
    """Destroy what every key slot holds, whatever that is: also a key of another chip.

    Raises CoreError: `storage` if a slot refuses; the others are erased all the same.
    """

def key_discard_broken() -> int:
    """Erase the key slots that are written but not whole; how many were erased (0: none was).

    A whole key is never touched. To be called only when it is known that a broken key is not the
    one in use: that its first storing or its erasure was cut; a used key that decayed is a fault.
    Raises CoreError: `storage` if the flash refuses.
    """

def key_public(number: int) -> bytes:
    """Return SubjectPublicKeyInfo DER of a stored key, uncompressed point, 91 bytes.

    Raises CoreError: `no_key`, or `key_broken` if a broken slot may have been it, or
    `key_of_other_chip` if there is a key of another chip; `storage`.
    """

def sign_record(number: int, payload: _Buffer) -> bytes:
    """Sign an OCMF record; returns its signature section over exactly these bytes (OCMF, table 8).

    number: of the key that signs. payload: 1 to 4096 bytes, the first of them `{`: all else is
    refused (CoreError `argument`), so that nothing but a record can be signed as one.
    JSON text: `{"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SD":"30..."}`.
    """

def sign_statement(number: int, text: _Buffer) -> bytes:
    """Sign `wattseal.statement.v1`, a line feed and the text; returns the strict DER signature.

    The core puts that prefix before the text: what it signs here never begins with `{`, so it
    can never be taken for an OCMF record. text: 1 to 4096 bytes.
    """

def public_key_valid(public_key: _Buffer) -> bool:
    """Return whether the bytes are the SPKI DER (91 bytes) of a point on P-256."""

def verify(public_key: _Buffer, message: _Buffer, signature: _Buffer) -> bool:
    """Verify an ECDSA P-256 SHA-256 signature.

    public_key: SPKI DER, 91 bytes. signature: strict DER.
    """

def verify_digest(public_key: _Buffer, digest: _Buffer, signature: _Buffer) -> bool:
    """Verify as `verify` does, over a digest of 20 to 64 bytes (the leftmost 256 bits count)."""

def sha256(data: _Buffer) -> bytes:
    """Return SHA-256 of data, 32 bytes."""

def crc16(data: _Buffer) -> int:
    """Return CRC-16/MODBUS of data, as a number; on the wire its low byte goes first."""

def crc32(data: _Buffer) -> int:
    """Return CRC-32/ISO-HDLC (that of zlib) of data."""

def json_text(value: object) -> bytes | None:
    """Return compact JSON text of a value; None for a value that the link cannot carry.

    It carries objects, arrays, ASCII text, true, false, null and integers within +-(2**53-1), at
    most six objects and arrays one within another.
    """

def flash_info(area: int) -> tuple[int, int, int]:
    """Return `(sector_size, page_size, sector_count)` of an area, sizes in bytes."""

def flash_read(area: int, offset: int, buffer: bytearray | memoryview) -> None:
    """Fill buffer from the byte offset within the area."""

def flash_is_erased(area: int, offset: int, length: int) -> bool:
    """Return whether all bytes from the byte offset within the area are 0xFF."""

def flash_highest(area: int, magic: _Buffer, offset: int, below: int) -> int:
    """Return the highest number in the sectors of an area that is below a limit; -1 if none is.

    Of the sectors that begin with magic, 1 to 64 bytes; the number is the four bytes, lowest first,
    that lie so many bytes from the start of the sector, at most 60. below: 0 to 2**30.
    """

def flash_program(area: int, offset: int, data: _Buffer) -> None:
    """Program whole pages: offset and length are multiples of page_size.

    Of erased pages; or the bytes that the pages hold already, to make half programmed cells hold;
    or zeros.
    """

def flash_erase(area: int, sector: int) -> None:
    """Erase one sector to 0xFF."""

def chip_id() -> bytes:
    """Return the unique id of the flash chip, 8 bytes; keys belong to it."""
