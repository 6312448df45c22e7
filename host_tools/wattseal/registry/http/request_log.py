"""A line of the log and a count for every request; the answer when nothing else gave one."""

from __future__ import annotations

import secrets
import time

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wattseal.registry.http import client_address
from wattseal.registry.http.error_answers import problem_answer
from wattseal.registry.http.metrics import Metrics
from wattseal.registry.http.problems import Problem

_UNROUTED = "(none)"
_log = structlog.get_logger("wattseal.registry")


class RequestLog:
    """The outermost layer: what it does not see has not happened."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["request_id"] = secrets.token_hex(8)
        started_s = time.perf_counter()
        seen = _Seen(send, state["request_id"])
        try:
            await self._app(scope, receive, seen.send)
        except Exception:
            _log.exception("failed", request_id=state["request_id"], path=scope["path"])
            if seen.status is None:
                problem = Problem("internal_error", request_id=state["request_id"])
                await problem_answer(problem, scope)(scope, receive, seen.send)
        finally:
            self._tell(scope, seen.status, time.perf_counter() - started_s)

    def _tell(self, scope: Scope, status: int | None, seconds: float) -> None:
        state = scope["state"]
        route = getattr(scope.get("route"), "path", _UNROUTED)
        self._metrics.requests.labels(route, _method(scope), str(status or 0)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        if status == 429:
            self._metrics.limited.inc()
        level = _log.warning if status in (401, 403, 429) else _log.info
        if status is None or status >= 500:
            level = _log.error
        level(
            "request",
            request_id=state["request_id"],
            client=client_address.of_scope(scope),
            method=scope["method"],
            path=scope["path"],
            status=status,
            ms=round(seconds * 1000, 2),
            **{name: state[name] for name in ("key_id", "problem", "reasons") if name in state},
        )


class _Seen:
    """Remembers the status that was sent, and gives the answer the request's number."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)["X-Request-ID"] = self._request_id
        await self._send(message)


def _method(scope: Scope) -> str:
    """The method; whatever a client invents becomes one word, so that no counter is made for it."""
    known = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    method: str = scope["method"]
    return method if method in known else "OTHER"
