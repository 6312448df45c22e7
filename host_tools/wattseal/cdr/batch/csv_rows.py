"""CSV: a line of column names, then a CDR a row. Commas, semicolons or tabs; UTF-8."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import BinaryIO

from wattseal.cdr.batch.cells import check_names
from wattseal.cdr.batch.chunk import CHUNK_BYTES, CHUNK_ROWS, MAX_ROW_BYTES, Chunk, cells_chunk
from wattseal.cdr.batch.rows_error import RowsError

_DELIMITERS = ",;\t"
_TOO_LARGE = "\0"
"""A line that is one cell of one sign, in place of a line that is too large."""


def read_csv(file: BinaryIO) -> Iterator[Chunk]:
    """The chunks. RowsError if the first line holds no column names that make a CDR."""
    csv.field_size_limit(MAX_ROW_BYTES)
    lines = _lines(file)
    heading = next(lines, "")
    delimiter = max(_DELIMITERS, key=heading.count)
    names = tuple(name.strip() for name in next(csv.reader([heading], delimiter=delimiter), []))
    check_names(names)
    rows: list[list[str] | None] = []
    number, first_row, size = 0, 1, 0
    for row in _rows(lines, delimiter, len(names)):
        rows.append(row)
        size += sum(map(len, row)) if row else 0
        if size >= CHUNK_BYTES or len(rows) == CHUNK_ROWS:
            yield cells_chunk(number, first_row, names, rows)
            number, first_row, size, rows = number + 1, first_row + len(rows), 0, []
    if rows:
        yield cells_chunk(number, first_row, names, rows)


def _rows(lines: Iterator[str], delimiter: str, width: int) -> Iterator[list[str] | None]:
    """Rows of any width but nothing; None for one that is too large."""
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:  # a cell is too large: often the quote at its end is missing
            yield None
            continue
        if row == [_TOO_LARGE] or sum(map(len, row)) > MAX_ROW_BYTES:
            yield None
        elif row:
            yield row + [""] * (width - len(row))


def _lines(file: BinaryIO) -> Iterator[str]:
    is_first = True
    while line := file.readline(MAX_ROW_BYTES + 1):
        if not line.endswith(b"\n") and len(line) > MAX_ROW_BYTES:
            while line and not line.endswith(b"\n"):
                line = file.readline(CHUNK_BYTES)
            yield _TOO_LARGE + "\n"
            continue
        try:
            text = line.decode("utf-8-sig" if is_first else "utf-8")
        except UnicodeDecodeError:
            if is_first:
                raise RowsError("its first line is not in UTF-8") from None
            text = line.decode("utf-8", "replace")
        is_first = False
        yield text.replace("\0", "") if "\0" in text else text
