"""Serial ports: which there are, and how one is opened so that no second program talks on it."""

from __future__ import annotations

import contextlib
import errno
import re
from typing import Any

import serial
import serial.tools.list_ports
from pydantic import BaseModel

from wattseal.errors import ToolError
from wattseal.link_client import DEFAULT_BAUD

WRITE_TIMEOUT_S = 10.0

_BY_ERRNO = {
    errno.ENOENT: "port_missing",
    errno.ENODEV: "port_missing",
    errno.ENXIO: "port_missing",
    errno.EACCES: "port_denied",
    errno.EPERM: "port_denied",
    errno.EAGAIN: "port_busy",
    errno.EBUSY: "port_busy",
}
_WINDOWS_ERRORS = (
    ("FileNotFoundError", "port_missing"),
    ("PermissionError", "port_busy"),
)


class PortInfo(BaseModel):
    """A port of this computer; what its USB device does not tell is None."""

    device: str
    description: str | None
    manufacturer: str | None
    serial_number: str | None
    usb_id: str | None


def list_ports() -> list[PortInfo]:
    """The ports of this computer, by name."""
    return [_info(port) for port in sorted(serial.tools.list_ports.comports())]


def _info(port: Any) -> PortInfo:
    known = port.vid is not None and port.pid is not None
    return PortInfo(
        device=port.device,
        description=None if port.description in ("n/a", port.name) else port.description,
        manufacturer=port.manufacturer,
        serial_number=port.serial_number,
        usb_id=f"{port.vid:04x}:{port.pid:04x}" if known else None,
    )


class SerialTransport:
    """An open port, locked against other programs that lock too. Use as a context manager.

    `port` is a device path or a pyserial URL (socket://host:port, rfc2217://...).
    """

    def __init__(self, port: str, baud: int = DEFAULT_BAUD) -> None:
        self.name = port
        try:
            self._port = serial.serial_for_url(
                port, baudrate=baud, exclusive=True, timeout=0, write_timeout=WRITE_TIMEOUT_S
            )
        except (OSError, ValueError) as error:
            raise _opening_error(port, error) from None

    def __enter__(self) -> SerialTransport:
        return self

    def __exit__(self, *_exception: object) -> None:
        with contextlib.suppress(OSError):  # it may be gone already
            self._port.close()

    def write(self, data: bytes) -> None:
        """Send all the bytes. ToolError `port_lost` if that cannot be done."""
        try:
            self._port.write(data)
            self._port.flush()
        except Exception as error:
            raise self._lost(error) from None

    def read(self, timeout_s: float) -> bytes:
        """Bytes as they come, b"" if none came in time. ToolError `port_lost`."""
        try:
            self._port.timeout = timeout_s
            data = self._port.read(1)
            waiting = self._port.in_waiting if data else 0
            return bytes(data + self._port.read(waiting) if waiting else data)
        except Exception as error:
            raise self._lost(error) from None

    def _lost(self, error: Exception) -> ToolError:
        """A broken port as a ToolError. pyserial lets out OSError, termios.error and TypeError."""
        if not isinstance(error, (OSError, TypeError, ValueError)) and not _is_termios(error):
            raise error
        return ToolError("port_lost", port=self.name, cause=_cause(error))


def _is_termios(error: Exception) -> bool:
    return type(error).__module__ == "termios"


def _opening_error(port: str, error: Exception) -> ToolError:
    name = _BY_ERRNO.get(getattr(error, "errno", None) or 0)
    if name is None:
        name = next((name for word, name in _WINDOWS_ERRORS if word in str(error)), None)
    if name:
        return ToolError(name, port=port)
    return ToolError("port_unusable", port=port, cause=_cause(error))


def _cause(error: Exception) -> str:
    """The operating system's words, without the numbers and repeated names around them."""
    inner = re.search(r"\(\d+, '([^']+)'\)|\[Errno -?\d+\] ([^:]+)", str(error))
    text = (inner[1] or inner[2]) if inner else str(error)
    return " ".join(text.split()).rstrip(".")[:160] or type(error).__name__
