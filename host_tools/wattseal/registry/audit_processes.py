"""Processes that check pages for an audit, for one processor checks signatures for too long."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from wattseal.errors import ToolError
from wattseal.parent_watch import end_with_parent
from wattseal.registry.audit_entries import CheckedEntry, check_page
from wattseal.registry.log_source import ServedPage

Check = Callable[[ServedPage], list[CheckedEntry]]


@contextmanager
def checking(processes: int) -> Iterator[Check]:
    """Gives audit_entries.check_page, done by so many processes; by this one if it is one.

    It raises ToolError `audit_process_died` if one of them ends by itself.
    """
    if processes == 1:
        yield check_page
        return
    # Started anew: a copy of this process would have its threads' locks, but not its threads.
    start = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, start, initializer=_begin) as pool:

        def check(page: ServedPage) -> list[CheckedEntry]:
            try:
                return pool.submit(check_page, page).result()
            except BrokenProcessPool as error:
                raise ToolError("audit_process_died") from error

        yield check


def _begin() -> None:
    """An interrupt from the keyboard goes to all processes; the first one ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
