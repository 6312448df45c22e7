"""A public-key registry over HTTP: each call of its API with typed arguments and answers.

A question is asked again when its answer is lost. So are a registration and a test charge, which
the registry knows again by what the module signed, and answers with the entry that it has made.
Whatever else changes something is sent once, and an answer that got lost is told as such.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import TypeVar
from urllib.parse import quote, urlsplit

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from wattseal.common.errors import ToolError
from wattseal.common.files import first_fault
from wattseal.registry import api_models as api

TIMEOUT_S = 30.0
ATTEMPTS = 4
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 20.0
MAX_ANSWER_BYTES = 64 << 20

_BUSY = frozenset((429, 502, 503, 504))
_NOT_DONE = frozenset((429, 503))
"""With these the registry says itself that it has done nothing."""
_KEPT = ("Retry-After",)
"""The headers that are looked at; an encoding is undone by then."""
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1", "testserver"))

_Answer = TypeVar("_Answer")


class RegistryRefusedError(ToolError):
    """The registry does not take a request; `reasons` says why, all at once."""

    def __init__(self, reasons: list[api.Reason]) -> None:
        super().__init__(
            "registry_refused",
            sentences=" ".join(reason.sentence for reason in reasons),
            remedies=" ".join(dict.fromkeys(reason.remedy for reason in reasons if reason.remedy)),
        )
        self.reasons = reasons
        self.detail = {"reasons": [reason.model_dump() for reason in reasons]}


class RegistryClient:
    """A registry at a URL, with an access key for what not everybody may do.

    Every method raises ToolError when it fails; use it as a context manager. `http` replaces the
    connection, `pause` the waiting between two attempts, for tests.
    """

    def __init__(
        self,
        url: str,
        access_key: str | None = None,
        *,
        http: httpx.Client | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = _checked(url, access_key)
        self._headers = {"Authorization": f"Bearer {access_key}"} if access_key else {}
        self._http = http or httpx.Client(timeout=TIMEOUT_S)
        self._pause = pause

    def __enter__(self) -> RegistryClient:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._http.close()

    # --- what everybody may ask ---------------------------------------------------------------

    def facts(self) -> api.RegistryFacts:
        """Who the registry is."""
        return self._get(api.RegistryFacts, "/v1/registry")

    def evse(self, evse_id: str, at_unix_ms: int | None = None) -> api.EvseState | None:
        """A charge point now, or at a time; None if the registry does not know it."""
        return self._find(api.EvseState, f"/v1/evse/{_part(evse_id)}", at=at_unix_ms)

    def key_of(self, evse_id: str, at_unix_ms: int | None = None) -> api.KeyAnswer | None:
        """The key that is valid for a charge point now, or was at a time."""
        return self._find(api.KeyAnswer, f"/v1/evse/{_part(evse_id)}/key", at=at_unix_ms)

    def key(self, fingerprint: str, at_unix_ms: int | None = None) -> api.KeyAnswer | None:
        """A key by its fingerprint (SHA-256 of the SPKI in hex)."""
        return self._find(api.KeyAnswer, f"/v1/keys/{_part(fingerprint)}", at=at_unix_ms)

    def module(self, chip_id: str, at_unix_ms: int | None = None) -> api.ModuleState | None:
        """A signing module."""
        return self._find(api.ModuleState, f"/v1/modules/{_part(chip_id)}", at=at_unix_ms)

    def meter(
        self, manufacturer: str, serial: str, at_unix_ms: int | None = None
    ) -> api.MeterState | None:
        """A meter."""
        path = f"/v1/meters/{_part(manufacturer)}/{_part(serial)}"
        return self._find(api.MeterState, path, at=at_unix_ms)

    def eligibility(self, evse_id: str) -> api.Eligibility:
        """Whether a charge point may be published, and sessions authorised."""
        return self._get(api.Eligibility, f"/v1/evse/{_part(evse_id)}/eligibility")

    def history(self, evse_id: str) -> list[api.HistoryLine]:
        """Every record that touched a charge point, oldest first."""
        return self._list(api.HistoryLine, f"/v1/evse/{_part(evse_id)}/history")

    def search(self, text: str) -> api.SearchResult:
        """What an EVSE-ID, a serial number or a key may mean."""
        return self._get(api.SearchResult, "/v1/search", q=text)

    def records(self, first: int, count: int = 256) -> list[api.RecordLine]:
        """Entries with their records, at most `count`; none beyond the log's end."""
        return self._list(api.RecordLine, "/v1/records", first=first, count=count)

    def record(self, number: int) -> api.RecordLine:
        """One entry with its record. ToolError `registry_not_found`."""
        return self._get(api.RecordLine, f"/v1/entries/{number}")

    def publication(self, number: int, size: int | None = None) -> api.PublicationAnswer:
        """Proof that an entry is in the log, of the size just after it or of a later one."""
        return self._get(api.PublicationAnswer, f"/v1/entries/{number}/publication", size=size)

    # --- what takes an access key -------------------------------------------------------------

    def challenge(self) -> api.Challenge:
        """A fresh challenge; good for an hour, and costs the registry nothing."""
        return self._post(api.Challenge, "/v1/challenges", None, repeatable=True)

    def check(self, request: api.RegistrationRequest) -> list[api.Reason]:
        """What the registry would find against a registration; writes nothing."""
        form = list[api.Reason]
        return self._post(form, "/v1/registrations/check", request, repeatable=True)

    def register(self, request: api.RegistrationRequest) -> api.Confirmation:
        """Register a key; the very same request again is answered with the entry there is.

        RegistryRefusedError with all that speaks against it.
        """
        return self._post(api.Confirmation, "/v1/registrations", request, repeatable=True)

    def deactivate(self, request: api.DeactivationRequest) -> api.Confirmation:
        """Mark a key as deactivated."""
        return self._post(api.Confirmation, "/v1/deactivations", request)

    def exchange_hardware(self, request: api.HardwareExchangeRequest) -> api.Confirmation:
        """Note that the station around a meter was exchanged."""
        return self._post(api.Confirmation, "/v1/hardware-exchanges", request)

    def consent(self, request: api.ConsentRequest) -> api.Confirmation:
        """Let another operator take over a charge point's meter and module."""
        return self._post(api.Confirmation, "/v1/consents", request)

    def keep_test_charge(self, request: api.TestChargeRequest) -> api.Confirmation:
        """Have the records of a test charge kept; the same again is answered with its entry."""
        return self._post(api.Confirmation, "/v1/test-charges", request, repeatable=True)

    def grant(self, request: api.AccessRequest) -> api.Confirmation:
        """Make an access key; the answer tells it this once."""
        return self._post(api.Confirmation, "/v1/access", request)

    def access_keys(self) -> list[api.AccessState]:
        """All access keys."""
        return self._list(api.AccessState, "/v1/access")

    def revoke(self, key_id: str) -> api.Confirmation:
        """End an access key."""
        return self._change(api.Confirmation, "DELETE", f"/v1/access/{_part(key_id)}")

    # --- how ----------------------------------------------------------------------------------

    def _get(self, form: type[_Answer], path: str, **query: str | int | None) -> _Answer:
        found = self._find(form, path, **query)
        if found is None:
            raise ToolError("registry_not_found", what=path)
        return found

    def _list(self, item: type[_Answer], path: str, **query: str | int | None) -> list[_Answer]:
        return self._get(list[item], path, **query)  # type: ignore[valid-type]

    def _find(self, form: type[_Answer], path: str, **query: str | int | None) -> _Answer | None:
        params = {name: value for name, value in query.items() if value is not None}
        answer = self._answered("GET", path, params=params, repeatable=True)
        if answer.status_code == 404:
            self._error_of(answer)  # somebody else's 404 is no answer
            return None
        return self._read(form, answer)

    def _post(
        self, form: type[_Answer], path: str, body: BaseModel | None, *, repeatable: bool = False
    ) -> _Answer:
        return self._change(form, "POST", path, body, repeatable=repeatable)

    def _change(
        self,
        form: type[_Answer],
        method: str,
        path: str,
        body: BaseModel | None = None,
        *,
        repeatable: bool = False,
    ) -> _Answer:
        content = body.model_dump_json().encode() if body is not None else None
        answer = self._answered(method, path, content=content, repeatable=repeatable)
        return self._read(form, answer)

    def _answered(
        self,
        method: str,
        path: str,
        *,
        repeatable: bool,
        params: Mapping[str, str | int] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """An answer of the registry, asked for as often as may be."""
        headers = dict(self._headers)
        if content is not None:
            headers["Content-Type"] = "application/json"
        request = self._http.build_request(
            method, self.url + path, params=params, content=content, headers=headers
        )
        for attempt in range(1, ATTEMPTS + 1):
            is_last = attempt == ATTEMPTS
            try:
                answer = self._whole(self._http.send(request, stream=True))
            except httpx.HTTPError as error:
                if is_last or not (repeatable or _was_not_sent(error)):
                    raise self._lost(error, f"{method} {path}", repeatable) from None
                self._pause(_pause_s(attempt))
                continue
            if answer.status_code in _BUSY - _NOT_DONE and not repeatable:
                raise self._unknown(f"{method} {path}", f"status {answer.status_code}")
            if answer.status_code not in _BUSY or is_last:
                return answer
            self._pause(_pause_s(attempt, answer.headers.get("Retry-After")))
        raise AssertionError("the last attempt returns or raises")

    def _whole(self, answer: httpx.Response) -> httpx.Response:
        """An answer with its content, which is given up as soon as it is too long."""
        content = bytearray()
        with closing(answer):
            for part in answer.iter_bytes():
                content += part
                if len(content) > MAX_ANSWER_BYTES:
                    raise self._unusable(answer, "it is too long")
        headers = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
        return httpx.Response(
            answer.status_code, headers=headers, content=bytes(content), request=answer.request
        )

    def _lost(self, error: httpx.HTTPError, what: str, repeatable: bool) -> ToolError:
        cause = " ".join(str(error).split())[:160] or type(error).__name__
        if not (repeatable or _was_not_sent(error)):
            return self._unknown(what, cause)
        return ToolError("registry_unreachable", url=self.url, cause=cause)

    def _unknown(self, what: str, cause: str) -> ToolError:
        return ToolError("registry_outcome_unknown", what=what, cause=cause)

    def _read(self, form: type[_Answer], answer: httpx.Response) -> _Answer:
        if answer.status_code in (200, 201):
            try:
                return TypeAdapter(form).validate_json(answer.content, strict=True)
            except ValidationError as error:
                raise self._unusable(answer, first_fault(error)) from None
        name, sentence, remedy = self._error_of(answer)
        if answer.status_code in _BUSY:
            raise ToolError("registry_busy", url=self.url, status=answer.status_code)
        if answer.status_code in (401, 403):
            raise ToolError("registry_access_denied", sentence=sentence, remedy=remedy)
        if answer.status_code == 404:
            raise ToolError("registry_not_found", what=answer.request.url.path)
        raise ToolError("registry_error", code=name, sentence=sentence, remedy=remedy)

    def _error_of(self, answer: httpx.Response) -> tuple[str, str, str]:
        """Name, sentence and remedy; raises RegistryRefusedError if the answer has reasons."""
        if answer.status_code in _BUSY:
            return "busy", "", ""
        try:
            body = _ErrorAnswer.model_validate_json(answer.content)
        except ValidationError as error:
            raise self._unusable(answer, first_fault(error)) from None
        if body.reasons:
            raise RegistryRefusedError(body.reasons)
        return body.error.name, body.error.sentence, body.error.remedy

    def _unusable(self, answer: httpx.Response, cause: str) -> ToolError:
        status = answer.status_code
        return ToolError("registry_answer_unusable", url=self.url, cause=f"{status}, {cause}")


class _ErrorBody(BaseModel):
    name: str
    sentence: str
    remedy: str = ""


class _ErrorAnswer(BaseModel):
    error: _ErrorBody
    reasons: list[api.Reason] = []


def _checked(url: str, access_key: str | None) -> str:
    """The URL without a slash at its end. ToolError `registry_url_unusable`."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise ToolError("registry_url_unusable", url=url, cause="it is no URL") from None
    if parts.scheme not in ("http", "https") or not host:
        cause = "it does not begin with https:// and a host's name"
        raise ToolError("registry_url_unusable", url=url, cause=cause)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ToolError("registry_url_unusable", url=host, cause="it holds more than host and path")
    if access_key and parts.scheme == "http" and host not in _LOOPBACK:
        cause = "an access key would cross the network for everybody to read"
        raise ToolError("registry_url_unusable", url=url, cause=cause)
    return url.rstrip("/")


def _part(text: str) -> str:
    return quote(text, safe="")


def _was_not_sent(error: httpx.HTTPError) -> bool:
    return isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)


def _pause_s(attempt: int, told: str | None = None) -> float:
    """What the registry asks for, else twice as long each time, and never all at the same time."""
    if told and told.isdecimal():
        return min(float(told), LONGEST_PAUSE_S)
    factor = random.uniform(0.8, 1.2)  # noqa: S311 - no secret
    return factor * FIRST_PAUSE_S * (1 << (attempt - 1))
