"""Meter profiles: read, checked and completed with their defaults.

What the fields mean is told in firmware/meters/README.md. A profile that is not exactly of that
form is refused, because a wrong register map signs wrong readings. The image's build uses this
module too, so that it needs nothing that does not come with Python.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any

from wattseal.wire.errors import WattsealError
from wattseal.wire.methods import LINE
from wattseal.wire.ocmf_tables import CURRENT_TYPES
from wattseal.wire.reading import FLOATS, TEXT_TYPES, WIDTHS
from wattseal.wire.schema import check_fields

Profile = dict[str, Any]
"""A profile with every default filled in."""

FOLDER = Path(__file__).parent / "profiles"
"""The profiles that come with the tools: those of the firmware."""

ENERGIES = ("energy_import", "energy_export")
TEXTS = ("serial", "firmware", "identity")
QUANTITIES = (*ENERGIES, "power", *TEXTS)

HOST_ONLY = ("sources", "notes", "power", "identity")
"""What the firmware has no use for."""

MAX_FILE_BYTES = 65536
_DEFAULT_MAX_REGISTERS = 125

_PLACE = (
    ("function", "choice", (3, 4), "required", "Modbus function that reads it."),
    ("address", "int", (0, 65535), "required", "Wire address, from 0; in a model, its offset."),
    ("count", "int", (1, 125), "optional", "Registers to read at once."),
    ("offset", "int", (0, 124), "optional", "Register of the value within those read."),
    ("word_order", "choice", ("big", "little"), "optional", "Which register comes first."),
    ("sentinels", "list", (8, ("", "hex", (4, 16))), "optional", "Patterns that mean no value."),
    ("model", "int", (1, 65534), "optional", "SunSpec model that the address is an offset in."),
)
_NUMBER = (
    *_PLACE,
    ("type", "choice", tuple(WIDTHS), "required", "Type of the number."),
    ("exponent_offset", "int", (0, 124), "optional", "Register that adds to the exponent."),
)
_ENERGY = (
    *_NUMBER,
    ("exponent", "int", (-3, 6), "required", "One count is 10**exponent Wh."),
    ("resolution", "int", (-3, 6), "optional", "Floats only: finest power of ten in Wh to sign."),
)
_POWER = (*_NUMBER, ("exponent", "int", (-3, 6), "required", "One count is 10**exponent W."))
_TEXT = (*_PLACE, ("type", "choice", TEXT_TYPES, "required", "Type of the text."))
_IDENTITY = (
    *_TEXT,
    ("values", "list", (20, ("", "text", (1, 50))), "required", "What it begins with, any of."),
)
_PROFILE = (
    ("name", "text", (1, 32), "required", "Name in the settings; that of the file."),
    ("vendor", "text", (1, 50), "required", "OCMF MV."),
    ("model", "text", (1, 50), "required", "OCMF MM."),
    ("current_type", "choice", CURRENT_TYPES, "required", "OCMF RT."),
    ("timeout_ms", "int", (50, 10000), "required", "How long the meter may take to answer."),
    ("max_registers", "int", (1, 125), "optional", "Most registers that it gives at once."),
    ("unit", "int", (1, 247), "optional", "Unit number as delivered."),
    ("sunspec_marker", "int", (0, 65533), "optional", "Where the SunSpec chain begins."),
    ("line", "object", LINE, "optional", "Line as delivered."),
    ("energy_import", "object", _ENERGY, "required", "Total imported active energy."),
    ("energy_export", "object", _ENERGY, "optional", "Total exported active energy."),
    ("power", "object", _POWER, "optional", "Total active power, imported."),
    ("serial", "object", _TEXT, "optional", "Serial number."),
    ("firmware", "object", _TEXT, "optional", "Firmware version."),
    ("identity", "object", _IDENTITY, "optional", "What tells this kind of meter from others."),
    ("sources", "list", (10, ("", "string", (1, 100))), "required", "Where this was read."),
    ("notes", "string", (0, 2000), "required", "What to know, and what is left out and why."),
)
_README = "firmware/meters/README.md explains each field."


class ProfileError(Exception):
    """A profile is not what it must be. `line` counts from 1; None if the file has none of it."""

    def __init__(self, path: Path, line: int | None, cause: str, remedy: str = _README) -> None:
        super().__init__(cause)
        self.path, self.line, self.cause, self.remedy = path, line, cause, remedy

    def __str__(self) -> str:
        place = self.path.name if self.line is None else f"{self.path.name}:{self.line}"
        return f"{place}: {self.cause}. {self.remedy}"


def load_profile(path: Path) -> Profile:
    """The checked profile of one TOML file, with defaults filled in. ProfileError, OSError."""
    text = _read(path)
    try:
        members = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        cause, line = _of_toml(error)
        remedy = "Write it as TOML (https://toml.io)."
        raise ProfileError(path, line, cause, remedy) from None
    members["notes"] = _one_line(members.get("notes", ""))
    try:
        profile: Profile = check_fields(_PROFILE, members)
    except WattsealError as error:
        raise _of_field(path, text, error) from None
    if profile["name"] != path.stem:
        cause = f"name is {profile['name']!r}, not that of the file"
        remedy = f"Name the file {profile['name']}.toml, or the profile {path.stem!r}."
        raise ProfileError(path, _line_of(text, "name"), cause, remedy)
    profile.setdefault("max_registers", _DEFAULT_MAX_REGISTERS)
    for name in QUANTITIES:
        if name in profile and (problem := _complete(name, profile[name], profile)):
            field, cause, remedy = problem
            line = _line_of(text, f"{name}.{field}") or _line_of(text, name)
            raise ProfileError(path, line, f"{name}: {cause}", remedy)
    return profile


def load_profiles(folder: Path = FOLDER) -> dict[str, Profile]:
    """All profiles of a folder by name, in alphabetical order. ProfileError for the first bad."""
    return {path.stem: load_profile(path) for path in sorted(folder.glob("*.toml"))}


def profile_names(folder: Path = FOLDER) -> list[str]:
    """Names of the profiles in a folder."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def known_profile(name: str) -> Profile:
    """The profile of that name among those that come with the tools; ValueError lists them."""
    names = profile_names()
    if name not in names:
        raise ValueError(f"no meter profile {name!r}; there are {', '.join(names)}")
    return load_profile(FOLDER / f"{name}.toml")


