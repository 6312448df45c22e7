"""JSON whose numbers keep their digits: read as Decimal, written as they are.

Python's own writer knows no Decimal, and a float would bill 11.299999999999999 kWh.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

_INDENT = "  "


class JsonFormError(ValueError):
    """The bytes are no JSON that a CDR can be; the message completes `it is ...`."""


def read_exactly(data: bytes | str) -> Any:
    """JSON with each number that is no integer as a Decimal. Raises JsonFormError."""
    try:
        return json.loads(
            data,
            parse_float=Decimal,
            parse_constant=_refuse,
            object_pairs_hook=_without_doubles,
        )
    except _RepeatedKeyError as error:
        raise JsonFormError(f"ambiguous: it says {error} twice") from None
    except (ValueError, ArithmeticError, RecursionError):
        raise JsonFormError("no JSON") from None


def write_exactly(value: Any, indent: str = "") -> str:
    """The JSON text of what `read_exactly` returns, in ASCII, two blanks for each level."""
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, dict) and value:
        inner = indent + _INDENT
        members = (
            f"{inner}{json.dumps(name)}: {write_exactly(one, inner)}" for name, one in value.items()
        )
        return "{\n" + ",\n".join(members) + f"\n{indent}}}"
    if isinstance(value, list) and value:
        inner = indent + _INDENT
        return "[\n" + ",\n".join(inner + write_exactly(one, inner) for one in value) + f"\n{indent}]"
    return json.dumps(value)


def number_text(value: Decimal) -> str:
    """The number with its trailing zeros and without an exponent. ValueError if it has no end."""
    if not value.is_finite():
        raise ValueError("no JSON number is infinite")
    return f"{value:f}"


class _RepeatedKeyError(ValueError):
    pass


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise _RepeatedKeyError(name)
        members[name] = value
    return members
