"""A meter's line through a USB-RS485 adaptor, as the Modbus master of the firmware takes it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattseal.common.errors import ToolError
from wattseal.device.link import SerialTransport
from wattseal.wire.modbus_line import ModbusLine

if TYPE_CHECKING:  # wire/shapes.py has types for the checker alone
    from typing import Protocol

    from wattseal.wire.shapes import MeterLine, Ticks

    class OpenLine(MeterLine, Ticks, Protocol):
        """A line that can be had in any format, with the clock that belongs to it."""

        def set_format(self, form: LineFormat) -> None:
            """Send and hear in another format from now on."""


ADAPTOR_LATENCY_US = 30_000
"""How late an adaptor and the operating system may hand over what has arrived: FTDI's chips wait
16 ms for more."""


@dataclass(frozen=True)
class LineFormat:
    """Speed and shape of the characters on a line."""

    baud: int = 9600
    parity: str = "none"
    stop_bits: int = 1

    @property
    def bits_per_character(self) -> int:
        """Start bit, 8 bits, parity and stop bits."""
        return 1 + 8 + (self.parity != "none") + self.stop_bits

    def __str__(self) -> str:
        return f"{self.baud} 8{self.parity[0].upper()}{self.stop_bits}"


def master(line: OpenLine, form: LineFormat, echo: bool, late_ms: int | None = None) -> ModbusLine:
    """The Modbus master on a line, which is put into that format.

    late_ms: how long a reply that did not come in time is still waited for; the firmware's default
    without it.
    """
    line.set_format(form)
    late = {} if late_ms is None else {"late_us": late_ms * 1000}
    return ModbusLine(line, line, form.baud, form.bits_per_character, echo, **late)


class RecordedLine:
    """A line whose bytes, sent and heard, are told to somebody."""

    echo = False

    def __init__(self, line: OpenLine, tell: Callable[[bytes, int], object]) -> None:
        self._line, self._tell = line, tell
        self.set_format = line.set_format
        self.wait, self.discard = line.wait, line.discard
        self.ticks_ms, self.ticks_us = line.ticks_ms, line.ticks_us
        self.ticks_diff = line.ticks_diff

    def write(self, data: bytes) -> None:
        """Send everything."""
        self._line.write(data)
        self._tell(data, self._line.ticks_us())

    def read(self, max_bytes: int) -> bytes:
        """Return what has arrived."""
        data = self._line.read(max_bytes)
        if data:
            self._tell(data, self._line.ticks_us())
        return data


class SerialLine:
    """A line behind a serial port. ToolError `port_lost` if the port breaks.

    any_parity: use a port that knows no parity, as a pseudo-terminal, in spite of that.
    """

    echo = False

    def __init__(self, transport: SerialTransport, *, any_parity: bool = True) -> None:
        self._transport = transport
        self._any_parity = any_parity
        self._kept = b""
        self._character_s = 0.0

    def set_format(self, form: LineFormat) -> None:
        """Send and hear in another format from now on; what has arrived is thrown away.

        ToolError `line_format_unusable`.
        """
        try:
            self._transport.set_format(form.baud, form.parity, form.stop_bits)
        except ToolError as error:
            if error.name != "line_format_unusable" or not self._any_parity:
                raise
            self._transport.set_format(form.baud, "none", form.stop_bits)
        self._character_s = form.bits_per_character / form.baud
        self.discard()

    def write(self, data: bytes) -> None:
        """Send everything; returns when the last bit has left, which an adaptor does not tell."""
        end_s = time.monotonic() + len(data) * self._character_s
        self._transport.write(data)
        time.sleep(max(0.0, end_s - time.monotonic()))

    def read(self, max_bytes: int) -> bytes:
        """Return what has arrived, at most max_bytes."""
        self.wait(0)
        data, self._kept = self._kept[:max_bytes], self._kept[max_bytes:]
        return data

    def wait(self, timeout_us: int) -> bool:
        """Return when bytes are readable (True) or when none can have come within timeout_us."""
        if not self._kept:
            late_us = ADAPTOR_LATENCY_US if timeout_us else 0
            self._kept = self._transport.read((timeout_us + late_us) / 1_000_000)
        return self._kept != b""

    def discard(self) -> None:
        """Throw away what has arrived."""
        while self.wait(0):
            self._kept = b""

    def ticks_ms(self) -> int:
        """Return milliseconds of the monotonic clock."""
        return self.ticks_us() // 1000

    def ticks_us(self) -> int:
        """Return microseconds of the monotonic clock."""
        return time.monotonic_ns() // 1000

    def ticks_diff(self, later: int, earlier: int) -> int:
        """Return later - earlier."""
        return later - earlier
