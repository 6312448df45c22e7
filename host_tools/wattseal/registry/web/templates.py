"""Points in time as callers give them and as pages show them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.types import Scope

from wattseal.registry.web.problems import Problem
from wattseal.wire.strict_json import MAX_INTEGER

_UNIX_MS = re.compile(r"[0-9]{1,16}")
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)

FORMS = "RFC 3339 with its zone, such as 2026-11-21T10:00:05Z, or milliseconds since 1970"


def read_moment(text: str) -> int:
    """Milliseconds since 1970 in UTC. Problem `request_malformed` if the text is no moment.

    A `+` of a zone that was not escaped in a URL arrives as a blank, and is taken for what it was.
    """
    text = re.sub(r" (?=[0-9]{2}:[0-9]{2}$)", "+", text.strip())
    if _UNIX_MS.fullmatch(text) and int(text) <= MAX_INTEGER:
        return int(text)
    try:
        if not _RFC_3339.fullmatch(text):
            raise _unreadable()
        moment = datetime.fromisoformat(text.upper())
        since_1970 = moment - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        raise _unreadable() from None
    unix_ms = since_1970.days * 86_400_000 + since_1970.seconds * 1000
    unix_ms += since_1970.microseconds // 1000
    if unix_ms < 0:
        raise _unreadable()
    return unix_ms


def _unreadable() -> Problem:
    return Problem("request_malformed", cause=f"a time is written as {FORMS}")


def rfc_3339(unix_ms: int) -> str:
    """`2026-11-21T10:00:05Z`: for programs, and for `datetime` of HTML."""
    return _at(unix_ms, "%Y-%m-%dT%H:%M:%SZ")


def in_words(unix_ms: int) -> str:
    """`2026-11-21 10:00:05 UTC`: for people."""
    return _at(unix_ms, "%Y-%m-%d %H:%M:%S UTC")


def _at(unix_ms: int, form: str) -> str:
    try:
        return datetime.fromtimestamp(unix_ms // 1000, UTC).strftime(form)
    except (ValueError, OverflowError, OSError):
        return f"{unix_ms} ms"


STATIC_FILES = files("wattseal.registry.web").joinpath("static")

_environment = Environment(
    loader=PackageLoader("wattseal.registry.web", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["in_words"] = in_words
_environment.filters["rfc_3339"] = rfc_3339
_environment.filters["path_part"] = lambda text: quote(text, safe="*+")
_environment.filters["in_groups"] = lambda text: " ".join(
    text[at : at + 4] for at in range(0, len(text), 4)
)


def render(template: str, scope: Scope, **values: Any) -> str:
    """A page. `registry_name` is there in all of them."""
    name = scope["app"].state.registry_name
    return _environment.get_template(template).render(registry_name=name, **values)
