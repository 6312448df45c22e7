"""Modbus RTU, the reading side: build a request, judge a reply. No input or output here.

Sources: MODBUS Application Protocol V1.1b3, sections 6.3, 6.4 and 7; MODBUS over serial line
V1.02, section 2.5.1. A reply counts only if unit, function, byte count, exact length and CRC are
all those of the request: a late reply to an earlier request or a second master's traffic must not
become a reading.
"""

from .errors import WattsealError

try:
    from _wattseal import crc16 as crc16  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    # Remainders of the 16 possible low nibbles under the reflected polynomial 0xA001.
    # fmt: off
    _NIBBLES = (
        0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
        0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
    )
    # fmt: on

    def crc16(data: bytes | bytearray | memoryview) -> int:
        """CRC-16/MODBUS of data (Modbus over serial line V1.02, appendix B), 0..0xFFFF.

        On the module the signing core computes it. This needs nothing built, and is slower.
        """
        crc = 0xFFFF
        for byte in data:
            crc ^= byte
            crc = (crc >> 4) ^ _NIBBLES[crc & 15]
            crc = (crc >> 4) ^ _NIBBLES[crc & 15]
        return crc


READ_HOLDING_REGISTERS = 3
READ_INPUT_REGISTERS = 4

MAX_REGISTERS = 125
"""The most registers that one reply can hold (V1.1b3, sections 6.3 and 6.4)."""

MAX_FRAME_BYTES = 256

_EXCEPTION_BYTES = 5
EXCEPTIONS = {
    1: "illegal_function",
    2: "illegal_data_address",
    3: "illegal_data_value",
    4: "server_device_failure",
    5: "acknowledge",
    6: "server_device_busy",
    8: "memory_parity_error",
    10: "gateway_path_unavailable",
    11: "gateway_target_failed_to_respond",
}


def build_read(unit: int, function: int, address: int, count: int) -> bytes:
    """The eight bytes that ask a unit (1 to 247) for registers; address is the wire's, from 0."""
    if not 1 <= unit <= 247:
        raise ValueError(f"unit {unit} is outside 1 to 247")
    if function not in (READ_HOLDING_REGISTERS, READ_INPUT_REGISTERS):
        raise ValueError(f"function {function} does not read registers")
    if not 1 <= count <= MAX_REGISTERS:
        raise ValueError(f"{count} registers are outside 1 to {MAX_REGISTERS}")
    if not 0 <= address <= 0x10000 - count:
        raise ValueError(f"address {address} is outside the register space")
    frame = bytes((unit, function, address >> 8, address & 0xFF, count >> 8, count & 0xFF))
    return frame + _crc_bytes(frame)


def reply_bytes(count: int) -> int:
    """Length of the whole reply that carries so many registers."""
    return 5 + 2 * count


def silence_us(baud: int, bits_per_character: int) -> int:
    """The silence that ends a frame, in microseconds, rounded up.

    3.5 characters, but never below the 1750 us that the standard sets above 19200 baud. A
    character has 11 bits by the standard and 10 without a parity bit and with one stop bit.
    """
    characters = -(-3500000 * bits_per_character // baud)
    return max(characters, 1750)


def strip_echo(received: bytes, sent: bytes) -> bytes:
    """What came after our own request on a line that echoes it.

    Empty while the echo is still arriving; WattsealError `meter_line_busy` if it is not what was
    sent, because then another sender was on the line at the same time.
    """
    if sent[: len(received)] != received[: len(sent)]:
        cause = "the echo is not what was sent; without any echo, meter_echo must be false"
        raise WattsealError("meter_line_busy", cause=cause)
    return received[len(sent) :]


def parse_reply(unit: int, function: int, count: int, frame: bytes) -> list[int]:
    """The registers, each 0 to 0xFFFF, of everything received between two silences.

    Raises WattsealError: `meter_no_reply` for nothing at all, `meter_wrong_length`,
    `meter_bad_crc`, `meter_wrong_unit`, `meter_wrong_function`, or `meter_exception` whose detail
    names the exception.
    """
    if not frame:
        raise WattsealError("meter_no_reply")
    if len(frame) < 4 or _crc_bytes(frame[:-2]) != frame[-2:]:
        if len(frame) in (reply_bytes(count), _EXCEPTION_BYTES):
            raise WattsealError("meter_bad_crc")
        raise WattsealError("meter_wrong_length", expected=reply_bytes(count), found=len(frame))
    if frame[0] != unit:
        raise WattsealError("meter_wrong_unit", expected=unit, found=frame[0])
    if frame[1] == function | 0x80 and len(frame) == _EXCEPTION_BYTES:
        name = EXCEPTIONS.get(frame[2], "unknown")
        raise WattsealError("meter_exception", exception=name, exception_code=frame[2])
    if frame[1] != function:
        raise WattsealError("meter_wrong_function", expected=function, found=frame[1])
    if len(frame) != reply_bytes(count) or frame[2] != 2 * count:
        raise WattsealError("meter_wrong_length", expected=reply_bytes(count), found=len(frame))
    return [frame[at] << 8 | frame[at + 1] for at in range(3, 3 + 2 * count, 2)]


class ReplyParser:
    """Collects one reply as its bytes arrive, at most MAX_FRAME_BYTES of them.

    One zero byte before the reply is dropped: many transceivers make it when the line changes its
    direction, and no unit that answers has the number 0.

    The driver feeds it until `missing()` is 0, waits for the silence that ends a frame, feeds what
    still comes, and calls `registers()`. After `meter_wrong_unit` it may `clear()` and go on
    receiving until its time-out: on a shared line that frame was meant for another master.
    """

    def __init__(self, unit: int, function: int, count: int):
        self._unit = unit
        self._function = function
        self._count = count
        self._frame = bytearray()
        self._may_turn_around = True

    def clear(self) -> None:
        """Discard what was received."""
        self._frame = bytearray()
        self._may_turn_around = True

    def feed(self, data: bytes) -> None:
        """Add received bytes; what exceeds the longest frame makes the reply wrong anyway."""
        if self._may_turn_around and data:
            self._may_turn_around = False
            data = data[1:] if data[0] == 0 else data
        room = MAX_FRAME_BYTES + 1 - len(self._frame)
        self._frame.extend(data[:room])

    def has_begun(self) -> bool:
        """Whether anything was received."""
        return len(self._frame) > 0

    def missing(self) -> int:
        """How many bytes the frame that has begun still needs; 0 once it may be whole.

        Judged by the frame's own header, so that another unit's reply is taken in whole too.
        """
        received = len(self._frame)
        if received < 3:
            return 3 - received
        whole = _EXCEPTION_BYTES if self._frame[1] & 0x80 else 5 + self._frame[2]
        return max(0, min(whole, MAX_FRAME_BYTES) - received)

    def begins_with(self, request: bytes) -> bool:
        """Whether the first that was received is the request itself."""
        return bytes(self._frame[: len(request)]) == request

    def registers(self) -> list[int]:
        """As `parse_reply` over what was received."""
        return parse_reply(self._unit, self._function, self._count, bytes(self._frame))


def _crc_bytes(data: bytes) -> bytes:
    crc = crc16(data)
    return bytes((crc & 0xFF, crc >> 8))