def _read(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ProfileError(path, None, f"the file has more than {MAX_FILE_BYTES} bytes")
    at = next((at for at, byte in enumerate(data) if byte > 0x7E), None)
    if at is not None:
        line = data.count(b"\n", 0, at) + 1
        raise ProfileError(path, line, "not ASCII", "Write the line in printable ASCII.")
    return data.decode("ascii")


def _one_line(notes: Any) -> Any:
    return " ".join(notes.split()) if isinstance(notes, str) else notes


def _of_toml(error: tomllib.TOMLDecodeError) -> tuple[str, int | None]:
    """The parser's words and the line in them."""
    told = str(error)
    found = re.search(r" \(at line (\d+), column \d+\)", told)
    return (told.replace(found[0], ""), int(found[1])) if found else (told, None)


def _of_field(path: Path, text: str, error: WattsealError) -> ProfileError:
    """What a field is and should be, and where it is."""
    field, limit, found = (str(error.detail[name]) for name in ("field", "limit", "found"))
    section, _, name = field.rpartition(".")
    line = _line_of(text, field.partition("[")[0])
    if limit == "required":
        cause = f"{field} is required"
        return ProfileError(path, line or _line_of(text, section), cause)
    if limit == "no such field":
        rows = {"": _PROFILE, "line": LINE, "power": _POWER, "identity": _IDENTITY}
        rows |= dict.fromkeys(ENERGIES, _ENERGY) | dict.fromkeys(TEXTS[:2], _TEXT)
        near = difflib.get_close_matches(name, [row[0] for row in rows.get(section, ())], 1)
        remedy = f"Did you mean {near[0]}?" if near else _README
        return ProfileError(path, line, f"{field}: no such field", remedy)
    return ProfileError(path, line, f"{field} must be {limit}, not {found}")


def _line_of(text: str, field: str) -> int | None:
    """The line that a field is on, or its section begins; None if it is nowhere."""
    section, _, name = field.rpartition(".")
    here = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            here = header[1]
            if here == field:
                return number
        elif (key := re.match(r"\s*([\w-]+)\s*=", line)) and here == section and key[1] == name:
            return number
    return None


def _complete(name: str, quantity: Profile, profile: Profile) -> tuple[str, str, str] | None:
    """Fill in a quantity's defaults; field, cause and remedy of what is wrong with it, or None."""
    kind = quantity["type"]
    width = WIDTHS.get(kind)
    if width is None and "count" not in quantity:
        return "type", f"type {kind} needs a count", "Say how many registers the text takes."
    count = quantity.setdefault("count", width)
    end = quantity.get("offset", 0) + (width or count)
    if end > count or quantity.get("exponent_offset", 0) >= count:
        remedy = "Let count cover offset, value and exponent_offset."
        return "count", "the value is outside the registers read", remedy
    if count > profile["max_registers"]:
        return "count", "more registers than the meter gives at once", "See max_registers."
    if quantity["address"] + count > 65536:
        return "address", "outside the register space", "Addresses end at 65535."
    if ("model" in quantity) != ("sunspec_marker" in profile):
        return "model", "model and sunspec_marker go together", _README
    if any(len(pattern) != 4 * (width or 0) for pattern in quantity.get("sentinels", ())):
        remedy = f"Write {4 * (width or 0)} digits, the most significant first."
        return "sentinels", "a sentinel is not as long as the value", remedy
    if name in ENERGIES and ("resolution" in quantity) != (kind in FLOATS):
        remedy = "Give it with f32 and f64, and only with these."
        return "resolution", "resolution belongs to floats, and floats need it", remedy
    return None
