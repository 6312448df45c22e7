"""A line of the log and a count for every request; the answer when nothing else gave one."""

from __future__ import annotations

import asyncio

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wattseal.common.serve import RequestLog, fault_of_encoding, fault_of_json
from wattseal.common.sql import DatabaseUnusable
from wattseal.driver_check.page import MAX_FORM_BYTES
from wattseal.registry.failures import AccessError
from wattseal.registry.service import Registry
from wattseal.registry.web import callers
from wattseal.registry.web.callers import (
    BODY_SECONDS,
    MAX_ACCESS_KEY_CHARACTERS,
    MAX_BODY_BYTES,
    RateLimits,
    ask,
    cost_of,
)
from wattseal.registry.web.errors import problem_answer
from wattseal.registry.web.metrics import Metrics
from wattseal.registry.web.problems import Problem

LARGER = {"/check": MAX_FORM_BYTES}
"""Where a body may be larger than elsewhere."""


class BodyLimit:
    """Answers 408, 413 and 415 by itself, and 400 to JSON that can be read in two ways.

    The application gets the whole body as one message.
    """

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
            headers = Headers(scope=scope)
            _check_announced(headers, limit_bytes)
            async with asyncio.timeout(self._seconds):
                body = await _read(receive, limit_bytes)
            if body and scope["path"] not in LARGER:
                _check_json(headers, body)
        except Problem as problem:
            await problem_answer(problem, scope)(scope, receive, send)
            return
        except TimeoutError:
            slow = Problem("body_slow", seconds=int(self._seconds))
            await problem_answer(slow, scope)(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _replayed(body, receive), send)


def _check_announced(headers: Headers, limit_bytes: int) -> None:
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit_bytes:
        raise Problem("body_too_large", limit=limit_bytes)
    if fault_of_encoding(headers):
        raise Problem("body_encoded")


def _check_json(headers: Headers, body: bytes) -> None:
    """What is called something else than JSON is refused by the routes."""
    kind = headers.get("content-type", "json").partition(";")[0]
    if "json" in kind.lower() and (fault := fault_of_json(body)):
        raise Problem("request_malformed", cause=f"body: it {fault}")


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


class HeadRequests:
    """Lets the routes see a GET; the server around them still knows that it was a HEAD."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        asked = {**scope, "method": "GET"}
        await self._app(asked, receive, send_without_body)
        scope["route"] = asked.get("route")  # for the log and the counters


NOT_COUNTED = ("/health", "/ready", "/metrics")
"""What the operator's own machines ask all the time."""


class ReadLimit:
    """Answers 429 by itself. Writing counts here too, before anybody looks at its access key.

    Beyond the limit of an address, only who brings a right access key is let through, with a limit
    of the key's own: somebody else behind the same address must not stop a station's registration.
    """

    def __init__(self, app: ASGIApp, limits: RateLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["path"] not in NOT_COUNTED:
            try:
                await self._count(scope, cost_of(scope["path"]))
            except Problem as problem:
                await problem_answer(problem, scope)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _count(self, scope: Scope, cost: int) -> None:
        try:
            self._limits.count("read", callers.of_scope(scope), cost)
        except Problem:
            scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
            if scheme.lower() != "bearer":
                raise
            registry: Registry = scope["app"].state.registry
            try:
                actor = await ask(registry.authenticate, given.strip()[:MAX_ACCESS_KEY_CHARACTERS])
            except (AccessError, DatabaseUnusable):
                actor = None
            if actor is None:
                raise
            self._limits.count("read", actor.key_id, cost)


_UNROUTED = "(none)"


class RegistryLog(RequestLog):
    """Counts the requests, too."""

    log = structlog.get_logger("wattseal.registry")

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        super().__init__(app)
        self._metrics = metrics

    def failed(self, scope: Scope, request_id: str) -> Response:
        """The problem `internal_error`."""
        return problem_answer(Problem("internal_error", request_id=request_id), scope)

    def tell(self, scope: Scope, status: int | None, seconds: float) -> None:
        """Write it louder where somebody was refused, or the registry failed."""
        state = scope["state"]
        route = getattr(scope.get("route"), "path", _UNROUTED)
        self._metrics.requests.labels(route, _method(scope), str(status or 0)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        if status == 429:
            self._metrics.limited.inc()
        level = self.log.warning if status in (401, 403, 429) else self.log.info
        if status is None or status >= 500:
            level = self.log.error
        level(
            "request",
            request_id=state["request_id"],
            client=callers.of_scope(scope),
            method=scope["method"],
            path=self.path_of(scope),
            status=status,
            ms=round(seconds * 1000, 2),
            **{name: state[name] for name in ("key_id", "problem", "reasons") if name in state},
        )


def _method(scope: Scope) -> str:
    """The method; whatever a client invents becomes one word, so that no counter is made for it."""
    known = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    method: str = scope["method"]
    return method if method in known else "OTHER"


POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""Content-Security-Policy: a style sheet and forms of our own; no script, no frame."""

CHECK_PATH = "/check"
CHECK_POLICY = "; ".join((POLICY, "script-src 'self'", "connect-src 'self'"))
"""That of the one page whose scripts check sessions in the browser: scripts of our own, from files,
which ask this registry alone."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_ONE_YEAR = "max-age=31536000"


class SecurityHeaders:
    """Adds them; `Cache-Control: no-store` only where the answer says nothing about caches."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if scope["path"] == CHECK_PATH:
                    headers["Content-Security-Policy"] = CHECK_POLICY
                headers.setdefault("Cache-Control", "no-store")
                if scope.get("scheme") == "https":
                    headers["Strict-Transport-Security"] = _ONE_YEAR
            await send(message)

        await self._app(scope, receive, send_with_headers)
