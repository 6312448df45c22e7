"""Counts the requests of each client address."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from wattseal.registry.http import client_address
from wattseal.registry.http.error_answers import problem_answer
from wattseal.registry.http.problems import Problem
from wattseal.registry.http.rate_limits import RateLimits

NOT_COUNTED = ("/health", "/ready", "/metrics")
"""What the operator's own machines ask all the time."""


class ReadLimit:
    """Answers 429 by itself. Writing counts here too, before anybody looks at its access key."""

    def __init__(self, app: ASGIApp, limits: RateLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["path"] not in NOT_COUNTED:
            try:
                self._limits.count("read", client_address.of_scope(scope))
            except Problem as problem:
                await problem_answer(problem, scope)(scope, receive, send)
                return
        await self._app(scope, receive, send)
