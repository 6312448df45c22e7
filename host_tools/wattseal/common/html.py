"""HTML from a package's templates: what is put in is escaped, and what is missing is an error."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def environment(package: str) -> Environment:
    """The templates in a package's folder `templates`; filters that are added to it stay."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(package: str, template: str, **values: Any) -> str:
    """The page that a template of a package gives with these values."""
    return environment(package).get_template(template).render(values)
