"""Writes JSON whose numbers keep their digits; exact_json.py reads it.

Python's own writer knows no Decimal, and a float would bill 11.299999999999999 kWh.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

_INDENT = "  "
_MAX_EXPONENT_SPELLED_OUT = 30


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
    """The number with its trailing zeros; with an exponent where it would be absurdly long without.

    ValueError if it is none.
    """
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError("no JSON number is infinite")  # noqa: TRY004 - it is a Decimal
    return f"{value:f}" if abs(exponent) <= _MAX_EXPONENT_SPELLED_OUT else str(value)


def _lines(opening: str, members: list[str], closing: str, indent: str) -> str:
    inner = f"\n{indent}{_INDENT}"
    return f"{opening}{inner}{f',{inner}'.join(members)}\n{indent}{closing}"
