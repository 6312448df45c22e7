"""A public-key registry over HTTP: each call of its API with typed arguments and answers.

A question is asked again when its answer is lost. So are a registration and a test charge, which
the registry knows again by what the module signed, and answers with the entry that it has made.
Whatever else changes something is sent once, and an answer that got lost is told as such.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from wattseal.common import web_client
from wattseal.common.errors import ToolError
from wattseal.common.files import first_fault
from wattseal.common.times import unix_ms_now
from wattseal.ocmf.evse_id import EvseIdError
from wattseal.registry import api_models as api
from wattseal.registry.evidence import (
    Proven,
    Told,
    check_evidence,
    evse_index_name,
    gather,
    named_hits,
    proof_report,
)
from wattseal.registry.records import MeterRef
from wattseal.registry.states import index_name, meter_name
from wattseal.registry.trust import Trust, key_of
from wattseal.tlog.checkpoint import Checkpoint
from wattseal.wire import signed_time
from wattseal.wire.signed_text import TextError

MAX_ANSWER_BYTES = 64 << 20
PAGE = 256
"""As many lines of a list as one answer has at most."""
MAX_LINES = 100_000
"""Of a whole list: far more than there ever are about one charge point."""

VKEY, ALLOW_HTTP = "WATTSEAL_REGISTRY_VKEY", "WATTSEAL_REGISTRY_ALLOW_HTTP"
"""Of the environment: what is not given, such as for the processes of a validation."""

MAX_NAMES = 50
"""That are asked about at a time."""

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


class RegistryClient(web_client.WebClient):
    """A registry at a URL, with an access key for what not everybody may do.

    What it says of charge points, keys, modules and meters is not believed but proven (evidence.py)
    with the key that `trust` knows. Every method raises ToolError when it fails; use it as a
    context manager. allow_http: also over a network, where everybody can read and change what is
    said. `http` replaces the connection, `pause` the waiting between two attempts, for tests.
    """

    def __init__(
        self,
        url: str,
        access_key: str | None = None,
        *,
        vkey: str | None = None,
        allow_http: bool = False,
        http: httpx.Client | None = None,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        super().__init__(http or httpx.Client(timeout=web_client.TIMEOUT_S), pause)
        allow_http = allow_http or bool(os.environ.get(ALLOW_HTTP))
        self.url = _checked(url, access_key, allow_http=allow_http)
        vkey = vkey or os.environ.get(VKEY)
        self.trust = Trust(self.url, vkey and key_of(vkey).vkey)
        self.proof: api.ProofReport | None = None
        self._seen: Checkpoint | None = None
        self._is_on_trust = False
        self._headers = {"Authorization": f"Bearer {access_key}"} if access_key else {}

    # --- what everybody may ask ---------------------------------------------------------------

    def facts(self) -> api.RegistryFacts:
        """Who the registry is. ToolError `registry_key_changed` if it is not the known one."""
        facts = self._get(api.RegistryFacts, "/v1/registry")
        self.trust.check_told(facts.vkey)
        return facts

    def evse(self, evse_id: str, at_unix_ms: int | None = None) -> api.EvseState | None:
        """A charge point now, or at a time; None if the registry does not know it."""
        return self._about_evse(evse_id).ledger(at_unix_ms).evse(evse_id)

    def key_of(self, evse_id: str, at_unix_ms: int | None = None) -> api.KeyAnswer | None:
        """The key that is valid for a charge point now, or was at a time."""
        return self._about_evse(evse_id).key_of_evse(evse_id, at_unix_ms)

    def key(self, fingerprint: str, at_unix_ms: int | None = None) -> api.KeyAnswer | None:
        """A key by its fingerprint (SHA-256 of the SPKI in hex)."""
        [told] = self.prove([index_name("key", fingerprint)])
        return told.key(fingerprint, at_unix_ms)

    def module(self, chip_id: str, at_unix_ms: int | None = None) -> api.ModuleState | None:
        """A signing module."""
        [told] = self.prove([index_name("module", chip_id)])
        return told.ledger(at_unix_ms).module(chip_id)

    def meter(
        self, manufacturer: str, serial: str, at_unix_ms: int | None = None
    ) -> api.MeterState | None:
        """A meter."""
        try:
            meter = MeterRef(manufacturer=manufacturer, serial=serial)
        except ValidationError as error:
            raise ToolError("registry_question_malformed", cause=first_fault(error)) from None
        [told] = self.prove([index_name("meter", *meter_name(meter))])
        return told.ledger(at_unix_ms).meter(meter)

    def eligibility(self, evse_id: str) -> api.Eligibility:
        """Whether a charge point may be published, and sessions authorised; by this clock."""
        return self._about_evse(evse_id).eligibility(evse_id, unix_ms_now())

    def history(self, evse_id: str) -> list[api.HistoryLine]:
        """Every record that touched a charge point, oldest first. `registry_not_found`: none."""
        lines = self._about_evse(evse_id).lines(evse_id)
        if not lines:
            raise ToolError("registry_not_found", what=evse_id)
        return lines

    def search(self, text: str) -> api.SearchResult:
        """What an EVSE-ID, a serial number or a key may mean; that there is no more is not proven.

        Each thing that was found is proven to be so. ToolError `registry_forged`.
        """
        found = self._get(api.SearchResult, "/v1/search", q=text)
        hits = named_hits(found)
        for at in range(0, len(hits), MAX_NAMES):
            part = hits[at : at + MAX_NAMES]
            for (name, state), told in zip(part, self.prove([one[0] for one in part]), strict=True):
                if told.newest_like(state) != state:
                    cause = f"{name} is not in the state that it says"
                    raise ToolError("registry_forged", cause=cause)
        if self.proof:
            beyond = "That nothing else begins with the text."
            self.proof = self.proof.model_copy(
                update={"not_checked": [beyond, *self.proof.not_checked]}
            )
        return found

    def prove(self, names: list[str]) -> list[Told]:
        """All records about things, by their names in the index, 50 at most. ToolError.

        Each is checked to be in the log, and all of them to be all. `proof` says how.
        """
        vkey = self.trust.vkey()
        if vkey is None:
            vkey, self._is_on_trust = self.facts().vkey, True
        key = key_of(vkey)

        def ask(names: list[str], first: int) -> api.Evidence:
            known = self.trust.known()
            self._seen = known.seen if known else None
            query = {"seen": self._seen.size if self._seen else 0, "first": first}
            found = self._find(api.Evidence, "/v1/evidence", name=names, **query)
            if found is None:
                raise ToolError("registry_unproven", url=self.url)
            return found

        def check(told: api.Evidence) -> Proven:
            try:
                proven = check_evidence(told, names, key, self._seen)
            except ToolError as error:
                if error.name == "registry_forged":
                    self._blame_another_key()
                raise
            self.trust.keep(key, told)
            self.proof = proof_report(proven.head, key.vkey, is_on_trust=self._is_on_trust)
            return proven

        return gather(names, ask, check)

    def _blame_another_key(self) -> None:
        """ToolError `registry_key_changed` if the registry says itself that it has another key."""
        try:
            self.facts()
        except ToolError as error:
            if error.name == "registry_key_changed":
                raise

    def _about_evse(self, evse_id: str) -> Told:
        try:
            name = evse_index_name(evse_id)
        except EvseIdError as error:
            raise ToolError("registry_question_malformed", cause=str(error).rstrip(".")) from None
        return self.prove([name])[0]

    def records(self, first: int, count: int = 256) -> list[api.RecordLine]:
        """Entries with their records, at most `count`; none beyond the log's end."""
        return self._get(list[api.RecordLine], "/v1/records", first=first, count=count)

    def record(self, number: int) -> api.RecordLine:
        """One entry with its record. ToolError `registry_not_found`."""
        return self._get(api.RecordLine, f"/v1/entries/{number}")

    def publication(self, number: int, size: int | None = None) -> api.PublicationAnswer:
        """Proof that an entry is in the log, of the size just after it or of a later one."""
        return self._get(api.PublicationAnswer, f"/v1/entries/{number}/publication", size=size)

    def sign_time(self, chip_id: str, nonce: str) -> tuple[int, str]:
        """The registry's time in Unix ms, and its signature for that module's question."""
        body = api.TimeRequest(chip_id=chip_id, nonce=nonce)
        told = self._change(api.SignedTime, "/v1/time", body, repeatable=True)
        try:
            return int(signed_time.read_time(told.statement)["unix_ms"]), told.signature
        except TextError as error:
            raise self._unusable(200, str(error)) from None

    # --- what takes an access key -------------------------------------------------------------

    def challenge(self) -> api.Challenge:
        """A fresh challenge; good for an hour, and costs the registry nothing."""
        return self._change(api.Challenge, "/v1/challenges", repeatable=True)

    def check(self, request: api.RegistrationRequest) -> list[api.Reason]:
        """What the registry would find against a registration; writes nothing."""
        return self._change(list[api.Reason], "/v1/registrations/check", request, repeatable=True)

    def register(self, request: api.RegistrationRequest) -> api.Confirmation:
        """Register a key; the very same request again is answered with the entry there is.

        RegistryRefusedError with all that speaks against it.
        """
        return self._change(api.Confirmation, "/v1/registrations", request, repeatable=True)

    def deactivate(self, request: api.DeactivationRequest) -> api.Confirmation:
        """Mark a key as deactivated."""
        return self._change(api.Confirmation, "/v1/deactivations", request)

    def exchange_hardware(self, request: api.HardwareExchangeRequest) -> api.Confirmation:
        """Note that the station around a meter was exchanged."""
        return self._change(api.Confirmation, "/v1/hardware-exchanges", request)

    def consent(self, request: api.ConsentRequest) -> api.Confirmation:
        """Let another operator take over a charge point's meter and module."""
        return self._change(api.Confirmation, "/v1/consents", request)

    def keep_test_charge(self, request: api.TestChargeRequest) -> api.Confirmation:
        """Have the records of a test charge kept; the same again is answered with its entry."""
        return self._change(api.Confirmation, "/v1/test-charges", request, repeatable=True)

    def grant(self, request: api.AccessRequest) -> api.Confirmation:
        """Make an access key; the answer tells it this once."""
        return self._change(api.Confirmation, "/v1/access", request)

    def access_keys(self) -> list[api.AccessState]:
        """All access keys."""
        return self._pages(api.AccessState, "/v1/access")

    def revoke(self, key_id: str) -> api.Confirmation:
        """End an access key."""
        return self._change(api.Confirmation, f"/v1/access/{_part(key_id)}", method="DELETE")

    # --- how ----------------------------------------------------------------------------------

    def _get(self, form: type[_Answer], path: str, **query: str | int | None) -> _Answer:
        found = self._find(form, path, **query)
        if found is None:
            raise ToolError("registry_not_found", what=path)
        return found

    def _pages(self, form: type[_Answer], path: str) -> list[_Answer]:
        """A whole list, which is told by pages. ToolError `registry_answer_unusable`."""
        found: list[_Answer] = []
        while len(found) <= MAX_LINES:
            page = self._get(list[form], path, first=len(found), count=PAGE)  # type: ignore[valid-type]
            found += page
            if len(page) < PAGE:
                return found
        raise self._unusable(httpx.codes.OK, "it is too long")

    def _find(
        self, form: type[_Answer], path: str, **query: str | int | list[str] | None
    ) -> _Answer | None:
        params = {name: value for name, value in query.items() if value is not None}
        answer = self._answered("GET", path, params=params, repeatable=True)
        if answer.status_code == 404:
            self._error_of(answer)  # somebody else's 404 is no answer
            return None
        return self._read(form, answer)

    def _change(
        self,
        form: type[_Answer],
        path: str,
        body: BaseModel | None = None,
        *,
        method: str = "POST",
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
        params: Mapping[str, str | int | list[str]] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """An answer of the registry, asked for as often as may be."""
        headers = dict(self._headers)
        if content is not None:
            headers["Content-Type"] = "application/json"
        request = self._http.build_request(
            method, self.url + path, params=params, content=content, headers=headers
        )
        what = f"{method} {path}"
        try:
            answer = self._send(request, max_bytes=MAX_ANSWER_BYTES, is_repeatable=repeatable)
        except web_client.NoAnswerError as error:
            if error.is_unknown:
                raise self._unknown(what, str(error)) from None
            raise ToolError("registry_unreachable", url=self.url, cause=str(error)) from None
        except web_client.AnswerTooLongError as error:
            raise self._unusable(error.status, "it is too long") from None
        if answer.status_code in web_client.BUSY - web_client.NOT_DONE and not repeatable:
            raise self._unknown(what, f"status {answer.status_code}")
        return answer

    def _unknown(self, what: str, cause: str) -> ToolError:
        return ToolError("registry_outcome_unknown", what=what, cause=cause)

    def _read(self, form: type[_Answer], answer: httpx.Response) -> _Answer:
        if answer.status_code in (200, 201):
            try:
                return TypeAdapter(form).validate_json(answer.content, strict=True)
            except ValidationError as error:
                raise self._unusable(answer.status_code, first_fault(error)) from None
        name, sentence, remedy = self._error_of(answer)
        if answer.status_code in web_client.BUSY:
            raise ToolError("registry_busy", url=self.url, status=answer.status_code)
        if answer.status_code in (401, 403):
            raise ToolError("registry_access_denied", sentence=sentence, remedy=remedy)
        if answer.status_code == 404:
            raise ToolError("registry_not_found", what=answer.request.url.path)
        raise ToolError("registry_error", code=name, sentence=sentence, remedy=remedy)

    def _error_of(self, answer: httpx.Response) -> tuple[str, str, str]:
        """Name, sentence and remedy; raises RegistryRefusedError if the answer has reasons."""
        if answer.status_code in web_client.BUSY:
            return "busy", "", ""
        try:
            body = _ErrorAnswer.model_validate_json(answer.content)
        except ValidationError as error:
            raise self._unusable(answer.status_code, first_fault(error)) from None
        if body.reasons:
            raise RegistryRefusedError(body.reasons)
        return body.error.name, body.error.sentence, body.error.remedy

    def _unusable(self, status: int, cause: str) -> ToolError:
        return ToolError("registry_answer_unusable", url=self.url, cause=f"{status}, {cause}")


class _ErrorBody(BaseModel):
    name: str
    sentence: str
    remedy: str = ""


class _ErrorAnswer(BaseModel):
    error: _ErrorBody
    reasons: list[api.Reason] = []


def _checked(url: str, access_key: str | None, *, allow_http: bool) -> str:
    """The URL without a slash at its end. ToolError `registry_url_unusable`."""
    in_the_clear = "over http everybody on the way can change what is said"
    if access_key:
        in_the_clear = "an access key would cross the network for everybody to read"
    web_client.check_url(
        url,
        "registry_url_unusable",
        too_much="it holds more than host and path",
        in_the_clear=None if allow_http and not access_key else in_the_clear,
        may_have_query=False,
    )
    return url.rstrip("/")


def _part(text: str) -> str:
    return quote(text, safe="")
