"""Takes a request's body in before anything else looks at it: not too large, not too slow."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wattseal.registry.http.check.uploads import MAX_FORM_BYTES
from wattseal.registry.http.error_answers import problem_answer
from wattseal.registry.http.problems import Problem
from wattseal.registry.http.settings import BODY_SECONDS, MAX_BODY_BYTES

LARGER = {"/check": MAX_FORM_BYTES}
"""Where a body may be larger than elsewhere."""


class BodyLimit:
    """Answers 413 and 408 by itself; the application gets the whole body as one message."""

    def __init__(
        self, app: ASGIApp, limit_bytes: int = MAX_BODY_BYTES, seconds: float = BODY_SECONDS
    ) -> None:
        self._app = app
        self._limit_bytes = limit_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            limit_bytes = LARGER.get(scope["path"], self._limit_bytes)
            _check_announced(scope, limit_bytes)
            async with asyncio.timeout(self._seconds):
                body = await _read(receive, limit_bytes)
        except Problem as problem:
            await problem_answer(problem, scope)(scope, receive, send)
            return
        except TimeoutError:
            slow = Problem("body_slow", seconds=int(self._seconds))
            await problem_answer(slow, scope)(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replayed(body, receive), send)


def _check_announced(scope: Scope, limit_bytes: int) -> None:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > limit_bytes:
            raise Problem("body_too_large", limit=limit_bytes)


async def _read(receive: Receive, limit_bytes: int) -> bytes | None:
    """The body, None if the client has gone. Problem `body_too_large`."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > limit_bytes:
            raise Problem("body_too_large", limit=limit_bytes)
        if not message.get("more_body", False):
            return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body as the application receives it; after that, what really comes."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return first.pop() if first else await receive()

    return next_message
