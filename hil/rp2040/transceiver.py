"""The RS-485 transceiver between the chip's UART and the meter's line.

Its driver sends while driver-enable is high, its receiver listens while it is low: the two enable
inputs are tied together, as on most boards.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hil.line import Character
from hil.rp2040.pin_trace import PinTrace
from hil.rp2040.uart import Pl011

SENT_WITHOUT_DRIVER = "the UART sent a character while the driver was not on all the time"
HELD_THE_LINE = "the driver was on while the meter sent"


@dataclass(frozen=True)
class LineError:
    """A character lost because driver-enable was wrong."""

    kind: str
    character: Character


class Transceiver:
    """Connects a UART and a driver-enable pin with a line."""

    def __init__(
        self, uart: Pl011, driver_enable: PinTrace, to_line: Callable[[Character], None]
    ) -> None:
        self.driver_enable = driver_enable
        self.errors: list[LineError] = []
        self._uart = uart
        self._to_line = to_line
        uart.on_sent = self._from_uart

    def from_line(self, character: Character) -> None:
        """A character on the line has ended."""
        if self.driver_enable.low_throughout(character.start_ns, character.end_ns):
            self._uart.receive(character)
        else:
            self.errors.append(LineError(HELD_THE_LINE, character))

    def echo(self, character: Character) -> None:
        """The chip hears itself, as through an adaptor whose receiver is always on."""
        self._uart.receive(character)

    def _from_uart(self, character: Character) -> None:
        if self.driver_enable.high_throughout(character.start_ns, character.end_ns):
            self._to_line(character)
        else:
            self.errors.append(LineError(SENT_WITHOUT_DRIVER, character))
