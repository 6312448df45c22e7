"""What commands print: facts and tables for people, one JSON object for programs.

Results go to standard output, everything else to standard error. Texts that come from a module or
a file lose their control characters on the way to a terminal.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from wattseal.common.errors import ToolError
from wattseal.common.text import printable

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn
    from rich.text import Text


@dataclass(frozen=True)
class Result:
    """What a command comes to: an object for programs, and what says the same to people.

    The object may hold models, paths and iterators. `complaint` goes to standard error in any case.
    """

    data: BaseModel | dict[str, Any]
    say: Callable[[], None]
    exit_status: int = 0
    complaint: str = ""

    def show(self, *, wants_json: bool) -> int:
        """Print it, and give the exit status."""
        if wants_json:
            print(as_json(self.data))
        else:
            self.say()
        if self.complaint:
            complain(self.complaint)
        return self.exit_status


def as_json(data: BaseModel | dict[str, Any]) -> str:
    """One JSON object in ASCII."""
    return json.dumps(data, indent=2, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Iterator):
        return list(value)
    return value.model_dump(mode="json")  # of pydantic, whose import takes a while


def confirm(question: str, *, yes: bool) -> None:
    """Ask, unless --yes was given. ToolError `cancelled`, and `usage` if nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ToolError(
            "usage", cause="There is no terminal to ask on.", help="Give --yes if you mean it."
        )
    if not typer.confirm(question, err=True):
        raise ToolError("cancelled")


CLOCK_STATES = {
    "S": "synchronised",
    "I": "informative",
    "R": "relative",
    "U": "not synchronised",
}
"""The letters of OCMF table 19 in words."""


def local_time(at_ms: int, utc_offset_min: int = 0) -> str:
    """`2026-11-21 10:00:05 +01:00`; a number of milliseconds that is no date stays a number."""
    zone = timezone(timedelta(minutes=utc_offset_min))
    try:
        moment = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return f"{at_ms} ms"
    offset = moment.strftime("%z")
    return f"{moment:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:]}"


def duration(seconds: int) -> str:
    """`45 s`, `12 min`, `3 h 20 min`, `5 d 2 h`."""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes == 0:
        return f"{seconds} s"
    if hours == 0:
        return f"{minutes} min"
    if days == 0:
        return f"{hours} h {minutes % 60} min"
    return f"{days} d {hours % 24} h"


def kilobytes(count: int) -> str:
    """Bytes in units of 1024."""
    return f"{count // 1024} KB"


LABEL_WIDTH = 11
INDENT = "  "


def console(*, stderr: bool = False) -> Console:
    """Standard output, or standard error, as it is now."""
    from rich.console import Console  # takes a while, and a help needs none

    return Console(stderr=stderr, highlight=False)


def _text(text: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(printable(text), style=style)


def say(text: str, style: str = "") -> None:
    """One line on standard output, not folded, so that it can be copied."""
    console().print(_text(text, style), soft_wrap=True)


def complain(text: str) -> None:
    """One line on standard error."""
    console(stderr=True).print(_text(text), soft_wrap=True)


def say_facts(facts: Iterable[tuple[str, str]], indent: str = "") -> None:
    """Lines of a label and a value, the values below each other."""
    screen = console()
    for label, value in facts:
        line = _text(indent)
        line.append(f"{label:<{LABEL_WIDTH}} ", style="dim")
        line.append(printable(value))
        screen.print(line, soft_wrap=True)


def say_wrapped(text: str, style: str = "", indent: str = "") -> None:
    """A sentence folded to the terminal's width, every line indented; not folded in a pipe."""
    screen = console()
    if not screen.is_terminal:
        say(indent + text, style)
        return
    for line in textwrap.wrap(printable(text), max(20, screen.width - len(indent))):
        screen.print(_text(indent + line, style), soft_wrap=True)


def say_table(columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> None:
    """A table without frames; an unknown cell is a dash. The last column may be of any length."""
    cells = [["-" if cell is None else printable(cell) for cell in row] for row in rows]
    table = [list(columns), *cells]
    widths = [max(len(row[at]) for row in table) for at in range(len(columns) - 1)]
    for number, row in enumerate(table):
        padded = [cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)]
        say("  ".join(padded).rstrip(), "" if number else "bold")


def written_facts(files: Iterable[Path]) -> list[tuple[str, str]]:
    """Files that were written, for `say_facts`."""
    return [("written", str(path)) for path in files]


def _progress(*columns: str | ProgressColumn) -> Progress:
    """A line on a terminal's standard error that is gone afterwards."""
    from rich.progress import Progress

    hidden = not sys.stderr.isatty()
    return Progress(*columns, console=console(stderr=True), transient=True, disable=hidden)


@contextmanager
def progress_bar(words: str) -> Iterator[Callable[[int, int], None]]:
    """Gives a function to call with what is done and the total."""
    from rich.progress import BarColumn, MofNCompleteColumn

    with _progress(words, BarColumn(), MofNCompleteColumn()) as progress:
        task = progress.add_task(words, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


_Item = TypeVar("_Item")


def counted(items: Iterable[_Item], total: int, words: str = "reading") -> Iterator[_Item]:
    """The items, with a bar that counts them as they are dealt with."""
    with progress_bar(words) as show:
        show(0, total)
        for done, item in enumerate(items, 1):
            yield item
            show(done, total)


@contextmanager
def reading_bar(size: int | None, position: Callable[[], int]) -> Iterator[Callable[[int], None]]:
    """Gives a function to call with the number of rows that are done in addition.

    The bar is as long as the part of the file's bytes that was read; size None: it is not known.
    """
    from rich.progress import BarColumn, TimeRemainingColumn

    progress = _progress("{task.fields[rows]:,} CDRs", BarColumn(), TimeRemainingColumn())
    rows = 0

    def add(more: int) -> None:
        nonlocal rows
        rows += more
        progress.update(task, completed=position(), rows=rows)

    with progress:
        task = progress.add_task("reading", total=size, rows=0)
        yield add
