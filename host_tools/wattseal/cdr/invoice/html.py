"""The statement as one HTML page that needs nothing else."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from wattseal.cdr.invoice.document import Page


def as_html(page: Page) -> str:
    """The page, in UTF-8 when it is written."""
    return _environment().get_template("statement.html").render(page=page)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("wattseal.cdr.invoice"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
