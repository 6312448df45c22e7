"""Turns everything that is no success into an answer: JSON for programs, a page for people."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from wattseal.common.sentences import Language, read_sentences
from wattseal.common.serve import PoolFullError
from wattseal.common.sql import DatabaseUnusable
from wattseal.driver_check.words import choose
from wattseal.registry import failures
from wattseal.registry.api_models import Reason
from wattseal.registry.failures import AccessError, Refused, RegistryError
from wattseal.registry.web import problems
from wattseal.registry.web.problems import ErrorBody, ErrorFacts, Problem, RefusedBody, of_failure
from wattseal.registry.web.templates import render

PATH = "/check"


def in_language_of_driver(error: ErrorFacts, scope: Scope) -> tuple[Language, ErrorFacts]:
    """The error, in German if it is about a check, has German, and Accept-Language wants it."""
    told = {**read_sentences(failures.TABLE), **read_sentences(problems.TABLE)}.get(error.name)
    if scope["path"] != PATH or told is None or not told.de:
        return Language.ENGLISH, error
    accepted = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")
    language = choose("", accepted)
    if language is not Language.GERMAN:
        return language, error
    texts = {"sentence": told.de, "remedy": told.remedy_de}
    filled = {name: text.format(**error.detail) for name, text in texts.items()}
    return language, error.model_copy(update=filled)


FOR_PROGRAMS = ("/v1/", "/log/", "/health", "/ready", "/metrics", "/openapi.json")

NOT_YOURS = frozenset({"evse_not_yours", "administrator_needed"})
"""Reasons that are about who asks, not about what is asked: their status is 403."""


def problem_answer(
    error: RegistryError, scope: Scope, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer to a request that goes no further; `headers` are further ones."""
    scope.setdefault("state", {})["problem"] = error.name
    status, body, own_headers = of_failure(error)
    return answer(scope, status, body, {**own_headers, **(headers or {})})


def answer(scope: Scope, status: int, body: ErrorBody, headers: dict[str, str]) -> Response:
    """JSON, or a page if the path is one of a page."""
    if scope["path"].startswith(FOR_PROGRAMS):
        return JSONResponse(body.model_dump(mode="json"), status, headers)
    language, error = in_language_of_driver(body.error, scope)
    page = render("error.html", scope, error=error, status=status, lang=language.value)
    return Response(page, status, headers, media_type="text/html")


def install(app: FastAPI) -> None:
    """Let the application answer with these."""
    app.exception_handler(RegistryError)(_on_failure)
    app.exception_handler(Refused)(_on_refused)
    app.exception_handler(RequestValidationError)(_on_malformed)
    app.exception_handler(HTTPException)(_on_routing)
    app.exception_handler(PoolFullError)(_on_full_pool)
    for fault in (DatabaseUnusable, OperationalError, InterfaceError, PoolTimeout):
        app.exception_handler(fault)(_on_database)


def _on_failure(request: Request, error: RegistryError) -> Response:
    if isinstance(error, AccessError):
        request.app.state.metrics.wrong_keys.inc()
    return problem_answer(error, request.scope)


def _on_refused(request: Request, refused: Refused) -> Response:
    codes = [reason.code for reason in refused.reasons]
    request.state.problem = "refused"
    request.state.reasons = codes
    for code in codes:
        request.app.state.metrics.refusals.labels(code).inc()
    told = read_sentences(problems.TABLE)["refused"]
    facts = ErrorFacts(name="refused", sentence=told.en, remedy=told.remedy)
    reasons = list(map(Reason.of, refused.reasons))
    status = 403 if NOT_YOURS.intersection(codes) else told.status
    return answer(request.scope, status, RefusedBody(error=facts, reasons=reasons), {})


def _on_malformed(request: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    cause = f"{where}: {first['msg']}"[:300]
    return problem_answer(Problem("request_malformed", cause=cause), request.scope)


def _on_routing(request: Request, error: HTTPException) -> Response:
    """What the framework refuses by itself: a path or a method that there is not."""
    path = request.scope["path"][:200]
    if error.status_code == 404:
        return problem_answer(Problem("page_unknown", path=path), request.scope)
    if error.status_code == 405:
        problem = Problem("method_unknown", path=path, method=request.method)
        return problem_answer(problem, request.scope, error.headers)
    problem = Problem("request_malformed", cause=str(error.detail)[:300])
    return problem_answer(problem, request.scope)


def _on_full_pool(request: Request, _error: Exception) -> Response:
    return problem_answer(Problem("busy"), request.scope)


def _on_database(request: Request, error: Exception) -> Response:
    """A database that cannot be used, or that does not answer."""
    cause = "its database does not answer"
    if isinstance(error, DatabaseUnusable):
        cause = error.cause
    return problem_answer(RegistryError("not_ready", cause=cause), request.scope)
