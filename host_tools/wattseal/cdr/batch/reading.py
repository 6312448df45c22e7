"""Reads the rows of a file in chunks; whatever its form, of all the file a few chunks at a time."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from wattseal.cdr.batch.chunk import Chunk
from wattseal.cdr.batch.csv_rows import read_csv
from wattseal.cdr.batch.file_part import FilePart, whole_of
from wattseal.cdr.batch.formats import STANDARD_STREAM, Format
from wattseal.cdr.batch.json_array import read_json_array
from wattseal.cdr.batch.json_lines import read_json_lines
from wattseal.cdr.batch.rows_error import RowsError
from wattseal.errors import ToolError

_BUFFER_BYTES = 1 << 20


@dataclass(slots=True)
class Source:
    """An input that is open. `chunks` can be read once; `size` is None if it is not known."""

    chunks: Iterator[Chunk]
    size: int | None
    _file: BinaryIO

    def position(self) -> int:
        """How many bytes of the file were read, compressed as they are."""
        try:
            return self._file.tell()
        except (OSError, ValueError):
            return 0


@contextmanager
def open_source(path: str, form: Format) -> Iterator[Source]:
    """Open a file, or standard input for `-`. ToolError `file_unreadable`, `rows_unreadable`.

    Failures while its chunks are read are told as well.
    """
    if path == STANDARD_STREAM:
        file = sys.stdin.buffer
        yield Source(_told(_chunks(file, form, None), path, form), None, file)
        return
    try:
        size = Path(path).stat().st_size
        opened = Path(path).open("rb")  # noqa: SIM115 - what fails below is not its fault
    except OSError as error:
        cause = error.strerror or str(error)
        raise ToolError("file_unreadable", path=path, cause=cause) from None
    with opened as file:
        yield Source(_told(_chunks(file, form, whole_of(file, path)), path, form), size, file)


def _chunks(file: BinaryIO, form: Format, whole: FilePart | None) -> Iterator[Chunk]:
    if form.name == "parquet":
        from wattseal.cdr.batch.parquet_rows import read_parquet

        return read_parquet(file)
    plain = _decompressed(file, form)
    if form.name == "csv":
        return read_csv(plain)
    if form.name == "json":
        return read_json_array(plain)
    return read_json_lines(plain, None if form.compression else whole)


def _decompressed(file: BinaryIO, form: Format) -> BinaryIO:
    if form.compression == "gzip":
        return cast(BinaryIO, io.BufferedReader(gzip.GzipFile(fileobj=file), _BUFFER_BYTES))
    if form.compression == "zstd":
        from wattseal.cdr.batch.arrow import zstd_reader

        return cast(BinaryIO, io.BufferedReader(zstd_reader(file), _BUFFER_BYTES))
    return file


def _told(chunks: Iterator[Chunk], path: str, form: Format) -> Iterator[Chunk]:
    try:
        yield from chunks
    except (RowsError, OSError, EOFError, zlib.error, ValueError) as error:
        if isinstance(error, OSError) and error.strerror:
            raise ToolError("file_unreadable", path=path, cause=error.strerror) from None
        words = {"jsonl": "JSON lines", "json": "JSON array", "csv": "CSV", "parquet": "Parquet"}
        raise ToolError(
            "rows_unreadable", path=path, format=words[form.name], cause=_cause(error)
        ) from None


def _cause(error: Any) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
