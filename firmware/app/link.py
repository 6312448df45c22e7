"""Serves the link: every line gets one answer, and nothing that arrives can stop the loop."""

import gc

from wire.errors import WattsealError
from wire.link_frame import LineDecoder, LinkError, encode
from wire.messages import error, is_reply, request_id

from app.contracts import Json, Link
from app.dispatch import handle
from app.module import Module

READ_BYTES = 256
IDLE_MS = 1000
"""How long nothing has to arrive before the module does its own work."""

LONGEST_BUSY_MS = 10_000
"""How long a host that never pauses can delay that work."""


class LinkServer:
    """Answers the lines of one link; its memory is bounded whatever arrives."""

    def __init__(self, module: Module, link: Link) -> None:
        self._module = module
        self._link = link
        self._decoder = LineDecoder()
        self._idle_at_ms = module.clock.uptime_ms()

    def serve_once(self) -> None:
        """Wait for bytes and answer what they complete; be idle if none come, or none stop."""
        is_readable = self._link.wait(IDLE_MS)
        if is_readable:
            for found in self._decoder.feed(self._link.read(READ_BYTES)):
                answer = self._answer(found)
                if answer:
                    self._link.write(answer)
            if self._module.boot_loader_due:
                self._link.flush()
                self._module.port.enter_boot_loader()
        now_ms = self._module.clock.uptime_ms()
        if not is_readable or now_ms - self._idle_at_ms >= LONGEST_BUSY_MS:
            self._idle_at_ms = now_ms
            self._idle()

    def _answer(self, found: Json | LinkError) -> bytes:
        """Return the line to send: b"" for a reply, or two modules would answer each other."""
        if isinstance(found, LinkError):
            return encode(error(None, found))
        if is_reply(found):
            return b""
        try:
            return _encoded(handle(self._module, found))
        except Exception as problem:  # out of memory, most likely: less is needed to say so
            gc.collect()
            return encode(error(None, self._module.refuse("reply", problem)))

    def _idle(self) -> None:
        gc.collect()  # now, not while a session begins
        try:
            self._module.idle()
        except Exception as problem:
            self._module.refuse("idle", problem)


def _encoded(reply: Json) -> bytes:
    """Return the line of a reply, or of the error that says why it cannot be sent."""
    try:
        return encode(reply)
    except LinkError as problem:
        if problem.reason == "oversized":
            return encode(error(request_id(reply), WattsealError("too_long")))
    return _encoded_without_foreign_text(reply)


def _encoded_without_foreign_text(reply: Json) -> bytes:
    """Return the line of an error reply without its detail, which quotes text outside ASCII."""
    code = reply.get("error", {}).get("data", {}).get("name", "internal_error")
    bare = WattsealError(code)
    try:
        return encode(error(request_id(reply), bare))
    except LinkError:
        return encode(error(None, bare))
