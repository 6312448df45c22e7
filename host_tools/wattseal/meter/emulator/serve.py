"""Emulated meters on a serial port or a pseudo-terminal, for a bench that has none."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence

from wattseal.common.errors import ToolError
from wattseal.device.link import SerialTransport
from wattseal.meter.emulator.faults import Reply, checked
from wattseal.meter.emulator.meter import Meter
from wattseal.meter.line import LineFormat

REQUEST_BYTES = 8
SILENCE_S = 0.02
"""Longer than any adaptor keeps bytes back: what has not become a request by then is none."""
POLL_S = 0.2

Tell = Callable[[bytes, bytes, str | None], None]
"""Called with a request, the reply to it and the fault in that, if there was one."""


class PseudoTerminal:
    """A port that another program opens by its `path`. ToolError `port_unusable` on Windows.

    Bytes cost no time on it. Where the other program has set a speed, it is `baud`.
    """

    def __init__(self) -> None:
        try:
            import tty

            self._file, self._other = os.openpty()
        except (ImportError, AttributeError, OSError) as error:
            raise ToolError("port_unusable", port="a pseudo-terminal", cause=error) from None
        tty.setraw(self._other)
        self.path = os.ttyname(self._other)

    def __enter__(self) -> PseudoTerminal:
        return self

    def __exit__(self, *_exception: object) -> None:
        with contextlib.suppress(OSError):
            os.close(self._file)
            os.close(self._other)

    @property
    def baud(self) -> int:
        """The speed that the other program has set."""
        import termios

        code = termios.tcgetattr(self._other)[5]
        names = [name for name in dir(termios) if name[0] == "B" and name[1:].isdigit()]
        return next((int(name[1:]) for name in names if getattr(termios, name) == code), 0)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        os.write(self._file, data)

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, b"" if nothing has in time."""
        import select

        ready, _, _ = select.select([self._file], [], [], timeout_s)
        return os.read(self._file, 4096) if ready else b""


class MetersOnPort:
    """Meters that answer on one port. On a pseudo-terminal each only at the speed of its line."""

    def __init__(
        self,
        port: SerialTransport | PseudoTerminal,
        meters: Sequence[tuple[Meter, LineFormat]],
        tell: Tell,
    ) -> None:
        self._port, self._meters, self._tell = port, meters, tell
        self._heard = b""
        self._held = b""
        self._is_stopped = False

    def stop(self) -> None:
        """End `run`, from another thread."""
        self._is_stopped = True

    def run(self, until_s: float | None = None) -> None:
        """Answer until the monotonic clock says so, None for ever, or until `stop`."""
        while not self._is_stopped and (until_s is None or time.monotonic() < until_s):
            data = self._port.read(SILENCE_S if self._heard else POLL_S)
            if not data:
                self._heard = b""
                continue
            self._heard += data
            while len(self._heard) >= REQUEST_BYTES:
                self._take()

    def _take(self) -> None:
        """Answer the request that was heard, or drop a byte that begins none."""
        frame = self._heard[:REQUEST_BYTES]
        if frame != checked(frame[:-2]):
            self._heard = self._heard[1:]
            return
        self._heard = self._heard[REQUEST_BYTES:]
        for meter, form in self._meters:
            if isinstance(self._port, PseudoTerminal) and self._port.baud != form.baud:
                continue
            if meter.take_echo():
                self._port.write(frame)
            reply, fault = meter.answer(frame)
            if reply is not None:
                self._tell(frame, self._send(reply), fault)

    def _send(self, reply: Reply) -> bytes:
        sent, self._held = self._held, b""
        if sent:
            self._port.write(sent)
        self._held = reply.held
        for segment in reply.segments:
            time.sleep(segment.delay_ns / 1e9)
            self._port.write(segment.data)
            sent += segment.data
        return sent
