"""The link to the host over a UART of the board, for every chip whose UART is `machine.UART`."""

import select

import board
import machine
from uart_line import CHUNK_BYTES, arrived

_BUFFER_BYTES = 4096 + CHUNK_BYTES  # one whole frame may arrive while a record is signed


class UartLink:
    """Frames over the board's link UART."""

    def __init__(self) -> None:
        self._uart = machine.UART(
            board.LINK_UART,
            baudrate=board.LINK_BAUD,
            tx=machine.Pin(board.LINK_TX_PIN),
            rx=machine.Pin(board.LINK_RX_PIN),
            rxbuf=_BUFFER_BYTES,
            txbuf=_BUFFER_BYTES,
            timeout=0,
        )
        self._poll = select.poll()
        self._poll.register(self._uart, select.POLLIN)

    def read(self, max_bytes: int) -> bytes:
        """Return at most max_bytes that have arrived; b"" if none have."""
        return arrived(self._uart, max_bytes)

    def write(self, data: bytes) -> None:
        """Write everything."""
        view = memoryview(data)
        while view:
            view = view[self._uart.write(view) or 0 :]

    def flush(self) -> None:
        """Return once everything written has left."""
        self._uart.flush()

    def wait(self, timeout_ms: int) -> bool:
        """Return when bytes are readable (True) or after timeout_ms (False)."""
        return bool(self._poll.poll(timeout_ms))

    def wait_for_room(self, _timeout_ms: int) -> bool:
        """Return True: what is written leaves at the line's speed, whoever listens."""
        return True
