"""A serial port with a name of its own that comes and goes with the device behind it."""

from pathlib import Path

from hil.pty_port import PtyPort


class NamedPort:
    """What /dev/ttyACM0 is to a board on USB: gone after its reset, back when it is enumerated.

    The name is a link to a pseudo-terminal, a new one each time. A client that has the old one open
    finds it hung up.
    """

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self._link = path
        self._pty: PtyPort | None = None

    @property
    def is_there(self) -> bool:
        """Whether a client can open it."""
        return self._pty is not None

    @property
    def file(self) -> int:
        """The module's side, to be watched for what clients write; OSError if it is not there."""
        if self._pty is None:
            raise FileNotFoundError(f"{self.path} is not there")
        return self._pty.file

    def appear(self) -> None:
        """The device is there."""
        if self._pty is None:
            self._pty = PtyPort()
            self._link.symlink_to(self._pty.path)

    def vanish(self) -> None:
        """The device is gone, with all that nobody has read."""
        if self._pty is not None:
            self._link.unlink()
            self._pty.close()
            self._pty = None

    def read(self) -> bytes:
        """What the client has written; b"" if nothing."""
        return self._pty.read() if self._pty is not None else b""

    def write(self, data: bytes) -> None:
        """Pass bytes to the client, see PtyPort; none if the port is not there."""
        if self._pty is not None:
            self._pty.write(data)
