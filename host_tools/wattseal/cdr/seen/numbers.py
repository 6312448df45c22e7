"""A session's number in the store: it tells the run, and the row there."""

from __future__ import annotations

ROW_BITS = 34
"""Those of the row: 17 thousand million rows in each of 500 million runs."""


def number_of(run: int, row: int) -> int:
    """The number of a session, credit or finding's session: of a run, its row."""
    return (run << ROW_BITS) + row


def row_of(session: int) -> int:
    """The row of a session's number."""
    return session & ((1 << ROW_BITS) - 1)
