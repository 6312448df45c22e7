"""Reads the sessions of a run together with those of earlier runs that they have to be beside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    Connection,
    ScalarSelect,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal_column,
    select,
    union_all,
)

from wattseal.cdr.seen.copies import COPIES
from wattseal.cdr.seen.streaming import stream
from wattseal.cdr.seen.tables import (
    is_long,
    is_of,
    is_of_key,
    run_of,
    seen_finding,
    seen_run,
    seen_session,
)
from wattseal.cdr.seen.walk import Seen

_LAST_FIELD_OF_SESSION = "time_is_good"


def neighbours(connection: Connection, run: int) -> Iterator[tuple[Any, ...]]:
    """All sessions, key by key, from the one before the first of the run to the one after its last.

    The one before is that whose numbers reach furthest. Copies are left out. As the fields of Seen.
    """
    window = _windows(run)
    session, found = seen_session.c, seen_finding.alias("found")
    fields = Seen._fields[: Seen._fields.index(_LAST_FIELD_OF_SESSION) + 1]
    statement = (
        select(
            *(session[name] for name in fields),
            case((is_of(session.id, run), 1), else_=0),
            case((and_(is_of(session.id, run), found.c.code.is_not(None)), 1), else_=0),
        )
        .select_from(window)
        .join(
            seen_session,
            and_(
                is_of_key(session, window.c),
                session.first.between(window.c.start, window.c.stop),
            ),
        )
        .join(seen_run, seen_run.c.id == run_of(session.id))
        .outerjoin(
            found, and_(found.c.session == session.id, found.c.code.in_((*COPIES, "cdr_changed")))
        )
        .where(
            seen_run.c.number.is_not(None),
            found.c.code.is_(None) | found.c.code.not_in(COPIES),
        )
        .order_by(
            *(session[name] for name in ("key", "context", "first", "last", "content")),
            seen_run.c.number,
            session.cdr,
            session.id,
        )
    )
    return stream(connection, statement)


def _windows(run: int) -> Subquery:
    own = seen_session.alias("own")
    touched = (
        select(
            own.c.key,
            own.c.context,
            func.min(own.c.first).label("low"),
            func.max(own.c.first).label("high"),
        )
        .where(is_of(own.c.id, run), own.c.key.is_not(None))
        .group_by(own.c.key, own.c.context)
        .subquery("touched")
    )
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
        touched.c.key,
        touched.c.context,
        func.coalesce(_reaching_furthest(touched), touched.c.low).label("start"),
        func.coalesce(stop, touched.c.high).label("stop"),
    ).subquery("window")


def _reaching_furthest(touched: Subquery) -> ScalarSelect[Any]:
    """Where the earlier session begins whose numbers reach furthest.

    It is the one that begins last; or else one with many numbers, around it. Of two, that which
    begins first: so does the walk.
    """
    near, long = seen_session.alias("near"), seen_session.alias("long")
    nearest = _before(near, touched).where(near.c.first < touched.c.low)
    # As a sum it is in no index: that by `last` is to be read from its end, not all that began.
    longest = _before(long, touched).where(
        is_long(long.c), long.c.first + literal_column("0") < touched.c.low
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


def _before(session: Any, touched: Subquery) -> Select[Any]:
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
