"""The MSP's OCPI receiver interface for CDRs (2.2.1 and 2.3.0, CDRs module), and its reports.

    POST /ocpi/{version}/cdrs            create: 201, Location; the same again: the same answer
    GET  /ocpi/{version}/cdrs/{receipt}  that CDR, the bytes that came
    GET  /reports/{report}               the report as a page; .json and .txt for programs

A report's address holds 192 random bits and is told to the sender only: who knows it may read it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import pickle
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, cast

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from wattseal import __version__
from wattseal.cdr.exchange.inbox import Compare, Inbox, NotTakenError, Partner, Partners, Received
from wattseal.cdr.exchange.reports import Reporter, report_on
from wattseal.cdr.findings import Judgement
from wattseal.cdr.marker import Markers
from wattseal.cdr.ocpi import MAX_CDR_BYTES, Cdr
from wattseal.cdr.report import as_html, as_text
from wattseal.cdr.validate import Validator
from wattseal.common.errors import ToolError
from wattseal.common.exact_json import JsonError, load_object
from wattseal.common.sentences import Language
from wattseal.common.serve import (
    PoolFullError,
    RequestLog,
    SmallPool,
    fault_of_encoding,
    listen,
    log_as_json,
    serve_app,
    url_of,
)
from wattseal.common.sql import Database, DatabaseUnusable
from wattseal.common.times import unix_ms_now
from wattseal.registry.failures import RegistryError
from wattseal.registry.web.callers import RateLimits, Settings, of_scope
from wattseal.registry.web.problems import Problem

VERSIONS = ("2.2.1", "2.3.0")

SUCCESS = 1000
BAD_REQUEST = 2001
NOT_ALLOWED = 2000
SERVER_ERROR = 3000


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818
    """An answer that is no success: HTTP status, OCPI's status code, and why."""

    http_status: int
    code: int
    cause: str
    headers: dict[str, str] | None = None


