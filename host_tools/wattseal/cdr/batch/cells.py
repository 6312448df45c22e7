"""From the columns of a table to the CDR object that they stand for.

Either one column `cdr` holds the JSON of the CDR, or the columns are named after OCPI: each name is
a member of the CDR object, or the way to one: `signed_data.signed_values.0.signed_data`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from wattseal.cdr.batch.rows_error import RowsError
from wattseal.cdr.cdr_error import CdrError
from wattseal.cdr.exact_json import DECODER

WHOLE = "cdr"
NEEDED = "id"

_MAX_INDEX = 999
_JSON_MEMBERS = frozenset(
    {
        *("cdr_token", "cdr_location", "tariffs", "charging_periods", "signed_data"),
        *("signed_data.signed_values", "total_cost", "total_fixed_cost", "total_energy_cost"),
        *("total_time_cost", "total_parking_cost", "total_reservation_cost"),
    }
)
"""Objects and arrays: a text in such a column is JSON."""
_NUMBERS = frozenset({"total_energy", "total_time", "total_parking_time"})
_LAST_OF_NUMBERS = frozenset({"volume", "excl_vat", "incl_vat", "price", "vat", "step_size"})
_BOOLEANS = frozenset({"credit", "home_charging_compensation"})
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][-+]?[0-9]{1,2})?")

Path = tuple[str | int, ...]


def check_names(names: Sequence[str]) -> None:
    """RowsError unless columns of these names can make a CDR."""
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise RowsError(f"it has two columns {min(twice)!r}")
    if WHOLE not in names and NEEDED not in names:
        raise RowsError(f"it has neither a column {WHOLE!r} nor a column {NEEDED!r}")
    _paths(tuple(names))


def cdr_of(names: tuple[str, ...], cells: Sequence[Any]) -> dict[str, Any] | str | bytes:
    """What read_cdr takes. Empty cells and None are left out. Raises CdrError."""
    if WHOLE in names:
        text = cells[names.index(WHOLE)]
        if not isinstance(text, (str, bytes, dict)):
            raise CdrError(WHOLE, "is empty, or is no text")
        return _exact(text) if isinstance(text, dict) else text
    whole: dict[str | int, Any] = {}
    for name, path, value in zip(names, _paths(names), cells, strict=False):
        if value is None or value == "":
            continue
        place = whole
        for step in path[:-1]:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise CdrError(name, "is given twice, in one column and in several")
        place[path[-1]] = _value(name, path, value)
    listed: dict[str, Any] = _listed(whole)
    return listed


@lru_cache(maxsize=16)
def _paths(names: tuple[str, ...]) -> tuple[Path, ...]:
    paths = tuple(_path(name) for name in names)
    kinds: dict[Path, type] = {}
    for path in paths:
        for length, step in enumerate(path):
            if kinds.setdefault(path[:length], type(step)) is not type(step):
                beginning = ".".join(map(str, path[:length]))
                raise RowsError(f"below {beginning!r}, some columns are numbered and some are not")
    return paths


def _path(name: str) -> Path:
    steps = tuple(int(step) if step.isdecimal() else step for step in name.split("."))
    if any(isinstance(step, int) and step > _MAX_INDEX for step in steps):
        raise RowsError(f"the column {name!r} counts too far")
    return steps


def _value(name: str, path: Path, value: Any) -> Any:
    """A cell as JSON would have it; text becomes what OCPI has there."""
    if not isinstance(value, str):
        return _exact(value)
    if name in _JSON_MEMBERS:
        try:
            return DECODER.decode(value)
        except (ValueError, ArithmeticError, RecursionError):
            raise CdrError(name, "is not JSON") from None
    if name in _NUMBERS or path[-1] in _LAST_OF_NUMBERS:
        return _number(name, value)
    if name in _BOOLEANS:
        return {"true": True, "false": False}.get(value.lower(), value)
    return value


def _number(name: str, text: str) -> Decimal:
    try:
        if _NUMBER.fullmatch(text):
            return Decimal(text)
    except InvalidOperation:
        pass
    raise CdrError(name, "is no number such as 12.345")


def _exact(value: Any) -> Any:
    """What a typed table holds, in the types of exact JSON."""
    if isinstance(value, float):
        return Decimal(repr(value))  # the shortest text that means this number
    if isinstance(value, datetime):
        at = value if value.tzinfo is None else value.astimezone(UTC)
        return at.replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, dict):
        return {key: _exact(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_exact(each) for each in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


def _listed(value: Any) -> Any:
    """Members that are numbered, as the arrays that they are."""
    if not isinstance(value, dict):
        return value
    if value and all(isinstance(key, int) for key in value):
        return [_listed(value[key]) for key in sorted(value)]
    return {key: _listed(each) for key, each in value.items()}
