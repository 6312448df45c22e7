"""Asking before what cannot be undone."""

from __future__ import annotations

import sys

import typer

from wattseal.errors import ToolError


def confirm(question: str, *, yes: bool) -> None:
    """Ask, unless --yes was given. ToolError `cancelled`, and `usage` if nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ToolError(
            "usage", cause="There is no terminal to ask on.", help="Give --yes if you mean it."
        )
    if not typer.confirm(question, err=True):
        raise ToolError("cancelled")
