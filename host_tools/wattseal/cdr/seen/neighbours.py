"""Reads the sessions of a run together with those of earlier runs that they have to be beside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Subquery, and_, case, func, select

from wattseal.cdr.seen.copies import COPIES
from wattseal.cdr.seen.streaming import stream
from wattseal.cdr.seen.tables import is_of, run_of, seen_finding, seen_run, seen_session, start_of
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


def is_of_key(one: Any, other: Any) -> ColumnElement[bool]:
    """Whether two sessions (their columns) are of the same key and context."""
    same_start = start_of(one.key) == start_of(other.key)
    return and_(same_start, one.key == other.key, one.context == other.context)


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
    before, after = seen_session.alias("before"), seen_session.alias("after")
    before_run, after_run = seen_run.alias("before_run"), seen_run.alias("after_run")
    start = (
        select(before.c.first)
        .select_from(before)
        .join(before_run, before_run.c.id == run_of(before.c.id))
        .where(
            is_of_key(before.c, touched.c),
            before.c.first < touched.c.low,
            before_run.c.number.is_not(None),
        )
        .order_by(before.c.last.desc())
        .limit(1)
        .scalar_subquery()
    )
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
        func.coalesce(start, touched.c.low).label("start"),
        func.coalesce(stop, touched.c.high).label("stop"),
    ).subquery("window")
