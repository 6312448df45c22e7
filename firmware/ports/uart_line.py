"""RS-485 to the meter over a UART of the board, for every chip whose UART is `machine.UART`.

A port makes a class of its own of `UartLine`, with `wait`: how a chip waits differs.
"""

import board
import machine

CHUNK_BYTES = 256
_BUFFER_BYTES = 512  # two of the longest Modbus frames

_PARITIES = {"none": None, "even": 0, "odd": 1}


def arrived(uart: machine.UART, max_bytes: int) -> bytes:
    """Return at most max_bytes that have arrived: a UART asked for more would wait for them."""
    count = min(uart.any(), max_bytes)
    return uart.read(count) or b"" if count else b""


class UartLine:
    """The driver is on from the first bit sent to the last and not longer.

    A board without a driver enable has a transceiver that does so by itself.
    """

    echo = board.METER_LINE_ECHO

    def __init__(self, baud: int, parity: str, stop_bits: int) -> None:
        pin = board.METER_LINE_DRIVER_ENABLE_PIN
        self._driver_enable = None if pin is None else machine.Pin(pin, machine.Pin.OUT, value=0)
        self._uart = machine.UART(
            board.METER_LINE_UART,
            baudrate=baud,
            bits=8,
            parity=_PARITIES[parity],
            stop=stop_bits,
            tx=machine.Pin(board.METER_LINE_TX_PIN),
            rx=machine.Pin(board.METER_LINE_RX_PIN),
            rxbuf=_BUFFER_BYTES,
            timeout=0,
        )

    def write(self, data: bytes) -> None:
        """Send everything; returns when the last bit has left and the driver is off."""
        self._drive(1)
        try:
            self._uart.write(data)
            self._uart.flush()
        finally:
            self._drive(0)

    def _drive(self, level: int) -> None:
        if self._driver_enable is not None:
            self._driver_enable(level)

    def read(self, max_bytes: int) -> bytes:
        """Return at most max_bytes that have arrived; b"" if none have."""
        return arrived(self._uart, max_bytes)

    def discard(self) -> None:
        """Throw away what has arrived."""
        while arrived(self._uart, CHUNK_BYTES):
            pass
