"""A host that speaks PICOBOOT, as picotool does: what somebody at a module's USB socket can try."""

import struct
from collections.abc import Callable

from hil.rp2040.picoboot import ARGUMENT_BYTES, COMMAND, MAGIC, Command

CHUNK_BYTES = 4096

Send = Callable[[bytes, bytes], bytes]
"""Sends a packet and the data behind it; the data that come back. RefusalError at a stall."""


class PicobootHost:
    """Commands to one device."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._token = 0

    def read(self, address: int, size: int) -> bytes:
        """Bytes of ROM, RAM or flash."""
        data = b""
        while len(data) < size:
            count = min(CHUNK_BYTES, size - len(data))
            data += self.ask(Command.READ, address + len(data), count, transfer_bytes=count)
        return data

    def write(self, address: int, data: bytes) -> None:
        """Fill RAM, or program whole pages of flash that are erased."""
        for start in range(0, len(data), CHUNK_BYTES):
            part = data[start : start + CHUNK_BYTES]
            place = address + start
            self.ask(Command.WRITE, place, len(part), transfer_bytes=len(part), data=part)

    def save_flash(self, address: int, size: int) -> bytes:
        """Read flash in the order of `picotool save`."""
        self.exclusive_access()
        self.ask(Command.EXIT_XIP)
        return self.read(address, size)

    def exclusive_access(self) -> None:
        """Let the drive take no files meanwhile."""
        self.ask(Command.EXCLUSIVE_ACCESS, 1)

    def ask(
        self, command: int, *words: int, transfer_bytes: int = 0, data: bytes = b"", size: int = -1
    ) -> bytes:
        """One command with these arguments; `size` goes before how many bytes of them count."""
        self._token += 1
        arguments = struct.pack(f"<{len(words)}I", *words)
        if size < 0:
            size = ARGUMENT_BYTES.get(Command(command), len(arguments))
        packet = COMMAND.pack(MAGIC, self._token, command, size, 0, transfer_bytes, arguments)
        return self._send(packet, data)
