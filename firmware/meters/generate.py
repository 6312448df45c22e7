"""Reads the meter profiles (*.toml) and writes them as a Python module for the firmware.

    python firmware/meters/generate.py OUT.py

The module holds `PROFILES`, a dict from a profile's name to a function that makes a dict of plain
values: the profile without its sources and notes, with every default filled in. README.md beside
this file explains the fields. A profile that is not exactly of that form is refused, because a
wrong register map signs wrong readings.
"""

import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from wire.errors import WattsealError  # noqa: E402
from wire.methods import LINE  # noqa: E402
from wire.ocmf_tables import CURRENT_TYPES  # noqa: E402
from wire.reading import TEXT_TYPES, WIDTHS  # noqa: E402
from wire.schema import check_fields  # noqa: E402

_PLACE = (
    ("function", "choice", (3, 4), "required", "Modbus function that reads it."),
    ("address", "int", (0, 65535), "required", "Wire address, from 0; in a model, its offset."),
    ("count", "int", (1, 125), "optional", "Registers to read at once."),
    ("offset", "int", (0, 124), "optional", "Register of the value within those read."),
    ("word_order", "choice", ("big", "little"), "optional", "Which register comes first."),
    ("sentinels", "list", (8, ("", "hex", (4, 16))), "optional", "Patterns that mean no value."),
    ("model", "int", (1, 65534), "optional", "SunSpec model that the address is an offset in."),
)

_ENERGY = (
    *_PLACE,
    ("type", "choice", tuple(WIDTHS), "required", "Type of the number."),
    ("exponent", "int", (-3, 6), "required", "One count is 10**exponent Wh."),
    ("resolution", "int", (-3, 6), "optional", "f32 only: finest power of ten in Wh to sign."),
    ("exponent_offset", "int", (0, 124), "optional", "Register that adds to the exponent."),
)

_TEXT = (*_PLACE, ("type", "choice", TEXT_TYPES, "required", "Type of the text."))

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
    ("serial", "object", _TEXT, "optional", "Serial number."),
    ("firmware", "object", _TEXT, "optional", "Firmware version."),
    ("sources", "list", (10, ("", "string", (1, 100))), "required", "Where this was read."),
    ("notes", "string", (0, 2000), "required", "What to know, and what is left out and why."),
)

_HOST_ONLY = ("sources", "notes")


class ProfileError(Exception):
    """A profile is not what it must be; the message names file, field and reason."""


def load_profile(path: Path) -> dict:
    """The checked profile of one TOML file, with defaults filled in; ProfileError otherwise."""
    try:
        profile = tomllib.loads(path.read_text(encoding="ascii"))
        profile["notes"] = " ".join(profile.get("notes", "").split())
        profile = check_fields(_PROFILE, profile)
    except (ValueError, WattsealError) as error:
        raise ProfileError(f"{path.name}: {error}") from error
    if profile["name"] != path.stem:
        raise ProfileError(f"{path.name}: name is {profile['name']!r}, not that of the file")
    profile.setdefault("max_registers", 125)
    for key in ("energy_import", "serial", "firmware"):
        if key in profile:
            problem = _complete(profile[key], profile, energy=key == "energy_import")
            if problem:
                raise ProfileError(f"{path.name}: {key}: {problem}")
    return profile


def load_profiles(folder: Path = HERE) -> dict:
    """All profiles of a folder by name, in alphabetical order."""
    return {path.stem: load_profile(path) for path in sorted(folder.glob("*.toml"))}


def render(profiles: dict) -> str:
    """The Python module that holds the profiles; the same text for the same profiles."""
    lines = ['"""Meter profiles, generated from firmware/meters/*.toml; do not edit."""\n']
    lines.append("PROFILES = {")
    for name, profile in profiles.items():
        fields = {key: value for key, value in profile.items() if key not in _HOST_ONLY}
        lines.append(f"    {name!r}: lambda: {fields!r},")
    lines.append("}\n")
    return "\n".join(lines)


def _complete(quantity: dict, profile: dict, *, energy: bool) -> str:
    """Fill in a quantity's defaults; what is wrong with it, or nothing."""
    kind = quantity["type"]
    width = WIDTHS.get(kind)
    if width is None and "count" not in quantity:
        return f"type {kind} needs a count"
    quantity.setdefault("count", width)
    end = quantity.get("offset", 0) + (width or quantity["count"])
    if end > quantity["count"] or quantity.get("exponent_offset", 0) >= quantity["count"]:
        return "the value is outside the registers read"
    if quantity["count"] > profile["max_registers"]:
        return "more registers than the meter gives at once"
    if quantity["address"] + quantity["count"] > 65536:
        return "outside the register space"
    if ("model" in quantity) != ("sunspec_marker" in profile):
        return "model and sunspec_marker go together"
    if any(len(pattern) != 4 * (width or 0) for pattern in quantity.get("sentinels", ())):
        return "a sentinel is not as long as the value"
    if energy and ("resolution" in quantity) != (kind == "f32"):
        return "resolution belongs to f32, and f32 needs it"
    return ""


def main(arguments: list[str]) -> int:
    """Write the module to the path given; exit status 1 if a profile is refused."""
    if len(arguments) != 1:
        print("usage: generate.py OUT.py", file=sys.stderr)
        return 2
    try:
        text = render(load_profiles())
    except ProfileError as error:
        print(f"meter profile refused: {error}", file=sys.stderr)
        return 1
    out = Path(arguments[0])
    if not out.exists() or out.read_text(encoding="ascii") != text:  # keeps its time for make
        out.write_text(text, encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
