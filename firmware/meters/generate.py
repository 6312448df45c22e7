"""Reads the meter profiles (*.toml) and writes them as a Python module for the firmware.

    python firmware/meters/generate.py OUT.py

The module holds `PROFILES`, a dict from a profile's name to a function that makes a dict of plain
values: the profile without what only the host tools use, and with every default filled in.
README.md beside this file explains the fields; host_tools/wattseal/meter/profile.py checks them.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "host_tools"))

from wattseal.meter.profile import HOST_ONLY, Profile, ProfileError, load_profiles  # noqa: E402


def render(profiles: dict[str, Profile]) -> str:
    """The Python module that holds the profiles; the same text for the same profiles."""
    lines = ['"""Meter profiles, generated from firmware/meters/*.toml; do not edit."""\n']
    lines.append("PROFILES = {")
    for name, profile in profiles.items():
        fields = {key: value for key, value in profile.items() if key not in HOST_ONLY}
        lines.append(f"    {name!r}: lambda: {fields!r},")
    lines.append("}\n")
    return "\n".join(lines)


def main(arguments: list[str], folder: Path = HERE) -> int:
    """Write the module to the path given; exit status 1 if a profile is refused."""
    if len(arguments) != 1:
        print("usage: generate.py OUT.py", file=sys.stderr)
        return 2
    try:
        text = render(load_profiles(folder))
    except ProfileError as error:
        print(f"meter profile refused: {error}", file=sys.stderr)
        return 1
    out = Path(arguments[0])
    if not out.exists() or out.read_text(encoding="ascii") != text:  # keeps its time for make
        out.write_text(text, encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
