"""Reads the rows of a statement a thousand at a time: the driver of PostgreSQL would take all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select

ROWS_AT_A_TIME = 1000


def stream(connection: Connection, statement: Select[Any]) -> Iterator[Any]:
    """The rows as tuples, as the driver gives them. In a transaction, one stream at a time."""
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
