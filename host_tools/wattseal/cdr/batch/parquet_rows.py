"""Parquet: record batches, handed on in Arrow's own form; their cells are looked at by the workers.

A column may also hold structures and lists, as other programs make them of JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from wattseal.cdr.batch.arrow import pyarrow
from wattseal.cdr.batch.cells import check_names
from wattseal.cdr.batch.chunk import CHUNK_ROWS, Chunk
from wattseal.cdr.batch.rows_error import RowsError


def read_parquet(file: BinaryIO) -> Iterator[Chunk]:
    """The chunks. RowsError if it is no Parquet file, or has no columns that make a CDR."""
    arrow = pyarrow()
    from pyarrow import parquet

    if not file.seekable():
        raise RowsError("it has to be a file, for it is read from its end")
    try:
        table = parquet.ParquetFile(file, memory_map=False, pre_buffer=False)
        names = tuple(table.schema_arrow.names)
        check_names(names)
        first_row = 1
        for number, batch in enumerate(table.iter_batches(batch_size=CHUNK_ROWS)):
            chunk = Chunk(number, first_row, batch.num_rows, "arrow", names, _packed(arrow, batch))
            yield chunk
            first_row += batch.num_rows
    except arrow.ArrowException as error:
        raise RowsError(str(error).partition("\n")[0].rstrip(".")) from None


def _packed(arrow: Any, batch: Any) -> bytes:
    sink = arrow.BufferOutputStream()
    with arrow.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def unpacked(data: bytes) -> list[list[Any]]:
    """The rows of a chunk of form `arrow`, each a list of cells."""
    arrow = pyarrow()
    with arrow.ipc.open_stream(data) as reader:
        batch = reader.read_next_batch()
    columns = [column.to_pylist() for column in batch.columns]
    return [list(row) for row in zip(*columns, strict=True)]
