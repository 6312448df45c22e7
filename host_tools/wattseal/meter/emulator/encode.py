"""Values into registers, as meters write them.

Written apart from the firmware's decoders on purpose, so that the one checks the other.
"""

import struct

WIDTHS = {"u16": 1, "s16": 1, "u32": 2, "s32": 2, "f32": 2, "u64": 4, "s64": 4, "f64": 4}
"""Registers of a number of each type."""

_STRUCT_CODES = {
    "u16": "H", "s16": "h", "u32": "I", "s32": "i", "u64": "Q", "s64": "q", "f32": "f", "f64": "d",
}  # fmt: skip


def encode_number(kind: str, value: int | float, word_order: str = "big") -> list[int]:
    """The registers of a number; `struct.error` or OverflowError if the type cannot hold it."""
    return split(struct.pack(">" + _STRUCT_CODES[kind], value), word_order)


def encode_pattern(pattern: str, word_order: str = "big") -> list[int]:
    """The registers of a bit pattern in hexadecimal, most significant digit first."""
    return split(bytes.fromhex(pattern), word_order)


def encode_text(kind: str, text: str, count: int) -> list[int]:
    """The registers of a serial number or version: a decimal number, hexadecimal or ASCII.

    ASCII is filled up with NUL bytes; ValueError if the text does not fit.
    """
    if kind == "ascii":
        data = text.encode("ascii").ljust(2 * count, b"\0")
    elif kind == "hex":
        data = bytes.fromhex(text)
    else:
        return encode_number(kind, int(text))
    if len(data) != 2 * count:
        raise ValueError(f"{text!r} does not fit {count} registers")
    return split(data)


def split(data: bytes, word_order: str = "big") -> list[int]:
    """Big-endian bytes as registers; word order `little` puts the least significant first."""
    words = list(struct.unpack(f">{len(data) // 2}H", data))
    return words if word_order == "big" else words[::-1]
