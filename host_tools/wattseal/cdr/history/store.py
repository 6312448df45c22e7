"""The store of seen sessions: what a run adds, and what comparing it with all others finds.

Any number of processes may use it at once. A run's comparison is one transaction that waits for
those of other runs, so of two that bring the same session, one is first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from wattseal.cdr.history import rows, tables
from wattseal.cdr.history.duplicates import find_copies
from wattseal.cdr.history.neighbours import neighbours, unusual_stretches
from wattseal.cdr.history.reconcile import Doubt, doubt_of, doubts
from wattseal.cdr.history.rows import NewRows, Row, Session, number_of, row_of
from wattseal.cdr.history.tables import is_of
from wattseal.cdr.history.walk import walk
from wattseal.cdr.rules import Rules
from wattseal.common.errors import ToolError
from wattseal.common.findings import Finding
from wattseal.common.sql import ROWS_AT_A_TIME, Database, DatabaseUnusable, copy_rows

MANY_ROWS = 10_000
"""After so many new rows PostgreSQL is told to look at its tables before they are searched."""

CACHE_KIB = 32 * 1024
"""Of SQLite's pages, while sessions are added all over its indexes."""

_TABLES = (tables.seen_session, tables.seen_credit, tables.seen_finding)


class SeenSessions:
    """location: a file for SQLite, or the URL of a database. ToolError `store_unusable`."""

    def __init__(self, location: str | Path) -> None:
        with _told():
            self._database = Database(_url(location))
            tables.SCHEMA.upgrade(self._database)

    def close(self) -> None:
        """Close its connections."""
        self._database.close()

    def begin(self, name: str) -> int:
        """The number by which the other methods know a run; the same again for the same name."""
        with self._writing() as connection:
            connection.execute(
                sa.text("INSERT INTO seen_run (name) VALUES (:name) ON CONFLICT DO NOTHING"),
                {"name": name},
            )
            number = sa.select(tables.seen_run.c.id).where(tables.seen_run.c.name == name)
            return int(connection.execute(number).scalar_one())

    def add(self, run: int, new: NewRows) -> None:
        """Add sessions of a run, best some ten thousand at a time: they go to many places on disk.

        A row that is there already stays as it is; a run that was compared takes no more.
        """
        with self._writing() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql(f"PRAGMA cache_size = -{CACHE_KIB}")
            is_open = sa.select(tables.seen_run.c.id).where(
                tables.seen_run.c.id == run, tables.seen_run.c.number.is_(None)
            )
            if connection.execute(is_open).first() is not None:
                for table, of_table in zip(_TABLES, new, strict=True):
                    _add(connection, table, run, of_table)

    def compare(self, run: int, rules: Rules) -> None:
        """Compare the run's sessions with each other and with those of the runs before it.

        It is done once: from then on the run takes no more sessions, and later runs see it.
        """
        with self._writing() as connection:
            tables.SCHEMA.be_alone(connection)
            if not _take_number(connection, run):
                return
            _look_at_tables(connection, run)
            with unusual_stretches(connection, run, rules) as unusual:
                find_copies(connection, run, unusual)
                if unusual is not None:
                    _walk(connection, run, unusual, rules)

    def findings(self, run: int) -> Iterator[tuple[int, Finding]]:
        """What the comparison found: row and finding, in the order of the rows.

        No transaction is open between two of them, so a slow reader blocks no writer.
        """
        told = tables.seen_finding.c
        statement = sa.select(told.session, told.code, told.expected, told.found).where(
            is_of(told.session, run), told.is_compared == 1
        )
        for session, *values in self._rows(statement, told.session, told.code):
            yield row_of(session), rows.finding_of(*values)

    def take(self, name: str, session: Session, rules: Rules) -> tuple[Finding, ...]:
        """One CDR received by itself, as a run of its own: what the comparison finds about it."""
        run = self.begin(name)
        self.add(run, rows.new_rows([session]))
        self.compare(run, rules)
        return tuple(finding for _row, finding in self.findings(run))

    def doubts(self) -> Iterator[Doubt]:
        """What casts doubt on earlier sessions, for reconciliation; read as `findings` is."""
        statement, place = doubts()
        return map(doubt_of, self._rows(statement, *place))

    def _rows(self, statement: sa.Select[Any], *place: sa.ColumnElement[Any]) -> Iterator[Any]:
        """The rows in the order of the columns that they begin with, some at a time."""
        statement = statement.order_by(*place).limit(ROWS_AT_A_TIME)
        page = statement
        while True:
            with _told(), self._database.ask() as connection:
                some = connection.execute(page).all()
            if not some:
                return
            yield from some
            page = statement.where(sa.tuple_(*place) > sa.tuple_(*some[-1][: len(place)]))

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with _told(), self._database.write() as connection:
            yield connection


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except DatabaseUnusable as error:
        raise ToolError("store_unusable", cause=error.cause) from error


