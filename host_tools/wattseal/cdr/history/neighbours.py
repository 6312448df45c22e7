"""Sorts out the keys about whose sessions there is nothing to say, which are nearly all.

The sessions that a run has of a key are a stretch of its counter. In a usual one each just follows
the one before, and so do the stretch and the sessions of earlier runs on both sides of it: then a
comparison finds nothing, ever; a test compares the two. Only the others are worth
a closer look.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from wattseal.cdr.history import tables
from wattseal.cdr.history.duplicates import COPIES
from wattseal.cdr.history.tables import is_long, is_of, is_of_key, is_run_of
from wattseal.cdr.history.walk import Seen, is_more
from wattseal.cdr.rules import Rules
from wattseal.common.sql import ROWS_AT_A_TIME, insert, stream


def windows(stretches: sa.FromClause) -> sa.Subquery:
    """Each stretch with `start` and `stop`: where the sessions around it begin, of earlier runs.

    stretches: with `key`, `context`, and where its first session begins and its last, `first` and
    `high`.
    """
    touched = stretches.alias("touched")
    # Who is before and after all of the run's sessions of a key; of earlier runs, therefore.
    after, after_run = tables.seen_session.alias("after"), tables.seen_run.alias("after_run")
    stop = (
        sa.select(after.c.first)
        .select_from(after)
        .join(after_run, is_run_of(after_run, after.c.id))
        .where(is_of_key(after.c, touched.c), after.c.first > touched.c.high)
        .order_by(after.c.first)
        .limit(1)
        .scalar_subquery()
    )
    return sa.select(
        *touched.c,
        sa.func.coalesce(_reaching_furthest(touched), touched.c.first).label("start"),
        sa.func.coalesce(stop, touched.c.high).label("stop"),
    ).subquery("window")


def sessions_in(window: sa.Subquery) -> sa.FromClause:
    """The sessions around each stretch, with the stretch and with their runs."""
    session = tables.seen_session.c
    is_there = sa.and_(
        is_of_key(session, window.c), session.first.between(window.c.start, window.c.stop)
    )
    of_window = window.join(tables.seen_session, is_there)
    return of_window.join(tables.seen_run, is_run_of(tables.seen_run, session.id))


def _reaching_furthest(touched: sa.FromClause) -> sa.ScalarSelect[Any]:
    """Where the earlier session begins whose numbers reach furthest.

    It is the one that begins last; or else one with many numbers, around it. Of two, that which
    begins first: so does the walk.
    """
    near, long = tables.seen_session.alias("near"), tables.seen_session.alias("long")
    nearest = _before(near, touched).where(near.c.first < touched.c.first)
    # As a sum it is in no index: that by `last` is to be read from its end, not all that began.
    longest = _before(long, touched).where(
        is_long(long.c), long.c.first + sa.literal_column("0") < touched.c.first
    )
    furthest = (
        nearest.order_by(near.c.first.desc(), near.c.last.desc()),
        longest.order_by(long.c.last.desc(), long.c.first),
    )
    both = sa.union_all(
        *(sa.select(one.limit(1).correlate(touched).subquery()) for one in furthest)
    ).subquery("both")
    reach = (both.c.last.desc(), both.c.first)
    return sa.select(both.c.first).order_by(*reach).limit(1).scalar_subquery()


def _before(session: Any, touched: sa.FromClause) -> sa.Select[Any]:
    run = tables.seen_run.alias()
    return (
        sa.select(session.c.first, session.c.last)
        .select_from(session)
        .join(run, is_run_of(run, session.c.id))
        .where(is_of_key(session.c, touched.c))
    )


def neighbours(
    connection: sa.Connection, run: int, stretches: sa.Table
) -> Iterator[tuple[Any, ...]]:
    """All sessions of some stretches, from the one before each to the one after it.

    The one before is that whose numbers reach furthest. Copies are left out. As the fields of Seen.
    """
    session, found = tables.seen_session.c, tables.seen_finding.alias("found")
    fields = [name for name in Seen._fields if name in session]
    statement = (
        sa.select(
            *(session[name] for name in fields),
            sa.case((is_of(session.id, run), 1), else_=0),
            sa.case((sa.and_(is_of(session.id, run), found.c.code.is_not(None)), 1), else_=0),
        )
        .select_from(sessions_in(windows(stretches)))
        .outerjoin(
            found,
            sa.and_(found.c.session == session.id, found.c.code.in_((*COPIES, "cdr_changed"))),
        )
        .where(found.c.code.is_(None) | found.c.code.not_in(COPIES))
        .order_by(
            *(session[name] for name in ("key", "context", "first", "last", "content")),
            tables.seen_run.c.number,
            session.cdr,
            session.id,
        )
    )
    return stream(connection, statement)


_PLACE = ("key", "context", "first", "last", "begin_wh", "end_wh", "begin_ms", "end_ms")
"""Of a session, what tells whether another one just follows it. A stretch looks like one session;
it has `high` too, where its last session begins."""
_FIRST, _LAST, _BEGIN_WH, _END_WH, _BEGIN_MS, _END_MS = range(2, len(_PLACE))

Row = tuple[Any, ...]


@contextmanager
def unusual_stretches(
    connection: sa.Connection, run: int, rules: Rules
) -> Iterator[sa.Table | None]:
    """The stretches of a run that are not usual, as a temporary table; None if there are none."""
    usual, unusual = _stretches("usual"), _stretches("unusual")
    for table in (usual, unusual):
        table.create(connection)
    knows_all = rules.side == "cpo"
    session = tables.seen_session.c
    own = (
        sa.select(*(session[name] for name in _PLACE))
        .where(is_of(session.id, run), session.key.is_not(None))
        .order_by(session.key, session.context, session.first)
    )
    told = stretches(stream(connection, own), knows_all)
    while some := list(islice(told, ROWS_AT_A_TIME)):
        insert(connection, usual, [stretch for stretch, is_usual in some if is_usual])
        insert(connection, unusual, [stretch for stretch, is_usual in some if not is_usual])
    not_fitting = _not_fitting(stream(connection, _beside(usual, run)), knows_all)
    while some_more := list(islice(not_fitting, ROWS_AT_A_TIME)):
        insert(connection, unusual, some_more)
    is_empty = connection.execute(sa.select(unusual.c.key).limit(1)).first() is None
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


def _stretches(name: str) -> sa.Table:
    columns = [sa.Column(name, tables.seen_session.c[name].type) for name in _PLACE]
    high = sa.Column("high", tables.seen_session.c.first.type)
    return sa.Table(name, sa.MetaData(), *columns, high, prefixes=["TEMPORARY"])


def _beside(usual: sa.Table, run: int) -> sa.Select[Any]:
    """Usual stretches, each with the sessions of earlier runs that are around it."""
    window, other = windows(usual), tables.seen_session.c
    return (
        sa.select(*(window.c[column.name] for column in usual.c), *(other[name] for name in _PLACE))
        .select_from(sessions_in(window))
        .where(~is_of(other.id, run))
        .order_by(window.c.key, window.c.context)
    )
