"""Moves many rows to and from the database: read a thousand at a time, written at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table

from wattseal.registry.postgres_copy import copy_rows

ROWS_AT_A_TIME = 1000


def stream(connection: Connection, statement: Select[Any]) -> Iterator[Any]:
    """The rows as tuples, as the driver gives them; that of PostgreSQL would else take them all at
    once. In a transaction, one stream at a time.
    """
    if connection.dialect.name == "postgresql":
        yield from _from_cursor(connection, statement)
        return
    cursor = connection.execute(statement).cursor
    while rows := cursor.fetchmany(ROWS_AT_A_TIME):
        yield from rows


def _from_cursor(connection: Connection, statement: Select[Any]) -> Iterator[Any]:
    text = statement.compile(connection, compile_kwargs={"literal_binds": True})
    connection.exec_driver_sql(f"DECLARE streamed NO SCROLL CURSOR FOR {text}")
    while rows := connection.exec_driver_sql(f"FETCH {ROWS_AT_A_TIME} FROM streamed").all():
        yield from rows
    connection.exec_driver_sql("CLOSE streamed")


def insert(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add rows, whose cells are in the order of the table's columns."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        blanks = ", ".join("?" * len(table.columns))
        statement = f"INSERT INTO {table.name} VALUES ({blanks})"  # noqa: S608 - one of ours
        connection.exec_driver_sql(statement, list(rows))
    else:
        copy_rows(connection, table.name, [f'"{column.name}"' for column in table.columns], rows)
