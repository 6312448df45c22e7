"""UF2 files, as a boot loader takes them: blocks of 512 bytes that each say where they belong.

Format: https://github.com/microsoft/uf2. A block stands for itself, so they may come in any order.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

BLOCK_BYTES = 512
PAYLOAD_BYTES = 256
FAMILY_PRESENT = 0x2000
MAX_BLOCKS = 65536

_MAGIC_START = (0x0A324655, 0x9E5D5157)
_MAGIC_END = 0x0AB16F30
_HEADER = struct.Struct("<8I")
_PAYLOAD_OFFSET = _HEADER.size
_END_OFFSET = BLOCK_BYTES - 4


class Uf2Error(Exception):
    """The file is no UF2 for this chip; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Block:
    """One page for the chip, or less at the end; `family` is None where the file names none."""

    address: int
    number: int
    count: int
    family: int | None
    data: bytes


def read_blocks(text: bytes) -> list[Block]:
    """All blocks of a file in the order of the file; Uf2Error if one is no block."""
    if len(text) % BLOCK_BYTES:
        raise Uf2Error(f"{len(text)} bytes are not a whole number of blocks")
    return [
        _read_block(text[start : start + BLOCK_BYTES], start // BLOCK_BYTES)
        for start in range(0, len(text), BLOCK_BYTES)
    ]


def _read_block(text: bytes, position: int) -> Block:
    *magic, flags, address, size, number, count, family = _HEADER.unpack_from(text)
    (magic_end,) = struct.unpack_from("<I", text, _END_OFFSET)
    if tuple(magic) != _MAGIC_START or magic_end != _MAGIC_END:
        raise Uf2Error(f"block {position} has not the marks of a UF2 block")
    if not 0 < size <= PAYLOAD_BYTES or address % PAYLOAD_BYTES:
        raise Uf2Error(f"block {position} is no page: {size} bytes for {address:#x}")
    if not 0 <= number < count <= MAX_BLOCKS:
        raise Uf2Error(f"block {position} says that it is number {number} of {count}")
    data = text[_PAYLOAD_OFFSET : _PAYLOAD_OFFSET + size]
    return Block(address, number, count, family if flags & FAMILY_PRESENT else None, data)


def is_complete(blocks: list[Block]) -> bool:
    """Whether every block is there that the blocks speak of."""
    return bool(blocks) and {block.number for block in blocks} == set(range(blocks[0].count))


def check_blocks(blocks: list[Block], family: int | None, base: int, size: int) -> None:
    """Uf2Error unless all are for this family and for addresses within base and base + size."""
    for block in blocks:
        if block.family != family:
            raise Uf2Error(f"block {block.number} is for another chip: family {block.family}")
        if family is not None and len(block.data) != PAYLOAD_BYTES:
            raise Uf2Error(f"block {block.number} is no whole page")
        if not base <= block.address <= base + size - PAYLOAD_BYTES:
            raise Uf2Error(f"block {block.number} is for {block.address:#x}, where nothing is")


def write_blocks(image: bytes, family: int | None, base: int) -> bytes:
    """The UF2 file of an image that begins at `base`.

    With a family the last page is filled with zeros, because a flash takes whole pages only; a
    file without one is a program, whose length matters.
    """
    return b"".join(_write_block(block) for block in split(image, family, base))


def split(image: bytes, family: int | None, base: int) -> Iterator[Block]:
    """The blocks of an image in ascending order."""
    count = -(-len(image) // PAYLOAD_BYTES)
    for number in range(count):
        start = number * PAYLOAD_BYTES
        data = image[start : start + PAYLOAD_BYTES]
        whole = data if family is None else data.ljust(PAYLOAD_BYTES, b"\0")
        yield Block(base + start, number, count, family, whole)


def _write_block(block: Block) -> bytes:
    flags = 0 if block.family is None else FAMILY_PRESENT
    header = _HEADER.pack(
        *_MAGIC_START,
        flags,
        block.address,
        len(block.data),
        block.number,
        block.count,
        block.family or 0,
    )
    body = (header + block.data).ljust(_END_OFFSET, b"\0")
    return body + struct.pack("<I", _MAGIC_END)
