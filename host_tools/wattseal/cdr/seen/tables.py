"""The store's tables.

A run is one command, or one CDR received. Its `number` is its place among the runs; it has one as
soon as all its sessions are there and compared, and only then do later runs look at them.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, Table, Text

from wattseal.registry.tables import Name, Number

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

# `first` and `last` are paginations, `between` those in the middle, if there are any. Without an
# authentic record everything from `key` on is NULL, and `content` empty.
seen_session = Table(
    "seen_session",
    metadata,
    Column("run", Number, primary_key=True, autoincrement=False),
    Column("row", Number, primary_key=True, autoincrement=False),
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
    Index("seen_session_by_cdr", "cdr", "run", "row"),
    Index("seen_session_by_content", "content", "run", "row"),
    Index("seen_session_by_first", "key", "context", "first"),
    Index("seen_session_by_last", "key", "context", "last"),
)

seen_credit = Table(
    "seen_credit",
    metadata,
    Column("run", Number, primary_key=True, autoincrement=False),
    Column("row", Number, primary_key=True, autoincrement=False),
    Column("cdr", Name, nullable=False),
    Index("seen_credit_by_cdr", "cdr"),
)

# `is_compared`: found by comparing it with session `other_row` of `other_run`, not in the CDR.
seen_finding = Table(
    "seen_finding",
    metadata,
    Column("run", Number, primary_key=True, autoincrement=False),
    Column("row", Number, primary_key=True, autoincrement=False),
    Column("code", Name, primary_key=True),
    Column("is_compared", Integer, nullable=False),
    Column("is_error", Integer, nullable=False),
    Column("is_doubt", Integer, nullable=False),
    Column("expected", Text),
    Column("found", Text),
    Column("other_run", Number),
    Column("other_row", Number),
    Index("seen_finding_by_doubt", "is_doubt", "run", "row"),
)
