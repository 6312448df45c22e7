"""Turns templates into pages; every value is escaped, a forgotten one is an error."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.types import Scope

from wattseal.registry.http.moments import in_words, rfc_3339

_environment = Environment(
    loader=PackageLoader("wattseal.registry.http", "templates"),
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
