"""Write the P-256 sources that are made by a program.

Usage: python firmware/core/p256/generate.py FOLDER

FOLDER gets ws_armv6m.S, the assembler of ws_field.h, ws_inverse.h and ws_sha256_block.h for
ARMv6-M, and ws_tables.c, the multiples of the generator that ws_comb.h and ws_joint.h name. An
unchanged file keeps its time.
"""

import sys
from pathlib import Path

from armv6m_divstep import divstep_text
from armv6m_field import field_text
from armv6m_point import point_text
from armv6m_sha256 import sha256_text
from tables import tables_text

LICENCE = "Written by firmware/core/p256/generate.py; Apache-2.0 like the rest of Wattseal."


def write_if_changed(path: Path, text: str) -> None:
    """Write a file unless it has this text already."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def guarded(assembler: str) -> str:
    """Assembler that is empty for other processors, so that every build can list it."""
    return f"#if defined(__ARM_ARCH_6M__)\n{assembler}#endif\n"


def main(arguments: list[str]) -> int:
    """Command line; see the module's text."""
    if len(arguments) != 1:
        print("usage: python firmware/core/p256/generate.py FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    assembler = guarded(field_text() + divstep_text() + point_text() + sha256_text())
    write_if_changed(folder / "ws_armv6m.S", f"/* {LICENCE} */\n{assembler}")
    write_if_changed(folder / "ws_tables.c", f"/* {LICENCE} */\n{tables_text()}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
