"""The store's tables.

A run is one command, or one CDR received. Its `number` is its place among the runs; it has one as
soon as all its sessions are there and compared, and only then do later runs look at them.

A session has one number that tells its run and its row there: the table is kept in its order,
without an index beside it, so a run's sessions are written, and read again, one after another.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    and_,
    func,
    literal_column,
)

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

metadata = MetaData()

seen_run = Table(
    "seen_run",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", Name, nullable=False),
    Column("number", Number),
    Index("seen_run_by_name", "name", unique=True),
    Index("seen_run_by_number", "number", unique=True),
)


def start_of(hashed: ColumnElement[Any]) -> ColumnElement[Any]:
    """What an index has of a hash: to look one up in it, compare this, and the hash as well.

    Written into statements as it is in the index, or a database does not know it again.
    """
    return func.substr(hashed, literal_column("1"), literal_column(str(START_BYTES)))


def is_of_key(one: Any, other: Any) -> ColumnElement[bool]:
    """Whether two sessions (their columns) are of the same key and context."""
    same_start = start_of(one.key) == start_of(other.key)
    return and_(same_start, one.key == other.key, one.context == other.context)


def is_of_records(one: Any, other: Any) -> ColumnElement[bool]:
    """Whether two sessions (their columns) have the same records: so they begin with one number."""
    return and_(is_of_key(one, other), one.first == other.first, one.content == other.content)


def is_long(session: Any) -> ColumnElement[bool]:
    """Whether a session (its columns) has more numbers than two: those the index by last has."""
    is_it: ColumnElement[bool] = session.last > session.first + literal_column("1")
    return is_it


# `first` and `last` are paginations, `between` those in the middle, if there are any. Without an
# authentic record everything from `key` on is NULL, and `content` empty.
seen_session = Table(
    "seen_session",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("cdr", Name, nullable=False),
    Column("is_billable", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("key", LargeBinary),
    Column("context", Name),
    Column("first", Number),
    Column("last", Number),
    Column("between", Text),
    Column("meter_serial", Text),
    Column("register_code", Text),
    Column("begin_wh", Text),
    Column("end_wh", Text),
    Column("begin_ms", Number),
    Column("end_ms", Number),
    Column("time_is_good", Integer),
    Index("seen_session_by_cdr", "cdr"),
)
_of = seen_session.c
Index("seen_session_by_first", start_of(_of.key), _of.context, _of.first)
# Where a session with no more than a begin and an end reaches, its first number tells already.
Index(
    "seen_session_by_last",
    *(start_of(_of.key), _of.context, _of.last),
    sqlite_where=is_long(_of),
    postgresql_where=is_long(_of),
)

seen_credit = Table(
    "seen_credit",
    metadata,
    Column("session", Number, primary_key=True, autoincrement=False),
    Column("cdr", Name, nullable=False),
    Index("seen_credit_by_cdr", "cdr"),
)

# `is_compared`: found by comparing it with session `other`, not in the CDR.
seen_finding = Table(
    "seen_finding",
    metadata,
    Column("session", Number, primary_key=True, autoincrement=False),
    Column("code", Name, primary_key=True),
    Column("is_compared", Integer, nullable=False),
    Column("is_error", Integer, nullable=False),
    Column("is_doubt", Integer, nullable=False),
    Column("expected", Text),
    Column("found", Text),
    Column("other", Number),
    Index("seen_finding_by_doubt", "is_doubt", "session"),
)


def run_of(session: ColumnElement[Any]) -> ColumnElement[Any]:
    """The run of a session's number. PostgreSQL shifts by no other integer than a plain one."""
    return session.op(">>", return_type=session.type)(literal_column(str(ROW_BITS), Integer))


def is_run_of(run: FromClause, session: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a run is that of a session's number, and was compared: others are not looked at."""
    return and_(run.c.id == run_of(session), run.c.number.is_not(None))


def is_of(session: ColumnElement[Any], run: int) -> ColumnElement[bool]:
    """Whether a session's number is of that run; a range of the table, not a sum for each row."""
    return session.between(number_of(run, 0), number_of(run + 1, 0) - 1)
