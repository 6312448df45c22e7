"""The log in pages of 256 entries, the next page fetched while the present one is judged."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from wattseal.registry.log_source import LogSource
from wattseal.registry.requests import RecordLine, State
from wattseal.tlog.tiles import WIDTH, Tile, width_at


@dataclass(frozen=True)
class Page:
    """All that is served about the entries of one bundle, in their order."""

    first: int
    entries: list[bytes]
    hashes: list[bytes]
    lines: list[RecordLine]
    states: list[list[State]]


def pages(source: LogSource, size: int) -> Iterator[Page]:
    """The pages of a log of that size. Raises what LogSource raises.

    At most two are in memory, whatever the size.
    """
    count = -(-size // WIDTH)
    with ThreadPoolExecutor(max_workers=1) as fetcher:
        coming = fetcher.submit(_fetch, source, 0, size) if count else None
        for number in range(1, count + 1):
            assert coming is not None  # noqa: S101 - for the type checker
            page = coming.result()
            if number < count:
                coming = fetcher.submit(_fetch, source, number, size)
            yield page


def _fetch(source: LogSource, number: int, size: int) -> Page:
    first, width = number * WIDTH, width_at(0, number, size)
    return Page(
        first,
        source.entries(Tile(None, number, width)),
        source.hashes(Tile(0, number, width)),
        source.records(first, width),
        source.states(first, width),
    )
