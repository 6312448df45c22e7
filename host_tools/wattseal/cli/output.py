"""What commands print: facts and tables for people, one JSON object for programs.

Results go to standard output, everything else to standard error. Texts that come from a module or
a file lose their control characters on the way to a terminal.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from wattseal.printable_text import printable

if TYPE_CHECKING:
    from pydantic import BaseModel

LABEL_WIDTH = 11
INDENT = "  "


def print_json(result: BaseModel | dict[str, Any]) -> None:
    """One JSON object in ASCII on standard output."""
    plain = result if isinstance(result, dict) else result.model_dump(mode="json")
    print(json.dumps(plain, indent=2))


def say(text: str, style: str = "") -> None:
    """One line on standard output, not folded, so that it can be copied."""
    Console(highlight=False).print(Text(printable(text), style=style), soft_wrap=True)


def complain(text: str) -> None:
    """One line on standard error."""
    Console(stderr=True, highlight=False).print(Text(printable(text)), soft_wrap=True)


def say_facts(facts: Iterable[tuple[str, str]], indent: str = "") -> None:
    """Lines of a label and a value, the values below each other."""
    console = Console(highlight=False)
    for label, value in facts:
        line = Text(indent)
        line.append(f"{label:<{LABEL_WIDTH}} ", style="dim")
        line.append(printable(value))
        console.print(line, soft_wrap=True)


def say_wrapped(text: str, style: str = "", indent: str = "") -> None:
    """A sentence folded to the terminal's width, every line indented; not folded in a pipe."""
    console = Console(highlight=False)
    if not console.is_terminal:
        say(indent + text, style)
        return
    lines = textwrap.wrap(printable(text), max(20, console.width - len(indent)))
    for line in lines:
        console.print(Text(indent + line, style=style), soft_wrap=True)


def say_table(columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> None:
    """A table without frames; an unknown cell is a dash. The last column may be of any length."""
    cells = [["-" if cell is None else printable(cell) for cell in row] for row in rows]
    table = [list(columns), *cells]
    widths = [max(len(row[at]) for row in table) for at in range(len(columns) - 1)]
    for number, row in enumerate(table):
        padded = [cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)]
        say("  ".join(padded).rstrip(), "" if number else "bold")
