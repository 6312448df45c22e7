"""OCPI's response format (2.2.1, sections 4.1.7 and 5), and how errors become one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

SUCCESS = 1000
BAD_REQUEST = 2001
NOT_ALLOWED = 2000
SERVER_ERROR = 3000


class Refusal(Exception):  # noqa: N818
    """An answer that is no success: HTTP status, OCPI's status code, and why."""

    def __init__(
        self, http_status: int, code: int, cause: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(cause)
        self.http_status = http_status
        self.code = code
        self.cause = cause
        self.headers = headers or {}

    def answer(self) -> Response:
        """The refusal as it is sent."""
        return envelope(self.http_status, self.code, None, self.cause, self.headers)


def envelope(
    http_status: int,
    code: int,
    data: Any,
    message: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """An answer around data that json can write."""
    told = {} if data is None else {"data": data}
    return raw_envelope(http_status, json.dumps(told)[1:-1], code, message, headers)


def raw_envelope(
    http_status: int,
    members: str,
    code: int = SUCCESS,
    message: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """An answer whose first members are JSON already: received bytes go back as they are."""
    told: dict[str, Any] = {"status_code": code}
    if message is not None:
        told["status_message"] = message
    told["timestamp"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    rest = json.dumps(told)[1:-1]
    text = "{" + ", ".join(part for part in (members, rest) if part) + "}"
    return Response(text, http_status, headers, media_type="application/json")
