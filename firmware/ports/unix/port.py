"""The unix program's link, meter line and clock: two TCP sockets that a rig listens on.

Environment: WATTSEAL_LINK and WATTSEAL_METER, each HOST:PORT; storage is in ws_port_unix.c.
The meter's line is in the rig's time, and so is the clock; hil/targets/unix_line.py has the other
end and describes what passes between.
"""

import gc
import os
import select
import socket
import struct
import sys
import time

NAME = "unix"
LINK = "tcp"
BOOT_LOADER_STATUS = 66

ticks_diff = time.ticks_diff

_ANSWER = ">qB"
_ANSWER_BYTES = struct.calcsize(_ANSWER)

_ahead_us = 0
"""By how much the rig's clock has got ahead of the wall's since this program was started."""


def ticks_us() -> int:
    """Return microseconds of the rig's clock; 2**62 of them are longer than any process runs."""
    return time.ticks_us() + _ahead_us


def ticks_ms() -> int:
    """Return milliseconds of the same clock."""
    return ticks_us() // 1000


def _connect(variable: str) -> "socket.socket":
    address = os.getenv(variable)
    if not address or ":" not in address:
        raise OSError("set " + variable + " to HOST:PORT")
    host, port = address.rsplit(":", 1)
    connection = socket.socket()
    connection.connect(socket.getaddrinfo(host, int(port))[0][-1])
    return connection


class _Link:
    """A connected socket, read without blocking."""

    def __init__(self) -> None:
        self._socket = _connect("WATTSEAL_LINK")
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def read(self, max_bytes: int) -> bytes:
        """Return at most max_bytes that have arrived; b"" if none have."""
        if not self._poll.poll(0):
            return b""
        data: bytes = self._socket.recv(max_bytes)
        if not data:
            _end_without_rig()
        return data

    def write(self, data: bytes) -> None:
        """Write everything."""
        self._socket.write(data)

    def flush(self) -> None:
        """Do nothing: the system delivers what was written even when the process ends."""

    def wait(self, timeout_ms: int) -> bool:
        """Return when bytes are readable (True) or after timeout_ms (False)."""
        return bool(self._poll.poll(timeout_ms))

    def wait_for_room(self, _timeout_ms: int) -> bool:
        """Return True: the system takes what is written."""
        return True


class _MeterLine:
    """The Modbus side; the rig has the line's speed, so there is nothing to set here."""

    echo = False

    def __init__(self) -> None:
        self._socket = _connect("WATTSEAL_METER")
        self._heard = b""

    def write(self, data: bytes) -> None:
        """Write everything, and return when the last bit has left."""
        self._ask(b"W", len(data), data)

    def wait(self, timeout_us: int) -> bool:
        """Return when bytes are readable (True) or after timeout_us (False)."""
        if not self._heard:
            self._heard = self._ask(b"L", timeout_us)
        return self._heard != b""

    def read(self, max_bytes: int) -> bytes:
        """Return at most max_bytes that have arrived; b"" if none have."""
        self.wait(0)
        data = self._heard[:max_bytes]
        self._heard = self._heard[max_bytes:]
        return data

    def discard(self) -> None:
        """Throw away what has arrived."""
        while self.wait(0):
            self._heard = b""

    def _ask(self, letter: bytes, number: int, data: bytes = b"") -> bytes:
        """Return what has arrived, once the rig says that the waiting is over."""
        global _ahead_us
        self._socket.write(letter + struct.pack(">I", number) + data)
        _ahead_us, length = struct.unpack(_ANSWER, self._receive(_ANSWER_BYTES))
        return self._receive(length)

    def _receive(self, length: int) -> bytes:
        data: bytes = self._socket.read(length)
        if len(data) < length:
            _end_without_rig()
        return data


def _end_without_rig() -> None:
    """End because the rig has ended, as at a power cut."""
    sys.exit(0)


def open_link() -> _Link:
    """Open the link to the host."""
    return _Link()


_meter_lines: list[_MeterLine] = []


def open_meter_line(baud: int, parity: str, stop_bits: int) -> _MeterLine:
    """Open the line to the meter: one connection, however often it is opened."""
    if not _meter_lines:
        _meter_lines.append(_MeterLine())
    return _meter_lines[0]


def reset_cause() -> str:
    """Return why the chip started: a process only ever starts."""
    return "power_on"


def watch() -> None:
    """Do nothing: a process has no watchdog."""


def feed() -> None:
    """Do nothing."""


def bites() -> int:
    """Return 0: nothing bites."""
    return 0


def forget_bites() -> None:
    """Do nothing."""


def heap_free() -> int:
    """Return the bytes of heap free after a collection."""
    gc.collect()
    return gc.mem_free()


def enter_boot_loader() -> None:
    """End the process; the rig, in the place of a boot loader, may replace the program first."""
    sys.exit(BOOT_LOADER_STATUS)
