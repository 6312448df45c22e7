"""JSON whose numbers stay exact, in which nothing can be read in two ways.

A float would change what a meter has signed, and of a member that stands twice, another reader
might take the other one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

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


_Kind = TypeVar("_Kind")


class JsonError(ValueError):
    """The text is no JSON object that can be trusted; the message completes `it ...`."""


def load_object(text: str | bytes) -> dict[str, Any]:
    """A JSON object (UTF-8 if bytes); numbers are int or Decimal. Raises JsonError."""
    try:
        return _load_quickly(text.encode() if isinstance(text, str) else text)
    except QUICK_REFUSALS:
        return _load_carefully(text)


def quick_reader(kind: type[_Kind]) -> Callable[[bytes], _Kind]:
    """What reads a JSON object as load_object does, in less time, and as that kind; it raises one
    of QUICK_REFUSALS when it cannot tell. All members of that kind have to be written as they were.

    Of members of one name, the parser keeps the last: an object that is the same when it is written
    again has none, nor one that has not lost a colon.
    """
    decode = msgspec.json.Decoder(kind, float_hook=Decimal).decode

    def read(data: bytes) -> _Kind:
        members = decode(data)
        again = _WRITER.encode(members)
        if again != data and (_MAY_BE_A_COLON in data or again.count(b":") != data.count(b":")):
            raise ValueError
        return members

    return read


QUICK_REFUSALS = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)

_MAY_BE_A_COLON = b"\\u003"
_WRITER = msgspec.json.Encoder(decimal_format="number")
_load_quickly = quick_reader(dict[str, Any])


def _load_carefully(text: str | bytes) -> dict[str, Any]:
    """The object of a text that was refused, or what is wrong with it."""
    try:
        value = DECODER.decode(text if isinstance(text, str) else text.decode("utf-8"))
    except UnicodeDecodeError:
        raise JsonError("is not in UTF-8") from None
    except _RefusedError as error:
        raise JsonError(str(error)) from None
    except json.JSONDecodeError as error:
        raise JsonError(
            f"is not well-formed JSON (line {error.lineno}, column {error.colno})"
        ) from None
    except (ValueError, ArithmeticError):
        raise JsonError("holds a number that is too long") from None
    except RecursionError:
        raise JsonError("is nested too deeply") from None
    if not isinstance(value, dict):
        raise JsonError("is not a JSON object")
    return value


class _RefusedError(ValueError):
    """Well-formed for some readers, but not to be trusted."""


def _all_different(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        counts = Counter(name for name, _value in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise _RefusedError(f"holds the member {twice[:40]!a} twice")
    return members


def _refuse(constant: str) -> None:
    raise _RefusedError(f"holds {constant}, which is no JSON")


def exact_decoder(
    take_members: Callable[[list[tuple[str, Any]]], dict[str, Any]],
) -> json.JSONDecoder:
    """What reads numbers as int or Decimal, and makes objects of their members so."""
    return json.JSONDecoder(
        parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=take_members
    )


DECODER = exact_decoder(_all_different)
"""Raises ValueError, ArithmeticError or RecursionError; load_object puts them in words."""
