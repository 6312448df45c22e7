"""A progress bar on a terminal, and silence elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

_Item = TypeVar("_Item")


@contextmanager
def progress_bar(words: str) -> Iterator[Callable[[int, int], None]]:
    """Gives a function to call with what is done and the total."""
    progress = Progress(
        TextColumn(words),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with progress:
        task = progress.add_task(words, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def counted(items: Iterable[_Item], total: int) -> Iterator[_Item]:
    """The items, with a bar that counts them as they are read."""
    with progress_bar("reading") as show:
        show(0, total)
        for done, item in enumerate(items, 1):
            yield item
            show(done, total)


@contextmanager
def reading_bar(size: int | None, position: Callable[[], int]) -> Iterator[Callable[[int], None]]:
    """Gives a function to call with the number of rows that are done in addition.

    The bar is as long as the part of the file's bytes that was read; size None: it is not known.
    """
    progress = Progress(
        TextColumn("{task.fields[rows]:,} CDRs"),
        BarColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    rows = 0

    def add(more: int) -> None:
        nonlocal rows
        rows += more
        progress.update(task, completed=position(), rows=rows)

    with progress:
        task = progress.add_task("reading", total=size, rows=0)
        yield add
