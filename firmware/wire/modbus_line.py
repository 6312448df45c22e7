"""One Modbus RTU request and its reply on the meter's line.

Sources: MODBUS over serial line V1.02, section 2.5.1. What this driver adds to the parser in
wire/modbus_rtu.py is time: the silence before a request, the end of a reply, the time-out, and a
line that is drained after one, so that a late reply cannot answer the next request.
"""

from .errors import WattsealError
from .modbus_rtu import (
    MAX_FRAME_BYTES,
    ReplyParser,
    build_read,
    reply_bytes,
    silence_us,
    strip_echo,
)
from .shapes import MeterLine, RegisterUse, Result, Ticks, Work

_LONGEST_NOISE_US = 500_000  # a line that has not fallen silent by then is in use by others
_ERRORS_OF_AN_ECHO = ("meter_bad_crc", "meter_wrong_length")
"""What a request is when it is taken for a reply; no reply is as long as a request."""

_DRAIN_US = 500_000  # how long after a time-out a late reply is waited for
_SECOND_REPLY_US = 100_000  # and after a frame that another one may follow


class ModbusLine:
    """Modbus master on a line of `baud` bits a second and so many bits a character.

    echo: whether it hears what it sends; None for what the line says of itself. late_us: how long
    a reply that did not come in time is still waited for before the next request.
    """

    def __init__(
        self,
        ticks: Ticks,
        line: MeterLine,
        baud: int,
        bits_per_character: int,
        echo: bool | None = None,
        late_us: int = _DRAIN_US,
    ) -> None:
        self._ticks = ticks
        self._line = line
        self._echo = line.echo if echo is None else echo
        self._late_us = late_us
        self._silence_us = silence_us(baud, bits_per_character)
        self._character_us = -(-bits_per_character * 1_000_000 // baud)
        self._is_silent = False
        self._drain_us = 0  # how long the reply to an earlier request may still arrive

    def read_registers(
        self,
        unit: int,
        function: int,
        address: int,
        count: int,
        timeout_ms: int,
        use: RegisterUse = list,
        meanwhile: Work | None = None,
    ) -> Result:
        """Ask once; returns what `use` makes of the registers.

        timeout_ms: from the end of the request, or of `meanwhile`, to the first byte of the reply.
        use: called while the silence after the reply is awaited; what it makes, or raises, counts
        only if the reply ended there. meanwhile: called while the reply is awaited.

        WattsealError `meter_line_busy`, `meter_line_echo` and those of `parse_reply`; after any of
        them, and after whatever `use` or `meanwhile` raised, the next request may be sent at once:
        this driver waits for the line as needed.
        """
        request = build_read(unit, function, address, count)
        is_late = self._await_silence()
        self._drain_us = self._late_us  # until a frame says that it is answered
        self._line.write(request)
        if meanwhile is not None:
            meanwhile()
        parser = ReplyParser(unit, function, count)
        limit_us = timeout_ms * 1000 + reply_bytes(count) * self._character_us
        try:
            result = self._receive(parser, request, limit_us, use)
        except WattsealError as error:
            if error.name in _ERRORS_OF_AN_ECHO and parser.begins_with(request):
                raise WattsealError("meter_line_echo") from None
            raise
        self._drain_us = _SECOND_REPLY_US if is_late else 0
        return result

    def _await_silence(self) -> bool:
        """Discard what arrives and return when the line is free for a request.

        Returns whether an earlier request was never answered: its reply may come with the next.
        """
        was_silent, drain_us = self._is_silent, self._drain_us
        self._is_silent = False
        if was_silent and not drain_us and not self._line.wait(0):
            return False
        start_us = self._ticks.ticks_us()
        came = drain_us > 0 and self._line.wait(drain_us)
        if came:
            self._line.discard()
        while self._line.wait(self._silence_us):
            self._line.discard()
            if self._elapsed_us(start_us) > _LONGEST_NOISE_US + _DRAIN_US:
                raise WattsealError("meter_line_busy")
        return drain_us == self._late_us and not came

    def _receive(
        self, parser: ReplyParser, request: bytes, limit_us: int, use: RegisterUse
    ) -> Result:
        """Return what `use` makes of our unit's reply; frames of other units are skipped."""
        start_us = self._ticks.ticks_us()
        echo = b"" if self._echo else None
        wrong_unit = None
        heard = False  # bytes that are of no whole frame of another unit
        while self._await_bytes(parser, start_us, limit_us):
            data = self._line.read(MAX_FRAME_BYTES)
            if echo is not None:
                echo += data
                data = strip_echo(echo, request)
                echo = None if len(echo) >= len(request) else echo
            heard = heard or data != b""
            parser.feed(data)
            if parser.missing():
                continue
            try:
                return self._use_whole_frame(parser, use)
            except WattsealError as error:
                if error.name != "meter_wrong_unit":
                    raise
                wrong_unit = error
                heard = False
                parser.clear()
        if wrong_unit and not heard:
            raise wrong_unit
        return use(parser.registers())

    def _await_bytes(self, parser: ReplyParser, start_us: int, limit_us: int) -> bool:
        """Return when bytes are readable (True) or limit_us have passed since start_us (False).

        The rest of a frame that has begun is waited for no longer than it takes at least: a UART
        may report its last bytes only after the line has been silent for a while.
        """
        while True:
            left_us = limit_us - self._elapsed_us(start_us)
            if left_us <= 0:
                return False
            if parser.has_begun():
                left_us = min(left_us, parser.missing() * self._character_us)
            if self._line.wait(left_us):
                return True

    def _use_whole_frame(self, parser: ReplyParser, use: RegisterUse) -> Result:
        """Return what `use` makes of the frame; calls it before the frame is known to have ended.

        If it has not, the frame is wrong, and that is raised instead.
        """
        end_us = self._ticks.ticks_us()
        self._drain_us = _SECOND_REPLY_US
        try:
            return use(parser.registers())
        finally:
            if self._frame_continues(parser, end_us):
                parser.registers()  # raises: a reply is exactly as long as its header says

    def _frame_continues(self, parser: ReplyParser, end_us: int) -> bool:
        """Wait for a silence since `end_us`, feeding what still comes; returns whether any did."""
        continues = False
        left_us = self._silence_us - self._elapsed_us(end_us)
        while self._line.wait(max(left_us, 0)):
            continues = True
            parser.feed(self._line.read(MAX_FRAME_BYTES))
            if self._elapsed_us(end_us) > _LONGEST_NOISE_US:
                raise WattsealError("meter_line_busy")
            left_us = self._silence_us
        self._is_silent = True
        return continues

    def _elapsed_us(self, start_us: int) -> int:
        return self._ticks.ticks_diff(self._ticks.ticks_us(), start_us)
