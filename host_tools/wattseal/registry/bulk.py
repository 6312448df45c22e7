"""Writes a whole log of records into an empty database at once: a backup, or a million for a test.

Nothing is judged here. Everything but the records themselves is computed: entries, the tree, the
states. PostgreSQL takes the rows by COPY, SQLite by statements; all of it is one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, select

from wattseal.registry import tables
from wattseal.registry.database import Database
from wattseal.registry.failures import NotReady
from wattseal.registry.identity import Identity
from wattseal.registry.log_store import rows_of
from wattseal.registry.opening import begin
from wattseal.registry.postgres_copy import copy_rows
from wattseal.registry.records import Record
from wattseal.tlog.frontier import Frontier

BATCH = 1000
"""Records whose rows are in memory at a time."""

SQLITE_CACHE_KIB = 512 * 1024
"""Random places of its indexes: else they are written again and again before the end."""

Rows = dict[Table, list[list[Any]]]


def load(
    database: Database,
    identity: Identity,
    records: Iterable[Record],
    check: Callable[[Frontier], None],
) -> Frontier:
    """Fill a database that has the schema and no registry; the tree that it then holds.

    check: looks at the tree before anything is kept, and raises if it is not the one that was
    meant. NotReady if the database holds a registry.
    """
    with database.write() as connection:
        if connection.execute(select(tables.registry_identity.c.id)).first() is not None:
            raise NotReady("not_ready", cause="its database holds a registry already")
        if database.is_sqlite:
            connection.exec_driver_sql(f"PRAGMA cache_size = -{SQLITE_CACHE_KIB}")
        tree = Frontier()
        insert = _insert if database.is_sqlite else _copy
        coming = iter(records)
        while batch := list(islice(coming, BATCH)):
            for table, rows in _rows_of(batch, tree).items():
                insert(connection, table, rows)
        check(tree)
        begin(connection, identity, tree)
        if not database.is_sqlite:
            # Or PostgreSQL takes full tables for small ones until it happens to look.
            connection.exec_driver_sql("ANALYZE")
    return tree


def _rows_of(records: list[Record], tree: Frontier) -> Rows:
    rows: Rows = {}
    for record in records:
        made = list(rows_of(tree.size, record))
        nodes = tree.append(made[0][1]["hash"])
        made += [(tables.log_node, node._asdict()) for node in nodes]
        for table, columns in made:
            values = [columns[column.name] for column in table.columns]
            rows.setdefault(table, []).append(values)
    return rows


def _insert(connection: Connection, table: Table, rows: list[list[Any]]) -> None:
    marks = ", ".join("?" * len(table.columns))
    cursor = connection.connection.cursor()
    # Names are the schema's own.
    cursor.executemany(f"INSERT INTO {table.name} ({_names(table)}) VALUES ({marks})", rows)  # noqa: S608
    cursor.close()


def _copy(connection: Connection, table: Table, rows: list[list[Any]]) -> None:
    copy_rows(connection, table.name, [column.name for column in table.columns], rows)


def _names(table: Table) -> str:
    return ", ".join(column.name for column in table.columns)
