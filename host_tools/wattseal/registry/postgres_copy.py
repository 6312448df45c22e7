"""Rows into a table of PostgreSQL by COPY: one statement for thousands of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

_NULL = "\\N"


def copy_rows(
    connection: Connection, table: str, names: Sequence[str], rows: Iterable[Iterable[Any]]
) -> None:
    """Add rows, whose cells are in the order of `names`: None, text, numbers, bytes, booleans."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
    writer.writerows([_cell(value) for value in row] for row in rows)
    statement = f"COPY {table} ({', '.join(names)}) FROM STDIN WITH (FORMAT csv, NULL '{_NULL}')"
    cursor = connection.connection.cursor()
    cursor.execute(statement, stream=io.BytesIO(text.getvalue().encode()))  # type: ignore[call-arg]
    cursor.close()


def _cell(value: Any) -> str | int:
    if value is None:
        return _NULL
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    return int(value) if isinstance(value, bool) else value
