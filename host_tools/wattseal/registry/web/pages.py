"""The driver's own check: a form, and what came of it.

A POST here changes nothing and nobody is logged in, so a form of another site that is sent here
gains nothing: there is no CSRF to guard against. What is sent is not stored and not logged.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import HTMLResponse

from wattseal.common.sentences import Language, read_labels
from wattseal.common.sql import DatabaseUnusable
from wattseal.common.times import unix_ms_now
from wattseal.driver_check.browser import offline_page, tables_module
from wattseal.driver_check.check import Examination
from wattseal.driver_check.page import UploadError, read_upload
from wattseal.driver_check.trust import Result
from wattseal.driver_check.words import PAGE, choose
from wattseal.ocmf.public_key import DEFAULT_ALGORITHM
from wattseal.registry.failures import NotFound
from wattseal.registry.station_history import events, key_periods
from wattseal.registry.web import callers
from wattseal.registry.web.api import EvseIdPath
from wattseal.registry.web.callers import RateLimits, Service, ask
from wattseal.registry.web.problems import Problem
from wattseal.registry.web.templates import STATIC_FILES, read_moment, render

check_router = APIRouter(include_in_schema=False)

SITE_STYLE = STATIC_FILES.joinpath("style.css").read_text("utf-8")

READS_PER_FILE = 10
"""What the check of one file counts for in the limit of reads: signatures take time to verify."""


@check_router.get("/check")
async def form(request: Request, lang: str = Query("", max_length=20)) -> Response:
    """The empty form."""
    return _check_page(request, _language(request, lang), None)


@check_router.get("/check/offline.html")
async def offline(request: Request, lang: str = Query("", max_length=20)) -> Response:
    """The check as one file to keep."""
    values = offline_page(_language(request, lang), SITE_STYLE)
    page = render("check_offline.html", request.scope, **values)
    headers = {"Content-Disposition": 'attachment; filename="wattseal-check.html"'}
    return HTMLResponse(page, headers=headers)


@check_router.get("/static/check/tables.js")
async def tables() -> Response:
    """What the page's scripts share with the check in Python; they import it beside themselves."""
    return Response(tables_module(), media_type="text/javascript")


@check_router.post("/check")
async def check(request: Request, registry: Service) -> Response:
    """Check what the form brings."""
    limits: RateLimits = request.app.state.limits
    address = callers.of_scope(request.scope)

    def count(files: int) -> None:
        limits.count("read", address, READS_PER_FILE * files)

    fault = "nothing_given"
    try:
        upload, asked = await read_upload(request)
    except UploadError:
        upload, asked, fault = None, "", "broken_upload"
    language = _language(request, asked)
    examination = Examination(registry, language, count, DatabaseUnusable)
    if upload is None:
        return _check_page(request, language, examination.refuse("", fault), 400)
    result = await ask(examination.examine, upload.name, upload.data)
    return _check_page(request, language, result)


def _language(request: Request, asked: str) -> Language:
    return choose(asked, request.headers.get("accept-language", ""))


def _check_page(
    request: Request, language: Language, result: Result | None, status: int = 200
) -> Response:
    values = {"lang": language.value, "words": read_labels(PAGE, language), "result": result}
    page = render("check.html", request.scope, is_offline=False, **values)
    headers = {"Content-Language": language.value, "Vary": "Accept-Language"}
    return HTMLResponse(page, status, headers)


router = APIRouter(include_in_schema=False)

MAX_SEARCH_CHARACTERS = 400
"""A whole public key in hex, and blanks in it."""


@router.get("/")
def start(request: Request, registry: Service, q: str = Query("", max_length=1000)) -> Response:
    """The search, with what it found."""
    text = q.strip()[:MAX_SEARCH_CHARACTERS]
    found = registry.search(text) if text else None
    return _page(request, "search.html", text=text, found=found, size=registry.facts().size)


@router.get("/stations/{evse_id}")
def station(
    evse_id: EvseIdPath,
    request: Request,
    registry: Service,
    at: str = Query("", max_length=1000),
) -> Response:
    """A charge point: its state, its keys, what happened; and its key at a time."""
    state = registry.evse(evse_id)
    if state is None:
        raise NotFound("not_found", what="charge point", name=evse_id)
    history = registry.history(evse_id)
    records = dict(history)
    return _page(
        request,
        "station.html",
        state=state,
        eligibility=registry.eligibility(evse_id),
        keys=[(period, records[period.entry]) for period in key_periods(evse_id, history)],
        events=events(evse_id, history),
        algorithm=DEFAULT_ALGORITHM,
        **_asked(registry, evse_id, at.strip()[:40]),
    )


@router.get("/log")
def log(request: Request, registry: Service) -> Response:
    """The log's head, the registry's keys, and how to audit both."""
    return _page(
        request,
        "log.html",
        facts=registry.facts(),
        checkpoint=registry.checkpoint(),
        url=str(request.base_url).rstrip("/"),
    )


def _asked(registry: Service, evse_id: str, at: str) -> dict[str, Any]:
    """What the page says to the question which key was valid at a time."""
    moment, key, fault = None, None, ""
    if at:
        try:
            moment = read_moment(at)
            key = registry.key_valid(evse_id, moment)
        except Problem as problem:
            fault = problem.sentence
    return {"at": at, "at_unix_ms": moment, "key_at": key, "at_fault": fault, "now": unix_ms_now()}


def _page(request: Request, template: str, **values: Any) -> Response:
    return HTMLResponse(render(template, request.scope, **values))
