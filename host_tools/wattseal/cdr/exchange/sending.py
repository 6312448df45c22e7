"""Sends a CDR to the receiver interface of OCPI (CDRs module, POST; 2.2.1, section 10.2.2.2).

A CDR is repeated by itself only where it certainly did not arrive: no connection, or the answer
says that nothing was done (429, 503). Any other lost answer is told as such; what to do then is the
sender's decision, and sending the same CDR once more is harmless with a receiver that knows CDRs by
their id.
"""

from __future__ import annotations

import base64
import random
import re
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx

from wattseal.cdr.exact_json import JsonError, load_object
from wattseal.cdr.exchange.urls import checked_url
from wattseal.errors import ToolError
from wattseal.verify.findings import shown

TIMEOUT_S = 30.0
ATTEMPTS = 4
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 20.0
MAX_ANSWER_BYTES = 1 << 20

_NOT_DONE = frozenset((429, 503))
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_REPORT = re.compile(r'<([^>]*)>\s*;\s*rel="?describedby"?')
_SUCCESS = range(1000, 2000)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the receiver answered: where the CDR is now, and where it reports on it, if it does."""

    location: str | None
    report: str | None


class CdrSender:
    """A partner's CDR endpoint. `http` replaces the connection, `pause` the waiting, for tests."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        http: httpx.Client | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = checked_url(url)
        self._token = base64.b64encode(token.encode()).decode()
        self._http = http or httpx.Client(timeout=TIMEOUT_S)
        self._pause = pause

    def __enter__(self) -> CdrSender:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._http.close()

    def send(self, name: str, body: bytes, party: tuple[str, str]) -> Receipt:
        """Send one CDR as these bytes. `party`: country code and id of the sender.

        ToolError `receiver_unreachable` (nothing was done), `cdr_refused` (for good),
        `cdr_outcome_unknown`.
        """
        request = self._http.build_request(
            "POST", self.url, content=body, headers=self._headers(party)
        )
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._whole(self._http.send(request, stream=True))
            except _NOT_SENT as error:
                cause = _in_words(error)
            except (httpx.HTTPError, _AnswerTooLongError) as error:
                raise self._unknown(name, _in_words(error)) from None
            else:
                if answer.status_code not in _NOT_DONE:
                    return self._receipt(name, answer)
                cause = f"status {answer.status_code}"
            if attempt < ATTEMPTS:
                self._pause(_pause_s(attempt))
        raise ToolError("receiver_unreachable", url=self.url, cause=cause)

    def _headers(self, party: tuple[str, str]) -> Mapping[str, str]:
        return {
            "Authorization": f"Token {self._token}",
            "Content-Type": "application/json",
            "X-Request-ID": str(uuid.uuid4()),
            "X-Correlation-ID": str(uuid.uuid4()),
            "OCPI-from-country-code": party[0],
            "OCPI-from-party-id": party[1],
        }

    def _whole(self, answer: httpx.Response) -> httpx.Response:
        content = bytearray()
        with closing(answer):
            for part in answer.iter_bytes():
                content += part
                if len(content) > MAX_ANSWER_BYTES:
                    raise _AnswerTooLongError("its answer is too long")
        kept = {
            name: answer.headers[name] for name in ("Location", "Link") if name in answer.headers
        }
        return httpx.Response(answer.status_code, headers=kept, content=bytes(content))

    def _receipt(self, name: str, answer: httpx.Response) -> Receipt:
        told = _envelope(answer)
        code = told.get("status_code")
        if answer.is_success and type(code) is int and code in _SUCCESS:
            report = _REPORT.search(answer.headers.get("Link", ""))
            return Receipt(answer.headers.get("Location"), report[1] if report else None)
        cause = shown(told.get("status_message") or "it does not say why", 200)
        if answer.is_success and type(code) is not int:
            raise self._unknown(name, "its answer is not OCPI's")
        if answer.is_server_error or (type(code) is int and code >= 3000):
            raise self._unknown(name, f"status {answer.status_code}: {cause}")
        status = f"HTTP {answer.status_code}" + (f", OCPI {code}" if type(code) is int else "")
        raise ToolError("cdr_refused", url=self.url, cdr=name, status=status, cause=cause)

    def _unknown(self, name: str, cause: str) -> ToolError:
        return ToolError("cdr_outcome_unknown", url=self.url, cdr=name, cause=cause)


class _AnswerTooLongError(Exception):
    pass


def _envelope(answer: httpx.Response) -> dict[str, Any]:
    """OCPI's response format (section 4.1.7); empty if the answer is something else."""
    try:
        return load_object(answer.content)
    except JsonError:
        return {}


def _in_words(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__


def _pause_s(attempt: int) -> float:
    """Twice as long each time, and never all at the same time."""
    factor = random.uniform(0.8, 1.2)  # noqa: S311 - no secret
    return min(factor * FIRST_PAUSE_S * (1 << (attempt - 1)), LONGEST_PAUSE_S)
