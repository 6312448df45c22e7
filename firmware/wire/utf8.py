"""One check of UTF-8 for both interpreters: MicroPython's own takes what is none."""

# RFC 3629, section 4: the first byte from and to, the length, the second byte from and to.
# fmt: off
_SEQUENCES = (
    (0x00, 0x7F, 1, 0, 0),
    (0xC2, 0xDF, 2, 0x80, 0xBF),
    (0xE0, 0xE0, 3, 0xA0, 0xBF),
    (0xE1, 0xEC, 3, 0x80, 0xBF),
    (0xED, 0xED, 3, 0x80, 0x9F),
    (0xEE, 0xEF, 3, 0x80, 0xBF),
    (0xF0, 0xF0, 4, 0x90, 0xBF),
    (0xF1, 0xF3, 4, 0x80, 0xBF),
    (0xF4, 0xF4, 4, 0x80, 0x8F),
)
# fmt: on


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8 text, which `data.decode()` then reads alike everywhere."""
    at = 0
    while at < len(data):
        length = _sequence_length(data, at)
        if not length:
            return False
        at += length
    return True


def _sequence_length(data: bytes, at: int) -> int:
    """How many bytes the character at that place has; 0 if there is none."""
    for first, last, length, second_from, second_to in _SEQUENCES:
        if first <= data[at] <= last:
            rest = data[at + 1 : at + length]
            if len(rest) != length - 1:
                return 0
            if rest and not second_from <= rest[0] <= second_to:
                return 0
            return length if all(0x80 <= byte <= 0xBF for byte in rest) else 0
    return 0