def _url(location: str | Path) -> str | sa.URL:
    """What has no scheme is a file."""
    if isinstance(location, str) and "://" in location:
        return location
    return sa.URL.create("sqlite", database=str(location))


def _add(
    connection: sa.Connection, table: sa.Table, run: int, new: list[Row], into: str | None = None
) -> None:
    """Insert rows into a table, or one of its form; those whose key is there are left out.

    The database makes numbers of the rows: that is cheaper than to build each row anew for it.
    """
    if not new:
        return
    target, names = into or table.name, [f'"{column.name}"' for column in table.columns]
    listed, start = ", ".join(names), number_of(run, 0)
    if connection.dialect.name == "sqlite":
        blanks = ", ?" * (len(names) - 1)
        values = f"({listed}) VALUES ({start} + ?{blanks})"
        connection.exec_driver_sql(f"INSERT OR IGNORE INTO {target} {values}", new)
        return
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE coming (LIKE {table.name})")
    copy_rows(connection, "coming", names, new)
    numbered = ", ".join([f"{start} + {names[0]}", *names[1:]])
    values = f"({listed}) SELECT {numbered} FROM coming ON CONFLICT DO NOTHING"  # noqa: S608
    connection.exec_driver_sql(f"INSERT INTO {target} {values}")
    connection.exec_driver_sql("DROP TABLE coming")


def _take_number(connection: sa.Connection, run: int) -> bool:
    """Give the run its place among the others; False if it has it since an earlier comparison."""
    newest = sa.select(sa.func.coalesce(sa.func.max(tables.seen_run.c.number), 0)).scalar_subquery()
    is_new = (tables.seen_run.c.id == run, tables.seen_run.c.number.is_(None))
    taken = connection.execute(sa.update(tables.seen_run).where(*is_new).values(number=newest + 1))
    return taken.rowcount == 1


def _look_at_tables(connection: sa.Connection, run: int) -> None:
    if connection.dialect.name != "postgresql":
        return
    count = sa.select(sa.func.count()).where(is_of(tables.seen_session.c.id, run))
    if connection.execute(count).scalar_one() >= MANY_ROWS:
        connection.exec_driver_sql("ANALYZE seen_session")


def _walk(connection: sa.Connection, run: int, stretches: sa.Table, rules: Rules) -> None:
    """Findings wait in a table of their own: the walk reads the table that they belong in."""
    connection.exec_driver_sql(
        "CREATE TEMPORARY TABLE fresh AS SELECT * FROM seen_finding WHERE 1 = 0"
    )
    told = walk(neighbours(connection, run, stretches), rules)
    while some := list(islice(told, ROWS_AT_A_TIME)):
        found = [rows.told_row(each) for each in some]
        _add(connection, tables.seen_finding, run, found, into="fresh")
    connection.exec_driver_sql("INSERT INTO seen_finding SELECT * FROM fresh")
    connection.exec_driver_sql("DROP TABLE fresh")
