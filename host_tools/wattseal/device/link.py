"""Sends requests over the link to a module, waits for their replies, and repeats some.

`LinkCodec` does no input or output. `LinkClient` moves its bytes over a transport and waits. A
reply counts only if it has the id of the request under way, so one that comes late, or answers
another program, is dropped. Only methods that may be carried out twice are sent again; for the
others ReplyLostError says that the outcome is unknown. A port on USB goes away when the module
starts anew, and comes back: it is opened again before a request is sent again.
"""

from __future__ import annotations

import contextlib
import errno
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel

from wattseal.common.errors import ToolError
from wattseal.wire import messages
from wattseal.wire.errors import WattsealError

if TYPE_CHECKING:
    import serial

DEFAULT_BAUD = 115200
QUICK_TIMEOUT_S = 5.0
WORKING_TIMEOUT_S = 60.0
ATTEMPTS = 3
PORT_BACK_S = 10.0
"""How long to wait for a port that went away: a module that starts anew is back in 2 s."""

QUICK_METHODS = frozenset(
    ("hello", "status", "public_key", "records", "events", "statements", "time_challenge")
)
"""Methods that neither read the meter nor sign nor write flash."""

REPEATABLE_METHODS = frozenset(
    (
        "hello", "status", "public_key", "read_meter", "records", "events", "self_test",
        "statements", "challenge", "time_challenge", "prove", "event_head", "check_update",
        "configure", "release", "accept_publication",
    )
)  # fmt: skip
"""Methods that may be called twice: after a lost reply the request is sent again.

They change nothing, or a second time nothing more.
"""

_PARSE_ERROR = -32700
_OTHER_MODULE = "it has come back with another module behind it"


class Transport(Protocol):
    """A byte pipe to a module; both methods raise ToolError `port_lost` when it breaks."""

    def write(self, data: bytes) -> None:
        """Send all the bytes."""

    def read(self, timeout_s: float) -> bytes:
        """Bytes as they come, b"" if none came in time."""

    def reopen(self, timeout_s: float) -> bool:
        """Open a pipe that broke again, as soon as that can be done; False if not in time."""


class ReplyLostError(Exception):
    """A request was sent and no reply to it came; `error` is what to show."""

    def __init__(self, error: ToolError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True)
class Reply:
    """The reply to the request under way: its result fields, or the module's refusal."""

    fields: dict[str, Any] | None = None
    refusal: WattsealError | None = None

    @property
    def is_unreadable_request(self) -> bool:
        """The module says that a line reached it damaged; it has not acted on it."""
        return self.refusal is not None and self.refusal.code == _PARSE_ERROR


class LinkCodec:
    """Requests into bytes, bytes into the reply that fits. No input or output.

    Ids start at random, so that a reply left over from another program fits none of ours.
    """

    def __init__(self, first_id: int | None = None) -> None:
        self._decoder = messages.LineDecoder()
        self._id = secrets.randbelow(1 << 30) if first_id is None else first_id
        self.damaged_lines = 0
        self.stale_replies = 0

    def request(self, method: str, params: dict[str, Any]) -> bytes:
        """The line of a new request; replies to earlier ones are dropped from here on.

        ToolError if the params cannot cross the link.
        """
        self._id += 1
        self.damaged_lines = self.stale_replies = 0
        # Half a line that came in so far must not be taken for the beginning of the reply.
        self._decoder = messages.LineDecoder()
        try:
            return bytes(messages.encode(messages.request(self._id, method, params)))
        except WattsealError as error:
            raise ToolError.from_module(error) from None

    def feed(self, data: bytes) -> list[Reply]:
        """The replies to the request under way that these bytes complete, in order.

        More than one if the module also reports a line that it could not read.
        """
        replies = []
        for result in self._decoder.feed(data):
            if isinstance(result, WattsealError):
                self.damaged_lines += 1
            elif messages.is_reply(result):
                reply = self._read(result)
                replies += [reply] if reply else []
        return replies

    def _read(self, message: dict[str, Any]) -> Reply | None:
        if message.get("id") not in (self._id, None):
            self.stale_replies += 1
            return None
        try:
            return Reply(fields=messages.read_reply(message, self._id))
        except WattsealError as error:
            return Reply(refusal=error)


