"""Sorts out the keys about whose sessions there is nothing to say, which are nearly all.

The sessions that a run has of a key are a stretch of its counter. In a usual one each just follows
the one before, and so do the stretch and the sessions of earlier runs on both sides of it: then a
comparison finds nothing, ever; a test holds the two against each other. Only the others are worth
a closer look.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Select, Table, select

from wattseal.cdr.rules import Rules
from wattseal.cdr.seen.streaming import ROWS_AT_A_TIME, insert, stream
from wattseal.cdr.seen.tables import is_of, seen_run, seen_session
from wattseal.cdr.seen.walk import is_more
from wattseal.cdr.seen.windows import sessions_in, windows

_PLACE = ("key", "context", "first", "last", "begin_wh", "end_wh", "begin_ms", "end_ms")
"""Of a session, what tells whether another one just follows it. A stretch looks like one session;
it has `high` too, where its last session begins."""
_FIRST, _LAST, _BEGIN_WH, _END_WH, _BEGIN_MS, _END_MS = range(2, len(_PLACE))

Row = tuple[Any, ...]


@contextmanager
def unusual_stretches(connection: Connection, run: int, rules: Rules) -> Iterator[Table | None]:
    """The stretches of a run that are not usual, as a temporary table; None if there are none."""
    usual, unusual = _stretches("usual"), _stretches("unusual")
    for table in (usual, unusual):
        table.create(connection)
    knows_all = rules.side == "cpo"
    told = stretches(stream(connection, _own_sessions(run)), knows_all)
    while some := list(islice(told, ROWS_AT_A_TIME)):
        insert(connection, usual, [stretch for stretch, is_usual in some if is_usual])
        insert(connection, unusual, [stretch for stretch, is_usual in some if not is_usual])
    not_fitting = _not_fitting(stream(connection, _beside(usual, run)), knows_all)
    while some_more := list(islice(not_fitting, ROWS_AT_A_TIME)):
        insert(connection, unusual, some_more)
    is_empty = connection.execute(select(unusual.c.key).limit(1)).first() is None
    yield None if is_empty else unusual
    for table in (usual, unusual):
        table.drop(connection)


def stretches(sessions: Iterable[Row], knows_all: bool) -> Iterator[tuple[Row, bool]]:
    """Each stretch, and whether its sessions just follow one another.

    sessions: the fields of _PLACE, in the order of key, context and first number.
    """
    for _key, some in groupby(sessions, itemgetter(0, 1)):
        yield _stretch(some, knows_all)


def _stretch(sessions: Iterator[Row], knows_all: bool) -> tuple[Row, bool]:
    first = last = next(sessions)
    is_usual = True
    for session in sessions:
        is_usual = is_usual and just_follows(last, session, knows_all)
        last = session
    readings = (first[_BEGIN_WH], last[_END_WH], first[_BEGIN_MS], last[_END_MS])
    return (*first[:_LAST], last[_LAST], *readings, last[_FIRST]), is_usual


def fits(stretch: Row, others: Iterable[Row], knows_all: bool) -> bool:
    """Whether a usual stretch just follows the session before it, and that after it the stretch;
    others: those of earlier runs around it, the fields of _PLACE.
    """
    sides = set()
    for other in others:
        is_before = other[_FIRST] < stretch[_FIRST]
        pair = (other, stretch) if is_before else (stretch, other)
        if is_before in sides or not just_follows(*pair, knows_all):
            return False
        sides.add(is_before)
    return True


def just_follows(before: Row, after: Row, knows_all: bool) -> bool:
    """Whether there is nothing to tell of two places of a key, if no others lie behind them.

    knows_all: whether a number that was left out would be something.
    """
    due: int = before[_LAST] + 1
    if after[_FIRST] != due and (knows_all or after[_FIRST] < due):
        return False
    return before[_END_MS] <= after[_BEGIN_MS] and not is_more(before[_END_WH], after[_BEGIN_WH])


def _not_fitting(rows: Iterable[Row], knows_all: bool) -> Iterator[Row]:
    """The stretches that do not fit. rows: each a stretch, and a session beside it."""
    width = len(_PLACE) + 1
    for stretch, some in groupby(rows, lambda row: row[:width]):
        if not fits(stretch, (row[width:] for row in some), knows_all):
            yield stretch


def _stretches(name: str) -> Table:
    columns = [Column(name, seen_session.c[name].type) for name in _PLACE]
    high = Column("high", seen_session.c.first.type)
    return Table(name, MetaData(), *columns, high, prefixes=["TEMPORARY"])


def _own_sessions(run: int) -> Select[Any]:
    session = seen_session.c
    return (
        select(*(session[name] for name in _PLACE))
        .where(is_of(session.id, run), session.key.is_not(None))
        .order_by(session.key, session.context, session.first)
    )


def _beside(usual: Table, run: int) -> Select[Any]:
    """Usual stretches, each with the sessions of earlier runs that are around it."""
    window, other = windows(usual), seen_session.c
    return (
        select(*(window.c[column.name] for column in usual.c), *(other[name] for name in _PLACE))
        .select_from(sessions_in(window))
        .where(~is_of(other.id, run), seen_run.c.number.is_not(None))
        .order_by(window.c.key, window.c.context)
    )
