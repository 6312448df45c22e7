"""A client for tests: says exactly the bytes it is told, and takes exactly one reply for a line.

It tries nothing twice and mends nothing, unlike the client of the host tools: here a reply too
many is a finding.
"""

import time
from types import TracebackType
from typing import Any, Self

import serial
from wattseal.wire import messages
from wattseal.wire.errors import WattsealError
from wattseal.wire.messages import LineDecoder, encode

# Wall time: an emulated module signs some ten times slower than a real one,
# and slower still while the machine does other things.
DEFAULT_LIMIT_S = 300
FIRST_KNOCK_S = 0.5
"""How long to wait before asking again whether the module has started; then twice as long."""


class NoReplyError(Exception):
    """The module did not answer, or answered with something that is no frame."""


class Client:
    """The serial port of a module, opened."""

    def __init__(self, port: str, limit_s: float = DEFAULT_LIMIT_S) -> None:
        self._serial = serial.Serial(port, 115200, timeout=0.2, exclusive=True)
        self._decoder = LineDecoder()
        self._waiting: list[Any] = []
        self._limit_s = limit_s
        self._number = 0

    def synchronise(self) -> dict[str, Any]:
        """The module's `hello`, asked until it has started; leaves the line clean behind it."""
        deadline = time.monotonic() + self._limit_s
        wait_s = FIRST_KNOCK_S
        while time.monotonic() < deadline:
            self._number += 1
            self.send(b"\n" + encode(messages.request(self._number, "hello")))
            while (message := self._poll(time.monotonic() + wait_s)) is not None:
                if isinstance(message, dict) and message.get("id") == self._number:
                    return dict(messages.read_reply(message, self._number))
            wait_s *= 2  # every knock that was heard will be answered, one after the other
        raise NoReplyError(f"the module has not started within {self._limit_s} s")

    def said_until_hello(self) -> bytes:
        """All bytes that the module says until it has answered a `hello`, that answer left out.

        For what is not a reply: it looks at bytes, so that no decoder hides any of them.
        """
        deadline = time.monotonic() + self._limit_s
        said = bytearray()
        wait_s = FIRST_KNOCK_S
        while time.monotonic() < deadline:
            self._number += 1
            self.send(b"\n" + encode(messages.request(self._number, "hello")))
            knocked = time.monotonic()
            while time.monotonic() < knocked + wait_s:
                said += self._serial.read(self._serial.in_waiting or 1)
                if said.endswith(b"\n") and f'"id":{self._number},'.encode() in said:
                    return b"\n".join(line for line in said.split(b"\n") if b'"result"' not in line)
            wait_s *= 2
        raise NoReplyError(f"the module has not started within {self._limit_s} s")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result fields of a method; raises the WattsealError that the module answers."""
        self.send_request(method, **params)
        reply = self.receive()
        if reply.get("id") not in (self._number, None):
            raise NoReplyError(f"a reply to another request: {reply}")
        fields: dict[str, Any] = messages.read_reply(reply, self._number)
        return fields

    def refusal(self, method: str, **params: Any) -> WattsealError:
        """The error that a method is refused with; AssertionError if it is not refused."""
        try:
            fields = self.call(method, **params)
        except WattsealError as error:
            return error
        raise AssertionError(f"{method} was not refused but gave {fields}")

    def send_request(self, method: str, **params: Any) -> None:
        """Send a request and do not wait."""
        self._number += 1
        self.send(encode(messages.request(self._number, method, params)))

    def exchange(self, line: bytes) -> dict[str, Any]:
        """Send bytes as they are and take the one message that answers them."""
        self.send(line)
        return self.receive()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._serial.write(data)

    def receive(self) -> dict[str, Any]:
        """The next message of the module."""
        message = self._poll(time.monotonic() + self._limit_s)
        if message is None:
            raise NoReplyError(f"no reply within {self._limit_s} s")
        if isinstance(message, WattsealError):
            raise NoReplyError(f"a damaged reply: {message}")
        return message

    def _poll(self, deadline: float) -> dict[str, Any] | WattsealError | None:
        while not self._waiting and time.monotonic() < deadline:
            self._waiting += self._decoder.feed(self._serial.read(self._serial.in_waiting or 1))
        return self._waiting.pop(0) if self._waiting else None

    def unasked(self) -> bytes:
        """What has arrived without a request."""
        if self._waiting:
            return b"?"
        try:
            return bytes(self._serial.read(self._serial.in_waiting))
        except OSError:  # a port on USB goes with the power of the module
            return b""

    def close(self) -> None:
        """Let go of the port."""
        self._serial.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