class LinkClient:
    """Calls the module's methods over a transport, one at a time.

    `timeout_s` replaces the time-outs, which fit a real module: an emulated one is slower.
    """

    def __init__(
        self,
        transport: Transport,
        timeout_s: float | None = None,
        now_s: Callable[[], float] = time.monotonic,
        codec: LinkCodec | None = None,
    ) -> None:
        self._transport = transport
        self._timeout_s = timeout_s
        self._now_s = now_s
        self._codec = codec or LinkCodec()
        self._broken: ToolError | None = None
        self._chip_id: str | None = None

    def synchronise(self) -> dict[str, Any]:
        """End a line that was left half sent, and return the module's `hello`.

        The module answers the empty line with an error that has no id; it is not meant for us.
        """
        self._transport.write(b"\n")
        return self.call("hello", {}, ignore_unreadable=True)

    def call(
        self, method: str, params: dict[str, Any] | None = None, *, ignore_unreadable: bool = False
    ) -> dict[str, Any]:
        """Result fields of a method.

        Raises ToolError for what the module refuses and for a link that does not work, and
        ReplyLostError if a method that must not be repeated may or may not have been carried out.
        """
        attempts_left = ATTEMPTS
        while True:
            attempts_left -= 1
            try:
                if self._broken is not None:
                    self._reconnect(self._broken)
                fields = self._call_once(method, params or {}, ignore_unreadable)
            except ReplyLostError as lost:
                if method not in REPEATABLE_METHODS:
                    raise
                if not attempts_left:
                    raise lost.error from None
                continue
            if method == "hello":
                self._chip_id = fields.get("chip_id")
            return fields

    def _reconnect(self, lost: ToolError) -> None:
        """Open the port again; it is to be the same module that answers. ToolError `port_lost`."""
        if not self._transport.reopen(PORT_BACK_S):
            raise lost
        self._broken = None
        try:
            self._transport.write(b"\n")
            hello = self._call_once("hello", {}, ignore_unreadable=True)
        except ReplyLostError as silent:
            raise silent.error from None
        if self._chip_id is not None and hello.get("chip_id") != self._chip_id:
            self._broken = ToolError("port_lost", **{**lost.detail, "cause": _OTHER_MODULE})
            raise self._broken

    def _call_once(
        self, method: str, params: dict[str, Any], ignore_unreadable: bool
    ) -> dict[str, Any]:
        line = self._codec.request(method, params)
        try:
            self._transport.write(line)
            reply = self._wait(method, ignore_unreadable)
        except ToolError as error:
            if error.name != "port_lost":
                raise
            self._broken = error
            raise ReplyLostError(error) from None
        if reply.is_unreadable_request:
            raise ReplyLostError(ToolError("request_damaged", method=method))
        if reply.refusal is not None:
            raise ToolError.from_module(reply.refusal)
        return reply.fields or {}

    def _wait(self, method: str, ignore_unreadable: bool) -> Reply:
        timeout_s = self._timeout_s
        if timeout_s is None:
            timeout_s = QUICK_TIMEOUT_S if method in QUICK_METHODS else WORKING_TIMEOUT_S
        deadline_s = self._now_s() + timeout_s
        while (left_s := deadline_s - self._now_s()) > 0:
            for reply in self._codec.feed(self._transport.read(left_s)):
                if not (ignore_unreadable and reply.is_unreadable_request):
                    return reply
        damaged = self._codec.damaged_lines
        name = "no_clean_reply" if damaged else "no_reply"
        error = ToolError(name, method=method, timeout_s=timeout_s, damaged=damaged)
        raise ReplyLostError(error)


WRITE_TIMEOUT_S = 10.0
REOPEN_INTERVAL_S = 0.1

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
    """A port of this computer; None for what its USB device does not give.

    `usb_socket` is where on the bus it is, such as `1-1.4`: bus and hub ports.
    """

    device: str
    description: str | None
    manufacturer: str | None
    serial_number: str | None
    usb_id: str | None
    usb_socket: str | None = None


def list_ports() -> list[PortInfo]:
    """The ports of this computer, by name."""
    from serial.tools.list_ports import comports

    return [_info(port) for port in sorted(comports())]


def _info(port: Any) -> PortInfo:
    known = port.vid is not None and port.pid is not None
    return PortInfo(
        device=port.device,
        description=None if port.description in ("n/a", port.name) else port.description,
        manufacturer=port.manufacturer,
        serial_number=port.serial_number,
        usb_id=f"{port.vid:04x}:{port.pid:04x}" if known else None,
        usb_socket=(getattr(port, "location", None) or "").partition(":")[0] or None,
    )


class SerialTransport:
    """An open port, locked against other programs that lock too. Use as a context manager.

    `port` is a device path or a pyserial URL (socket://host:port, rfc2217://...).
    """

    def __init__(self, port: str, baud: int = DEFAULT_BAUD) -> None:
        self.name = port
        self._baud = baud
        self._port = self._open()

    def _open(self) -> serial.Serial:
        import serial  # takes a while, and many commands need no port

        try:
            return serial.serial_for_url(
                self.name,
                baudrate=self._baud,
                exclusive=True,
                timeout=0,
                write_timeout=WRITE_TIMEOUT_S,
            )
        except (OSError, ValueError) as error:
            raise _opening_error(self.name, error) from None

    def __enter__(self) -> SerialTransport:
        return self

    def __exit__(self, *_exception: object) -> None:
        with contextlib.suppress(OSError):  # it may be gone already
            self._port.close()

    def set_format(self, baud: int, parity: str, stop_bits: int) -> None:
        """Send and hear in another format; parity none, even or odd.

        ToolError `line_format_unusable` if the port cannot do it, `port_lost`.
        """
        try:
            self._port.parity = "N"
            self._port.baudrate = baud
            self._port.stopbits = stop_bits
            self._port.parity = parity[0].upper()
        except Exception as error:
            if errno.EINVAL not in (getattr(error, "errno", None), *error.args[:1]):
                raise self._lost(error) from None
            form = f"{baud} 8{parity[0].upper()}{stop_bits}"
            raise ToolError("line_format_unusable", port=self.name, form=form) from None

    def reopen(self, timeout_s: float) -> bool:
        """Open the port again once it is back; whether that was in time.

        One that the system still keeps from us, or that is busy, is not back yet.
        """
        deadline_s = time.monotonic() + timeout_s
        with contextlib.suppress(OSError):
            self._port.close()
        while True:
            try:
                self._port = self._open()
            except ToolError:
                if time.monotonic() >= deadline_s:
                    return False
                time.sleep(REOPEN_INTERVAL_S)
            else:
                return True

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
        """A broken port as a ToolError. pyserial raises OSError, termios.error and TypeError."""
        is_termios = type(error).__module__ == "termios"
        if not is_termios and not isinstance(error, (OSError, TypeError, ValueError)):
            raise error
        return ToolError("port_lost", port=self.name, cause=_cause(error))


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
