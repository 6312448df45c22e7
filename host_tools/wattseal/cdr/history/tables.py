"""The store's tables.

A run is one command, or one CDR received. Its `number` is its place among the runs; it has one as
soon as all its sessions are there and compared, and only then do later runs look at them.

A session has one number that tells its run and its row there: the table is kept in its order,
without an index beside it, so a run's sessions are written, and read again, one after another.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from wattseal.cdr.history.rows import ROW_BITS, number_of
from wattseal.common.sql import Name, Number, Schema

SCHEMA = Schema(
    migrations=Path(__file__).parent / "migrations",
    version="0001",
    version_table="seen_schema_version",
    lock=0x77617474_7365656E,
)


START_BYTES = 8
"""Of a hash, those that an index has: next to none share them, and it is much smaller."""

metadata = sa.MetaData()

seen_run = sa.Table(
    "seen_run",
    metadata,
    sa.Column("id", Number, primary_key=True),
    sa.Column("name", Name, nullable=False),
    sa.Column("number", Number),
    sa.Index("seen_run_by_name", "name", unique=True),
    sa.Index("seen_run_by_number", "number", unique=True),
)


def start_of(hashed: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """What an index has of a hash: to look one up in it, compare this, and the hash as well.

    Written into statements as it is in the index, or a database does not know it again.
    """
    return sa.func.substr(hashed, sa.literal_column("1"), sa.literal_column(str(START_BYTES)))


def is_of_key(one: Any, other: Any) -> sa.ColumnElement[bool]:
    """Whether two sessions (their columns) are of the same key and context."""
    same_start = start_of(one.key) == start_of(other.key)
    return sa.and_(same_start, one.key == other.key, one.context == other.context)


def is_of_records(one: Any, other: Any) -> sa.ColumnElement[bool]:
    """Whether two sessions (their columns) have the same records: so they begin with one number."""
    return sa.and_(is_of_key(one, other), one.first == other.first, one.content == other.content)


def is_long(session: Any) -> sa.ColumnElement[bool]:
    """Whether a session (its columns) has more numbers than two: those the index by last has."""
    is_it: sa.ColumnElement[bool] = session.last > session.first + sa.literal_column("1")
    return is_it


# `first` and `last` are paginations, `between` those in the middle, if there are any. Without an
# authentic record everything from `key` on is NULL, and `content` empty.
seen_session = sa.Table(
    "seen_session",
    metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=False),
    sa.Column("cdr", Name, nullable=False),
    sa.Column("is_billable", sa.Integer, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("key", sa.LargeBinary),
    sa.Column("context", Name),
    sa.Column("first", Number),
    sa.Column("last", Number),
    sa.Column("between", sa.Text),
    sa.Column("meter_serial", sa.Text),
    sa.Column("register_code", sa.Text),
    sa.Column("begin_wh", sa.Text),
    sa.Column("end_wh", sa.Text),
    sa.Column("begin_ms", Number),
    sa.Column("end_ms", Number),
    sa.Column("time_is_good", sa.Integer),
    sa.Index("seen_session_by_cdr", "cdr"),
)
_of = seen_session.c
sa.Index("seen_session_by_first", start_of(_of.key), _of.context, _of.first)
# Where a session with no more than a begin and an end reaches, its first number tells already.
sa.Index(
    "seen_session_by_last",
    *(start_of(_of.key), _of.context, _of.last),
    sqlite_where=is_long(_of),
    postgresql_where=is_long(_of),
)

seen_credit = sa.Table(
    "seen_credit",
    metadata,
    sa.Column("session", Number, primary_key=True, autoincrement=False),
    sa.Column("cdr", Name, nullable=False),
    sa.Index("seen_credit_by_cdr", "cdr"),
)

# `is_compared`: found by comparing it with session `other`, not in the CDR.
seen_finding = sa.Table(
    "seen_finding",
    metadata,
    sa.Column("session", Number, primary_key=True, autoincrement=False),
    sa.Column("code", Name, primary_key=True),
    sa.Column("is_compared", sa.Integer, nullable=False),
    sa.Column("is_error", sa.Integer, nullable=False),
    sa.Column("is_doubt", sa.Integer, nullable=False),
    sa.Column("expected", sa.Text),
    sa.Column("found", sa.Text),
    sa.Column("other", Number),
    sa.Index("seen_finding_by_doubt", "is_doubt", "session"),
)


def run_of(session: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The run of a session's number. PostgreSQL shifts by no other integer than a plain one."""
    return session.op(">>", return_type=session.type)(sa.literal_column(str(ROW_BITS), sa.Integer))


def is_run_of(run: sa.FromClause, session: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a run is that of a session's number, and was compared: others are not looked at."""
    return sa.and_(run.c.id == run_of(session), run.c.number.is_not(None))


def is_of(session: sa.ColumnElement[Any], run: int) -> sa.ColumnElement[bool]:
    """Whether a session's number is of that run; a range of the table, not a sum for each row."""
    return session.between(number_of(run, 0), number_of(run + 1, 0) - 1)
