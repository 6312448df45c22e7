"""A line of the log for every request, and the answer where nothing else gave one."""

from __future__ import annotations

import secrets
import time
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wattseal.cdr.exchange.answers import SERVER_ERROR, envelope

_TOLD = ("party", "cdr", "billable", "codes", "problem")
_log = structlog.get_logger("wattseal.cdr")


class RequestLog:
    """The outermost layer. Tokens and bodies are in no line of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        request_id = secrets.token_hex(8)
        started_s = time.perf_counter()
        status: int | None = None

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", request_id.encode()))
            await send(message)

        try:
            await self._app(scope, receive, seen)
        except Exception:
            _log.exception("failed", request_id=request_id, path=_path(scope))
            if status is None:
                cause = f"The receiver failed; its log knows why as {request_id}."
                await envelope(500, SERVER_ERROR, None, cause)(scope, receive, seen)
        finally:
            _log.info(
                "request",
                request_id=request_id,
                method=scope["method"],
                path=_path(scope),
                status=status,
                ms=round((time.perf_counter() - started_s) * 1000, 2),
                **{name: state[name] for name in _TOLD if name in state},
            )


def _path(scope: Scope) -> str:
    """Without a report's name: who knows it may read the report."""
    path: str = scope["path"][:200]
    return "/reports/*" if path.startswith("/reports/") else path
