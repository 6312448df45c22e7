"""A pseudo-terminal as the module's serial port: any serial client opens `path`."""

import fcntl
import os
import termios
import tty

CHUNK_BYTES = 4096
KEPT_BYTES = 65536


class PtyPort:
    """The module's side of the port. Bytes that nobody reads are lost, as on a real one."""

    def __init__(self) -> None:
        self.file, self._client_side = os.openpty()
        # Kept open here so that a client may come and go without the port hanging up.
        tty.setraw(self._client_side)
        os.set_blocking(self.file, False)
        self._kept = bytearray()
        self.path = os.ttyname(self._client_side)

    def read(self) -> bytes:
        """What the client has written; b"" if nothing."""
        try:
            data = os.read(self.file, CHUNK_BYTES)
        except BlockingIOError:
            return b""
        # A client that asked for exclusive use leaves that behind when it goes.
        fcntl.ioctl(self._client_side, termios.TIOCNXCL)
        return data

    def write(self, data: bytes) -> None:
        """Pass bytes to the client; what the terminal does not take yet is kept for `flush`."""
        self._kept += data
        self.flush()
        if len(self._kept) > KEPT_BYTES:
            self._kept.clear()

    @property
    def backlog(self) -> bool:
        """Whether bytes are waiting for `flush`."""
        return bool(self._kept)

    def flush(self) -> None:
        """Pass on what was kept, as far as the terminal takes it."""
        while self._kept:
            try:
                written = os.write(self.file, self._kept)
            except BlockingIOError:
                return
            del self._kept[:written]

    def close(self) -> None:
        """Hang up."""
        os.close(self.file)
        os.close(self._client_side)
