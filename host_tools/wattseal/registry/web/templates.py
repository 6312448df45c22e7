"""The pages' templates, and points in time as callers give them."""

from __future__ import annotations

import re
from datetime import datetime
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from starlette.types import Scope

from wattseal.common import html
from wattseal.common.times import unix_ms, utc_text, utc_to_read
from wattseal.driver_check.page import in_groups
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
        at_ms = unix_ms(datetime.fromisoformat(text.upper()))
    except (ValueError, OverflowError):
        raise _unreadable() from None
    if at_ms < 0:
        raise _unreadable()
    return at_ms


def _unreadable() -> Problem:
    return Problem("request_malformed", cause=f"a time is written as {FORMS}")


STATIC_FILES = files("wattseal.registry.web").joinpath("static")

_PACKAGE = "wattseal.registry.web"
html.environment(_PACKAGE).filters.update(
    in_words=utc_to_read,
    rfc_3339=utc_text,
    path_part=lambda text: quote(text, safe="*+"),
    in_groups=in_groups,
)


def render(template: str, scope: Scope, **values: Any) -> str:
    """A page. `registry_name` is there in all of them."""
    name = scope["app"].state.registry_name
    return html.render(_PACKAGE, template, registry_name=name, **values)
