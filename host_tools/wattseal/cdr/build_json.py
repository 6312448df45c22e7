"""Writes JSON whose numbers keep their digits; exact_json.py reads it.

Python's own writer knows no Decimal, and a float would bill 11.299999999999999 kWh.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

_INDENT = "  "


def write_exactly(value: Any, indent: str = "") -> str:
    """The JSON text of objects, lists, texts, int and Decimal: ASCII, two blanks for each level."""
    if isinstance(value, Decimal):
        return number_text(value)
    inner = indent + _INDENT
    if isinstance(value, dict) and value:
        members = [
            f"{json.dumps(name)}: {write_exactly(one, inner)}" for name, one in value.items()
        ]
        return _lines("{", members, "}", indent)
    if isinstance(value, list) and value:
        return _lines("[", [write_exactly(one, inner) for one in value], "]", indent)
    return json.dumps(value)


def number_text(value: Decimal) -> str:
    """The number with its trailing zeros and without an exponent. ValueError if it has no end."""
    if not value.is_finite():
        raise ValueError("no JSON number is infinite")
    return f"{value:f}"


def _lines(opening: str, members: list[str], closing: str, indent: str) -> str:
    inner = f"\n{indent}{_INDENT}"
    return f"{opening}{inner}{f',{inner}'.join(members)}\n{indent}{closing}"
