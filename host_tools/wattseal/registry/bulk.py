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
from wattseal.registry.log_store import insert_rows, rows_of
from wattseal.registry.opening import begin
from wattseal.registry.postgres_copy import copy_rows
from wattseal.registry.records import Record
from wattseal.tlog.frontier import Frontier

BATCH = 1000
"""Records whose rows are in memory at a time."""

Rows = list[tuple[Table, dict[str, Any]]]


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
        tree = Frontier()
        insert = insert_rows if database.is_sqlite else _copy_rows
        coming = iter(records)
        while batch := list(islice(coming, BATCH)):
            insert(connection, _rows_of(batch, tree))
        check(tree)
        begin(connection, identity, tree)
        if not database.is_sqlite:
            # Or PostgreSQL takes full tables for small ones until it happens to look.
            connection.exec_driver_sql("ANALYZE")
    return tree


def _rows_of(records: list[Record], tree: Frontier) -> Rows:
    rows: Rows = []
    for record in records:
        made = list(rows_of(tree.size, record))
        rows += made
        rows += [(tables.log_node, node._asdict()) for node in tree.append(made[0][1]["hash"])]
    return rows


def _copy_rows(connection: Connection, rows: Rows) -> None:
    by_table: dict[Table, list[dict[str, Any]]] = {}
    for table, columns in rows:
        by_table.setdefault(table, []).append(columns)
    for table, same in by_table.items():
        names = [column.name for column in table.columns]
        copy_rows(connection, table.name, names, ([each[name] for name in names] for each in same))
