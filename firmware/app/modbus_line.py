"""One Modbus RTU request and its reply on the meter's line.

Sources: MODBUS over serial line V1.02, section 2.5.1. What this driver adds to the parser in
wire/modbus_rtu.py is time: the silence before a request, the end of a reply, the time-out, and a
line that is drained after one, so that a late reply cannot answer the next request.
"""

from wire.errors import WattsealError
from wire.modbus_rtu import (
    MAX_FRAME_BYTES,
    ReplyParser,
    build_read,
    reply_bytes,
    silence_us,
    strip_echo,
)

from app.contracts import MeterLine, Ticks

_LONGEST_NOISE_US = 500_000  # a line that has not fallen silent by then is in use by others
_DRAIN_US = 500_000  # how long after a time-out a late reply is waited for


class ModbusLine:
    """The master on a line of `baud` bits a second and so many bits a character."""

    def __init__(self, ticks: Ticks, line: MeterLine, baud: int, bits_per_character: int) -> None:
        self._ticks = ticks
        self._line = line
        self._silence_us = silence_us(baud, bits_per_character)
        self._character_us = -(-bits_per_character * 1_000_000 // baud)
        self._is_silent = False
        self._drain = False

    def read_registers(
        self, unit: int, function: int, address: int, count: int, timeout_ms: int
    ) -> list[int]:
        """Ask once; the registers.

        timeout_ms: from the end of the request to the first byte of the reply. WattsealError
        `meter_line_busy` and those of `parse_reply`; after any of them the next request may be
        sent at once, this driver waits for the line as needed.
        """
        request = build_read(unit, function, address, count)
        self._await_silence()
        self._drain = True  # until a whole reply says that none is on its way
        self._line.write(request)
        parser = ReplyParser(unit, function, count)
        limit_us = timeout_ms * 1000 + reply_bytes(count) * self._character_us
        registers = self._receive(parser, request, limit_us)
        self._drain = False
        return registers

    def _await_silence(self) -> None:
        """Let go of what is arriving and return when the line is free for a request."""
        if self._is_silent and not self._line.wait(0):
            self._is_silent = False
            return
        self._is_silent = False
        start_us = self._ticks.ticks_us()
        if self._drain and self._line.wait(_DRAIN_US):
            self._line.discard()
        while self._line.wait(self._silence_us):
            self._line.discard()
            if self._elapsed_us(start_us) > _LONGEST_NOISE_US + _DRAIN_US:
                raise WattsealError("meter_line_busy")

    def _receive(self, parser: ReplyParser, request: bytes, limit_us: int) -> list[int]:
        """The registers of our unit's reply; frames of other units are let pass until the end."""
        start_us = self._ticks.ticks_us()
        echo = b"" if self._line.echo else None
        stranger = None
        heard = False  # anything that is not from a stranger
        while True:
            left_us = limit_us - self._elapsed_us(start_us)
            if left_us <= 0 or not self._line.wait(left_us):
                break
            data = self._line.read(MAX_FRAME_BYTES)
            if echo is not None:
                echo += data
                data = strip_echo(echo, request)
                echo = None if len(echo) >= len(request) else echo
            heard = heard or data != b""
            parser.feed(data)
            if parser.missing():
                continue
            self._await_end_of_frame(parser)
            try:
                return parser.registers()
            except WattsealError as error:
                if error.name != "meter_wrong_unit":
                    raise
                stranger = error
                heard = False
                parser.clear()
        if stranger and not heard:
            raise stranger
        return parser.registers()

    def _await_end_of_frame(self, parser: ReplyParser) -> None:
        """Feed what still comes without a silence: more than a frame makes the reply wrong."""
        start_us = self._ticks.ticks_us()
        while self._line.wait(self._silence_us):
            parser.feed(self._line.read(MAX_FRAME_BYTES))
            if self._elapsed_us(start_us) > _LONGEST_NOISE_US:
                raise WattsealError("meter_line_busy")
        self._is_silent = True

    def _elapsed_us(self, start_us: int) -> int:
        return self._ticks.ticks_diff(self._ticks.ticks_us(), start_us)
