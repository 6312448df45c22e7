"""The log in pages of 256 entries, each fetched and checked while those before it are judged."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor

from wattseal.registry.audit_entries import CheckedEntry
from wattseal.registry.audit_processes import checking
from wattseal.registry.log_source import LogSource
from wattseal.tlog.tiles import WIDTH

PAGES_FOR_A_PROCESS = 8
"""A log of fewer pages than that for each process is done before they would have started."""


def pages(source: LogSource, size: int, jobs: int) -> Generator[list[CheckedEntry]]:
    """The pages of a log of that size, checked by up to `jobs` processes beside this one.

    Raises what LogSource raises, and ToolError `audit_process_died`. No more pages are in memory
    than processes and one, whatever the size.
    """
    count = -(-size // WIDTH)
    lanes = max(1, min(jobs, count // PAGES_FOR_A_PROCESS))
    with checking(lanes) as check, ThreadPoolExecutor(max_workers=lanes) as fetchers:

        def fetch(number: int) -> list[CheckedEntry]:
            return check(source.page(number, size))

        coming: deque[Future[list[CheckedEntry]]] = deque()
        try:
            for number in range(count):
                coming.append(fetchers.submit(fetch, number))
                if len(coming) > lanes:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            for page in coming:
                page.cancel()
