"""Reads sessions of a run together with those of earlier runs that they have to be beside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Table, and_, case, select

from wattseal.cdr.seen.copies import COPIES
from wattseal.cdr.seen.streaming import stream
from wattseal.cdr.seen.tables import (
    is_of,
    seen_finding,
    seen_run,
    seen_session,
)
from wattseal.cdr.seen.walk import Seen
from wattseal.cdr.seen.windows import sessions_in, windows

_LAST_FIELD_OF_SESSION = "time_is_good"


def neighbours(connection: Connection, run: int, stretches: Table) -> Iterator[tuple[Any, ...]]:
    """All sessions of some stretches, from the one before each to the one after it.

    The one before is that whose numbers reach furthest. Copies are left out. As the fields of Seen.
    """
    session, found = seen_session.c, seen_finding.alias("found")
    fields = Seen._fields[: Seen._fields.index(_LAST_FIELD_OF_SESSION) + 1]
    statement = (
        select(
            *(session[name] for name in fields),
            case((is_of(session.id, run), 1), else_=0),
            case((and_(is_of(session.id, run), found.c.code.is_not(None)), 1), else_=0),
        )
        .select_from(sessions_in(windows(stretches)))
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
