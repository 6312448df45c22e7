"""The unix program's link, meter line and clock: two TCP sockets that a rig listens on.

Environment: WATTSEAL_LINK and WATTSEAL_METER, each HOST:PORT; storage is the C port's matter.
"""

import gc
import os
import select
import sys
import time

NAME = "unix"
CHUNK_BYTES = 256
BOOT_LOADER_STATUS = 66

ticks_ms = time.ticks_ms
ticks_us = time.ticks_us
ticks_diff = time.ticks_diff


class _Stream:
    """A connected socket, read without blocking."""

    def __init__(self, variable: str) -> None:
        import socket

        address = os.getenv(variable)
        if not address or ":" not in address:
            raise OSError("set " + variable + " to HOST:PORT")
        host, port = address.rsplit(":", 1)
        self._socket = socket.socket()
        self._socket.connect(socket.getaddrinfo(host, int(port))[0][-1])
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def read(self, max_bytes: int) -> bytes:
        """At most max_bytes that have arrived; b"" if none have."""
        if not self._poll.poll(0):
            return b""
        data: bytes = self._socket.recv(max_bytes)
        if not data:
            sys.exit(0)  # the rig has gone, as if the cable were pulled with the power in it
        return data

    def write(self, data: bytes) -> None:
        """Write everything."""
        self._socket.write(data)

    def flush(self) -> None:
        """The system delivers what was written even when the process ends."""

    def wait(self, timeout_ms: int) -> bool:
        """Return when bytes are readable (True) or after timeout_ms (False)."""
        return bool(self._poll.poll(timeout_ms))


class _MeterLine(_Stream):
    """The Modbus side; the rig knows the line's speed, so there is nothing to set here."""

    echo = False

    def wait(self, timeout_us: int) -> bool:
        """Return when bytes are readable (True) or after timeout_us (False)."""
        return bool(self._poll.poll((timeout_us + 999) // 1000))

    def discard(self) -> None:
        """Throw away what has arrived."""
        while self.read(CHUNK_BYTES):
            pass


def open_link() -> _Stream:
    """The link to the host."""
    return _Stream("WATTSEAL_LINK")


_meter_lines: list[_MeterLine] = []


def open_meter_line(baud: int, parity: str, stop_bits: int) -> _MeterLine:
    """The line to the meter: one connection, however often it is opened."""
    if not _meter_lines:
        _meter_lines.append(_MeterLine("WATTSEAL_METER"))
    return _meter_lines[0]


def reset_cause() -> str:
    """Why the chip started: a process only ever starts."""
    return "power_on"


def heap_free() -> int:
    """Bytes of heap free after a collection."""
    gc.collect()
    return gc.mem_free()


def reset() -> None:
    """End the process; the rig starts it anew."""
    sys.exit(1)


def enter_boot_loader() -> None:
    """End the process; the rig, in the place of a boot loader, may replace the program first."""
    sys.exit(BOOT_LOADER_STATUS)
