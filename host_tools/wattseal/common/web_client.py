"""HTTP clients: how long they wait, what they ask again, and which addresses they may use."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing
from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

import httpx

from wattseal.common.errors import ToolError

TIMEOUT_S = 30.0
ATTEMPTS = 4
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 20.0

BUSY = frozenset((429, 502, 503, 504))
NOT_DONE = frozenset((429, 503))
"""With these the server says itself that it has done nothing."""
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_OF_THE_TRANSFER = ("content-encoding", "content-length", "transfer-encoding")
"""Headers that are no longer true of an answer that was read and decoded."""

_LOOPBACK = frozenset(("localhost", "::1", "testserver"))


class NoAnswerError(Exception):
    """No answer came; the message says why. `is_unknown`: the request may have been carried out."""

    def __init__(self, cause: str, *, is_unknown: bool) -> None:
        super().__init__(cause)
        self.is_unknown = is_unknown


class AnswerTooLongError(Exception):
    """An answer was given up because it is longer than it may be; `status` is its status."""

    def __init__(self, status: int) -> None:
        super().__init__("its answer is too long")
        self.status = status


class WebClient:
    """Sends requests, and those again that were not carried out or may be repeated.

    Use it as a context manager. `http` is the connection, `pause` waits between two attempts.
    """

    def __init__(
        self,
        http: httpx.Client,
        pause: Callable[[float], object],
        *,
        longest_pause_s: float = LONGEST_PAUSE_S,
    ) -> None:
        self._http = http
        self._pause = pause
        self._longest_pause_s = longest_pause_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End its connections."""
        self._http.close()

    def _send(
        self, request: httpx.Request, *, max_bytes: int, is_repeatable: bool
    ) -> httpx.Response:
        """The whole answer to a request, also one that says that the server is busy.

        Sent again: what did not reach the server, what it answers with NOT_DONE, and if it is
        repeatable, what it answers with BUSY, or not at all. NoAnswerError, AnswerTooLongError.
        """
        for attempt in range(1, ATTEMPTS + 1):
            is_last = attempt == ATTEMPTS
            try:
                answer = self._whole(self._http.send(request, stream=True), max_bytes)
            except httpx.HTTPError as error:
                is_unknown = not is_repeatable and not isinstance(error, _NOT_SENT)
                if is_last or is_unknown:
                    raise NoAnswerError(_in_words(error), is_unknown=is_unknown) from None
                self._pause(self._pause_s(attempt))
                continue
            if is_last or answer.status_code not in (BUSY if is_repeatable else NOT_DONE):
                return answer
            self._pause(self._pause_s(attempt, answer.headers.get("Retry-After", "")))
        raise AssertionError("the last attempt returns or raises")

    def _whole(self, answer: httpx.Response, max_bytes: int) -> httpx.Response:
        content = bytearray()
        with closing(answer):
            for part in answer.iter_bytes():
                content += part
                if len(content) > max_bytes:
                    raise AnswerTooLongError(answer.status_code)
        headers = [one for one in answer.headers.items() if one[0] not in _OF_THE_TRANSFER]
        return httpx.Response(
            answer.status_code, headers=headers, content=bytes(content), request=answer.request
        )

    def _pause_s(self, attempt: int, told: str = "") -> float:
        """What the server asks for, else twice as long each time, never all at the same time."""
        if told.isdecimal():
            return min(float(told), self._longest_pause_s)
        factor = random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        return factor * FIRST_PAUSE_S * (1 << (attempt - 1))


def _in_words(error: httpx.HTTPError) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__


def check_receiver_url(url: str) -> str:
    """The URL that CDRs or reports are sent to, as it is. ToolError `receiver_url_unusable`."""
    check_url(
        url,
        "receiver_url_unusable",
        too_much="it holds more than it should",
        in_the_clear="http is readable for everybody on the way",
        may_have_query=True,
    )
    return url


def _is_this_computer(host: str) -> bool:
    try:
        return host in _LOOPBACK or ip_address(host).is_loopback
    except ValueError:
        return False


def check_url(
    url: str, failure: str, *, too_much: str, in_the_clear: str | None, may_have_query: bool
) -> None:
    """Refuse what is no address of a server. ToolError named `failure`, with URL and cause.

    too_much: what is said of an address with a password or a fragment in it.
    in_the_clear: why http is not good enough to another computer; None if it is.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise ToolError(failure, url=url, cause="it is no URL") from None
    if parts.scheme not in ("http", "https") or not host:
        cause = "it does not begin with https:// and a host's name"
        raise ToolError(failure, url=url, cause=cause)
    has_query = bool(parts.query) and not may_have_query
    if parts.username or parts.password or parts.fragment or has_query:
        raise ToolError(failure, url=host, cause=too_much)
    if in_the_clear and parts.scheme == "http" and not _is_this_computer(host):
        raise ToolError(failure, url=url, cause=in_the_clear)
