"""Where the sessions around a stretch of a key's counter begin and end."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    FromClause,
    ScalarSelect,
    Select,
    Subquery,
    and_,
    func,
    literal_column,
    select,
    union_all,
)

from wattseal.cdr.seen.tables import is_long, is_of_key, run_of, seen_run, seen_session


def windows(stretches: FromClause) -> Subquery:
    """Each stretch with `start` and `stop`: where the sessions around it begin, of earlier runs.

    stretches: with `key`, `context`, and where its first session begins and its last, `first` and
    `high`.
    """
    touched = stretches.alias("touched")
    # Who is before and after all of the run's sessions of a key; of earlier runs, therefore.
    after, after_run = seen_session.alias("after"), seen_run.alias("after_run")
    stop = (
        select(after.c.first)
        .select_from(after)
        .join(after_run, after_run.c.id == run_of(after.c.id))
        .where(
            is_of_key(after.c, touched.c),
            after.c.first > touched.c.high,
            after_run.c.number.is_not(None),
        )
        .order_by(after.c.first)
        .limit(1)
        .scalar_subquery()
    )
    return select(
        *touched.c,
        func.coalesce(_reaching_furthest(touched), touched.c.first).label("start"),
        func.coalesce(stop, touched.c.high).label("stop"),
    ).subquery("window")


def sessions_in(window: Subquery) -> FromClause:
    """The sessions around each stretch, with the stretch and with their runs."""
    session = seen_session.c
    is_there = and_(
        is_of_key(session, window.c), session.first.between(window.c.start, window.c.stop)
    )
    of_window = window.join(seen_session, is_there)
    return of_window.join(seen_run, seen_run.c.id == run_of(session.id))


def _reaching_furthest(touched: FromClause) -> ScalarSelect[Any]:
    """Where the earlier session begins whose numbers reach furthest.

    It is the one that begins last; or else one with many numbers, around it. Of two, that which
    begins first: so does the walk.
    """
    near, long = seen_session.alias("near"), seen_session.alias("long")
    nearest = _before(near, touched).where(near.c.first < touched.c.first)
    # As a sum it is in no index: that by `last` is to be read from its end, not all that began.
    longest = _before(long, touched).where(
        is_long(long.c), long.c.first + literal_column("0") < touched.c.first
    )
    furthest = (
        nearest.order_by(near.c.first.desc(), near.c.last.desc()),
        longest.order_by(long.c.last.desc(), long.c.first),
    )
    both = union_all(
        *(select(one.limit(1).correlate(touched).subquery()) for one in furthest)
    ).subquery("both")
    reach = (both.c.last.desc(), both.c.first)
    return select(both.c.first).order_by(*reach).limit(1).scalar_subquery()


def _before(session: Any, touched: FromClause) -> Select[Any]:
    run = seen_run.alias()
    return (
        select(session.c.first, session.c.last)
        .select_from(session)
        .join(run, run.c.id == run_of(session.c.id))
        .where(
            is_of_key(session.c, touched.c),
            run.c.number.is_not(None),
        )
    )
