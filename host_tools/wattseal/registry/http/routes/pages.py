"""Pages for people: search, a charge point, the log. Plain HTML, made on the server."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import HTMLResponse

from wattseal.computer_clock import unix_ms_now
from wattseal.public_key import DEFAULT_ALGORITHM
from wattseal.registry.failures import NotFound
from wattseal.registry.http.callers import Service
from wattseal.registry.http.moments import read_moment
from wattseal.registry.http.page_templates import render
from wattseal.registry.http.parameters import EvseIdPath
from wattseal.registry.http.problems import Problem
from wattseal.registry.http.station_view import events, key_periods
from wattseal.registry.requests import KeyAnswer

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
    return _page(
        request,
        "station.html",
        state=state,
        eligibility=registry.eligibility(evse_id),
        keys=key_periods(evse_id, history),
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
            key = _key_at(registry, evse_id, moment)
        except Problem as problem:
            fault = problem.body.error.sentence
    return {"at": at, "at_unix_ms": moment, "key_at": key, "at_fault": fault, "now": unix_ms_now()}


def _key_at(registry: Service, evse_id: str, moment: int) -> KeyAnswer | None:
    return registry.key_valid(evse_id, moment)


def _page(request: Request, template: str, **values: Any) -> Response:
    return HTMLResponse(render(template, request.scope, **values))
