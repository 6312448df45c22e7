"""Modbus RTU master on one line: when to speak, when to listen, when to believe.

Judging a frame is wire.modbus_rtu's matter; this is the timing around it (MODBUS over serial line
V1.02, section 2.5.1): silence before each request, a time-out for the whole reply, silence after
it, and a quiet line again after anything that went wrong.
"""

from wire.errors import WattsealError
from wire.modbus_rtu import ReplyParser, build_read, silence_us, strip_echo

_MAX_CHUNK_BYTES = 64
_BUSY_LIMIT_US = 2_000_000


class ModbusMaster:
    """Reads registers over an open line; ticks is the port (ticks_us, ticks_diff)."""

    def __init__(self, line, ticks, baud: int, bits_per_character: int, timeout_ms: int):
        self._line = line
        self._ticks = ticks
        self._silence_us = silence_us(baud, bits_per_character)
        self._timeout_us = timeout_ms * 1000

    def read(self, unit: int, function: int, address: int, count: int) -> list:
        """The registers, each 0 to 0xFFFF.

        Raises WattsealError `meter_line_busy` or what `parse_reply` raises. After any failure but
        an exception reply the line is kept quiet for one more time-out, so that a late reply
        cannot pass for the answer to the next request.
        """
        self._wait_for_silence()
        request = build_read(unit, function, address, count)
        self._line.write(request)
        parser = ReplyParser(unit, function, count)
        try:
            return self._receive(parser, request)
        except WattsealError as error:
            if error.name != "meter_exception":
                self._drain()
            raise

    def _since(self, start_us: int) -> int:
        return self._ticks.ticks_diff(self._ticks.ticks_us(), start_us)

    def _wait_for_silence(self) -> None:
        start_us = self._ticks.ticks_us()
        while self._line.wait(self._silence_us):
            self._line.discard()
            if self._since(start_us) > _BUSY_LIMIT_US:
                raise WattsealError("meter_line_busy", cause="the line did not fall silent")

    def _drain(self) -> None:
        start_us = self._ticks.ticks_us()
        while (left_us := self._timeout_us - self._since(start_us)) > 0:
            if self._line.wait(left_us):
                self._line.discard()

    def _receive(self, parser: ReplyParser, request: bytes) -> list:
        """The reply's registers; frames of other units are skipped until the time-out."""
        start_us = self._ticks.ticks_us()
        if self._line.echo:
            self._skip_echo(request, start_us)
        other_unit = None
        while self._collect(parser, start_us):
            try:
                return parser.registers()
            except WattsealError as error:
                if error.name != "meter_wrong_unit":
                    raise
                other_unit = error
                parser.clear()
        if other_unit:
            raise other_unit
        return parser.registers()  # raises: nothing, or only a part, has come

    def _skip_echo(self, request: bytes, start_us: int) -> None:
        heard = b""
        while len(heard) < len(request):
            left_us = self._timeout_us - self._since(start_us)
            if left_us <= 0 or not self._line.wait(left_us):
                raise WattsealError("meter_line_busy", cause="the own request was not heard")
            heard += self._line.read(len(request) - len(heard))
            strip_echo(heard, request)

    def _collect(self, parser: ReplyParser, start_us: int) -> bool:
        """Feed the parser up to the silence after a frame; False when the time-out comes first."""
        while True:
            missing = parser.missing()
            if missing:
                left_us = self._timeout_us - self._since(start_us)
                if left_us <= 0 or not self._line.wait(left_us):
                    return False
                parser.feed(self._line.read(missing))
            elif self._line.wait(self._silence_us):
                parser.feed(self._line.read(_MAX_CHUNK_BYTES))
                if self._since(start_us) > self._timeout_us + _BUSY_LIMIT_US:
                    raise WattsealError("meter_line_busy", cause="the reply does not end")
            else:
                return True
