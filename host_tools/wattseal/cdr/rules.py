"""What CDRs are measured by: tolerances, and the file that sets them."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from wattseal.common.errors import ToolError
from wattseal.common.files import first_fault, read_at_most
from wattseal.common.times import CLOCK_TOLERANCE_S

Side = Literal["cpo", "msp"]


@dataclass(frozen=True, slots=True)
class Rules:
    """Tolerances and knowledge.

    side: a CPO sees all sessions of its modules, so a number left out is a gap; an MSP sees those
        of its own customers only, and gaps are nothing to it.
    energy_decimals: decimals of a kWh that the billed energy is rounded to.
    time_tolerance_s: how far the CDR's begin and end may be from the signed ones.
    user_difference: what it costs that another user was identified at the charge point than the
        CDR bills: a note, or an error.
    key_tolerance_s: how far a module's clock may be from the registry's, where a key begins or
        ends to be valid.
    """

    side: Side = "cpo"
    energy_decimals: Annotated[int, Field(ge=0, le=9)] = 3
    time_tolerance_s: Annotated[int, Field(ge=0, le=86_400)] = 60
    user_difference: Literal["note", "error"] = "note"
    key_tolerance_s: Annotated[int, Field(ge=0, le=86_400)] = CLOCK_TOLERANCE_S


_MAX_FILE_BYTES = 1 << 16


def read_rules(path: Path | None, side: Side | None) -> Rules:
    """The rules of a file, or those without one; a side that is given counts more.

    ToolError `file_unreadable`, `rules_malformed`.
    """
    rules = Rules() if path is None else dataclasses.replace(Rules(), **_members(path))
    return rules if side is None else dataclasses.replace(rules, side=side)


def as_texts(rules: Rules) -> dict[str, str]:
    """The rules for people and for comparing them."""
    return {name: str(value) for name, value in asdict(rules).items()}


def _members(path: Path) -> dict[str, Any]:
    try:
        told = tomllib.loads(read_at_most(path, _MAX_FILE_BYTES).decode())
    except ValueError as error:  # no TOML, or no UTF-8
        raise ToolError("rules_malformed", path=str(path), cause=str(error)) from None
    bounds = get_type_hints(Rules, include_extras=True)
    unknown = told.keys() - bounds.keys()
    if unknown:
        raise ToolError("rules_malformed", path=str(path), cause=f"it has {min(unknown)!r}")
    strict = ConfigDict(strict=True)
    for name, value in told.items():
        try:
            TypeAdapter(bounds[name], config=strict).validate_python(value)
        except ValidationError as error:
            cause = f"{name}: {first_fault(error)}"
            raise ToolError("rules_malformed", path=str(path), cause=cause) from None
    return told