def envelope(
    http_status: int,
    code: int = SUCCESS,
    message: str | None = None,
    headers: dict[str, str] | None = None,
    data: str | None = None,
) -> Response:
    """An answer in OCPI's form (section 4.1.7). `data` is JSON already: a CDR stays as it came."""
    told: dict[str, Any] = {"status_code": code}
    if message is not None:
        told["status_message"] = message
    told["timestamp"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    members = json.dumps(told)[1:]
    text = "{" + members if data is None else f'{{"data": {data}, {members}'
    return Response(text, http_status, headers, media_type="application/json")


_TOLD = ("party", "cdr", "billable", "codes", "problem")
_log = structlog.get_logger("wattseal.cdr")


class ReceiverLog(RequestLog):
    """Tokens and bodies are in no line of it."""

    log = _log

    def path_of(self, scope: Scope) -> str:
        """Without a report's name: who knows it may read the report."""
        path: str = scope["path"][:200]
        return "/reports/*" if path.startswith("/reports/") else path

    def failed(self, _scope: Scope, request_id: str) -> Response:
        """Status 500."""
        cause = f"The receiver failed; its log knows why as {request_id}."
        return envelope(500, SERVER_ERROR, cause)

    def tell(self, scope: Scope, status: int | None, seconds: float) -> None:
        """With what the CDR was, and what came of it."""
        state = scope["state"]
        self.log.info(
            "request",
            request_id=state["request_id"],
            method=scope["method"],
            path=self.path_of(scope),
            status=status,
            ms=round(seconds * 1000, 2),
            **{name: state[name] for name in _TOLD if name in state},
        )


BODY_SECONDS = 30
MAX_TOKEN_CHARACTERS = 400
MAX_SIGNED_VALUES = 100
"""Of one CDR: a session of a day, with a reading each quarter of an hour."""
RETRY_S = "30"

_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def create_app(reporter: Reporter) -> FastAPI:
    """The application around an inbox that is open, and what reports on it."""
    app = FastAPI(
        title="Wattseal CDR receiver",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.state.reporter = reporter
    app.state.limits = RateLimits(Settings())
    app.state.judging = SmallPool(threads=2, waiting=50)
    app.post("/ocpi/{version}/cdrs", status_code=201, response_class=Response)(_create)
    app.get("/ocpi/{version}/cdrs/{receipt}", response_class=Response)(_fetch)
    app.get("/reports/{name}", response_class=Response)(_report)
    app.get("/ready")(_ready)
    app.exception_handler(Refusal)(_on_refusal)
    for unavailable in (ToolError, RegistryError, DatabaseUnusable):
        app.exception_handler(unavailable)(_on_unavailable)
    app.exception_handler(PoolFullError)(_on_full_pool)
    app.exception_handler(RequestValidationError)(_on_malformed)
    app.exception_handler(HTTPException)(_on_routing)
    app.add_middleware(ReceiverLog)
    return app


async def _reporter(request: Request) -> Reporter:
    return cast(Reporter, request.app.state.reporter)


Here = Annotated[Reporter, Depends(_reporter)]


async def _partner(request: Request, reporter: Here) -> Partner:
    """Whose token the request brings: `Authorization: Token`, base64 (section 4.1.3).

    A wrong one counts for its sender's address; a right one is good behind the same address.
    """
    try:
        partner = await _read_token(request, reporter)
    except Refusal:
        _count(request, "wrong_key")
        raise
    request.state.party = partner.party
    return partner


async def _read_token(request: Request, reporter: Reporter) -> Partner:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "token" or not given or len(given) > MAX_TOKEN_CHARACTERS:
        raise _unauthorised("send the header `Authorization: Token ` and the token in base64")
    try:
        token = base64.b64decode(given.strip(), validate=True).decode("ascii")
    except (ValueError, binascii.Error):
        raise _unauthorised("the token is not in base64") from None
    partner = await run_in_threadpool(reporter.partners.find, token)
    if partner is None:
        raise _unauthorised("the token is unknown, or was revoked")
    return partner


def _count(request: Request, kind: str) -> None:
    limits: RateLimits = request.app.state.limits
    try:
        limits.count(kind, of_scope(request.scope))
    except Problem as problem:
        headers = {"Retry-After": str(problem.detail["seconds"])}
        raise Refusal(429, NOT_ALLOWED, problem.sentence, headers) from None


Caller = Annotated[Partner, Depends(_partner)]


async def _create(request: Request, version: str, reporter: Here, partner: Caller) -> Response:
    _check_version(version)
    body = await _body(request)
    judging: SmallPool = request.app.state.judging
    try:
        received, is_new = await judging.run(_take, reporter.inbox, partner, version, body)
    except NotTakenError as error:
        status, code = (403, NOT_ALLOWED) if error.is_forbidden else (400, BAD_REQUEST)
        raise Refusal(status, code, f"This is no CDR that can be taken: {error.cause}.") from None
    request.state.cdr = received.cdr
    request.state.billable = received.is_billable
    request.state.codes = [one.code for one in received.judgement.findings]
    if is_new and received.report_state == "pending":
        reporter.wanted.set()
    return _receipt(received, reporter)


def _take(inbox: Inbox, partner: Partner, version: str, body: bytes) -> tuple[Received, bool]:
    """As Inbox.receive; a CDR of more signatures than a session has is not judged."""
    try:
        signed = load_object(body).get("signed_data")
    except JsonError as error:
        raise NotTakenError(f"it {error}") from None
    values = signed.get("signed_values") if isinstance(signed, dict) else None
    if isinstance(values, list) and len(values) > MAX_SIGNED_VALUES:
        raise NotTakenError(f"it has more than {MAX_SIGNED_VALUES} signed values")
    return inbox.receive(partner, version, body)


async def _fetch(version: str, receipt: str, reporter: Here, partner: Caller) -> Response:
    _check_version(version)
    found = await run_in_threadpool(reporter.inbox.find, receipt, partner.party)
    if found is None or found.version != version:
        raise Refusal(404, 2003, "There is no such CDR.")
    return envelope(200, data=found.body.decode("utf-8"))


async def _report(request: Request, name: str, reporter: Here, lang: str | None = None) -> Response:
    _count(request, "read")
    report_name, _, form = name.partition(".")
    found = await run_in_threadpool(reporter.inbox.of_report, report_name)
    if found is None or form not in ("", "json", "txt", "html"):
        raise Refusal(404, 2003, "There is no such report.")
    report = report_on(found, reporter.base_url)
    if form == "json":
        return JSONResponse(report.model_dump(mode="json"), headers=_PAGE_HEADERS)
    language = _language(lang or request.headers.get("Accept-Language", ""))
    if form == "txt":
        return Response(as_text(report, language), 200, _PAGE_HEADERS, "text/plain; charset=utf-8")
    return Response(as_html(report, language), 200, _PAGE_HEADERS, "text/html; charset=utf-8")


async def _ready(reporter: Here) -> dict[str, str]:
    await run_in_threadpool(reporter.partners.find, "")
    return {"status": "ready"}


def _receipt(received: Received, reporter: Reporter) -> Response:
    """The answer about a CDR: created, whatever the verdict, which the report tells."""
    report = report_on(received, reporter.base_url)
    data = {
        "verdict": report.verdict,
        "reason": report.reason,
        "codes": [one.code for one in report.findings],
        "report": f"{report.page}.json",
    }
    headers = {"Location": report.location, "Link": f'<{report.page}>; rel="describedby"'}
    message = "Success" if received.is_billable else f"Taken, and not billable: see {report.page}"
    return envelope(201, SUCCESS, message, headers, json.dumps(data))


def _check_version(version: str) -> None:
    if version not in VERSIONS:
        raise Refusal(404, 2003, f"CDRs are taken in OCPI {' and '.join(VERSIONS)}.")


async def _body(request: Request) -> bytes:
    if fault := fault_of_encoding(request.headers):
        raise Refusal(415, BAD_REQUEST, f"The CDR cannot be read: it {fault}.")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > MAX_CDR_BYTES:
                    limit = f"The CDR is larger than {MAX_CDR_BYTES >> 10} KiB."
                    raise Refusal(413, BAD_REQUEST, limit)
    except TimeoutError:
        slow = f"The CDR did not come within {BODY_SECONDS} seconds."
        raise Refusal(408, BAD_REQUEST, slow) from None
    return bytes(body)


def _language(wanted: str) -> Language:
    return Language.GERMAN if wanted.strip().lower().startswith("de") else Language.ENGLISH


def _unauthorised(cause: str) -> Refusal:
    return Refusal(401, NOT_ALLOWED, f"Not authorised: {cause}.", {"WWW-Authenticate": "Token"})


def _on_refusal(request: Request, refusal: Refusal) -> Response:
    request.state.problem = refusal.cause
    return envelope(refusal.http_status, refusal.code, refusal.cause, refusal.headers)


def _on_full_pool(request: Request, _error: Exception) -> Response:
    busy = "More CDRs came than are judged within a minute: send it again later."
    return _on_refusal(request, Refusal(503, SERVER_ERROR, busy, {"Retry-After": RETRY_S}))


def _on_unavailable(request: Request, error: Exception) -> Response:
    """The database or the source of keys is away: nothing was kept, and the CDR may come again."""
    request.state.problem = str(error)
    message = "Not now: nothing was kept. Send it again later."
    return envelope(503, SERVER_ERROR, message, {"Retry-After": RETRY_S})


def _on_malformed(request: Request, _error: RequestValidationError) -> Response:
    return _on_refusal(request, Refusal(400, BAD_REQUEST, "The request cannot be read."))


def _on_routing(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    return _on_refusal(request, Refusal(error.status_code, 2000, str(error.detail), headers))


MAX_CONNECTIONS = 500
REPORTS_EVERY_S = 30.0


class JudgeOfThread:
    """A validator for each thread, because its cache of keys is not safe for several."""

    def __init__(self, validator: Validator) -> None:
        self._packed = pickle.dumps(validator)
        self._own = threading.local()

    def __call__(self, cdr: Cdr) -> Judgement:
        """As Validator.judge."""
        validator: Validator | None = getattr(self._own, "validator", None)
        if validator is None:
            validator = pickle.loads(self._packed)  # noqa: S301 - packed above
            self._own.validator = validator
        return validator.judge(cdr)


@dataclass(frozen=True)
class Address:
    """Where it listens, and how partners reach it: by default at the same address."""

    host: str
    port: int
    public_url: str | None


def serve(
    database: Database,
    validator: Validator,
    compare: Compare | None,
    markers: Markers,
    address: Address,
    when_ready: Callable[[str], None],
) -> None:
    """Serve until SIGTERM or SIGINT; `when_ready` gets the URL once it answers.

    ToolError `receiver_cannot_listen`.
    """
    listening = listen(address.host, address.port, "receiver_cannot_listen")
    log_as_json()
    inbox = Inbox(database, JudgeOfThread(validator), compare, markers, unix_ms_now)
    base_url = (address.public_url or url_of(listening)).rstrip("/")
    reporter = Reporter(inbox, Partners(database), base_url)
    stop = threading.Event()
    reports = threading.Thread(target=_send_reports, args=(reporter, stop), name="reports")
    reports.start()
    try:
        serve_app(create_app(reporter), listening, when_ready, max_connections=MAX_CONNECTIONS)
    finally:
        stop.set()
        reporter.wanted.set()
        reports.join()


def _send_reports(reporter: Reporter, stop: threading.Event) -> None:
    """What is due, until the service stops; a failure of the database waits for the next time."""
    while not stop.is_set():
        reporter.wanted.clear()
        taken = 0
        try:
            taken = reporter.send_due()
        except Exception:
            _log.exception("reports")
        if not taken:
            reporter.wanted.wait(REPORTS_EVERY_S)
