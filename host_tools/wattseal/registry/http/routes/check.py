"""The driver's own check: a form, and what came of it.

A POST here changes nothing and nobody is logged in, so a form of another site that is sent here
gains nothing: there is no CSRF to guard against. What is sent is not stored and not logged.
"""

from __future__ import annotations

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import HTMLResponse

from wattseal.registry.http import client_address
from wattseal.registry.http.callers import Service, ask
from wattseal.registry.http.check import javascript
from wattseal.registry.http.check import offline as check_offline
from wattseal.registry.http.check.examine import Examination
from wattseal.registry.http.check.language import choose
from wattseal.registry.http.check.uploads import UploadError, read_upload
from wattseal.registry.http.check.views import Result
from wattseal.registry.http.check.words import WORDS
from wattseal.registry.http.page_templates import render
from wattseal.registry.http.rate_limits import RateLimits
from wattseal.verify.sentences import Language

router = APIRouter(include_in_schema=False)

READS_PER_FILE = 10
"""What the check of one file counts for in the limit of reads: signatures take time to verify."""


@router.get("/check")
async def form(request: Request, lang: str = Query("", max_length=20)) -> Response:
    """The empty form."""
    return _page(request, _language(request, lang), None)


@router.get("/check/offline.html")
async def offline(request: Request, lang: str = Query("", max_length=20)) -> Response:
    """The check as one file to keep."""
    page = check_offline.page(request.scope, _language(request, lang))
    headers = {"Content-Disposition": 'attachment; filename="wattseal-check.html"'}
    return HTMLResponse(page, headers=headers)


@router.get("/static/check/tables.js")
async def tables() -> Response:
    """What the page's scripts share with the check in Python; they import it beside themselves."""
    return Response(javascript.tables_module(), media_type="text/javascript")


@router.post("/check")
async def check(request: Request, registry: Service) -> Response:
    """Check what the form brings."""
    language = _language(request, "")
    limits: RateLimits = request.app.state.limits
    address = client_address.of_scope(request.scope)

    def count(files: int) -> None:
        limits.count("read", address, READS_PER_FILE * files)

    try:
        upload, asked = await read_upload(request)
    except UploadError:
        examination = Examination(registry, language, count)
        return _page(request, language, examination.refuse("", "broken_upload"), 400)
    language = _language(request, asked)
    examination = Examination(registry, language, count)
    if upload is None:
        return _page(request, language, examination.refuse("", "nothing_given"), 400)
    result = await ask(examination.examine, upload.name, upload.data)
    return _page(request, language, result)


def _language(request: Request, asked: str) -> Language:
    return choose(asked, request.headers.get("accept-language", ""))


def _page(
    request: Request, language: Language, result: Result | None, status: int = 200
) -> Response:
    words = {name: getattr(sentence, language.value) for name, sentence in WORDS.items()}
    page = render(
        "check.html",
        request.scope,
        lang=language.value,
        words=words,
        is_offline=False,
        result=result,
    )
    headers = {"Content-Language": language.value, "Vary": "Accept-Language"}
    return HTMLResponse(page, status, headers)
