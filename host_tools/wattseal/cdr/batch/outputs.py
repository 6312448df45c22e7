"""Writes results, in the order in which they come: as JSON, CSV or Parquet, plain or compressed.

A file gets its name when it is whole.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, BinaryIO

from wattseal.cdr.batch.inputs import STANDARD_STREAM, Format, pyarrow
from wattseal.common.errors import ToolError

COLUMNS = (
    *("row", "cdr", "evse_id", "verdict", "is_checked", "casts_doubt", "reason", "energy_kwh"),
    *("begin", "end", "key_fingerprint", "codes", "findings"),
)
"""Of CSV and Parquet. codes: of all findings, a blank between them; findings: as JSON."""

_GZIP_LEVEL = 6
_PART = ".part"


class Writer:
    """Takes lines of JSON, each a result (judge.result_line), and writes them as they are."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, lines: bytes) -> None:
        """Add results."""
        self._file.write(lines)

    def finish(self) -> None:
        """Add what belongs behind the last one."""


@contextmanager
def open_writer(path: str, form: Format) -> Iterator[Writer]:
    """A writer to a file, or to standard output for `-`. ToolError `file_unwritable`."""
    if path == STANDARD_STREAM:
        with _written(sys.stdout.buffer, form) as writer:
            yield writer
        sys.stdout.buffer.flush()
        return
    part = Path(path + _PART)
    try:
        with part.open("wb") as file:
            with _written(file, form) as writer:
                yield writer
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise ToolError.of_file("file_unwritable", path, error) from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def _written(file: BinaryIO, form: Format) -> Iterator[Writer]:
    packed: Any = nullcontext(file)
    if form.compression == "gzip":
        # Without name and time: the same results are the same bytes.
        packed = gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0)
    elif form.compression == "zstd":
        arrow = pyarrow()
        packed = arrow.CompressedOutputStream(arrow.PythonFile(_Unclosed(file), mode="w"), "zstd")
    with packed as into:
        writer = _WRITERS[form.name](into)
        yield writer
        writer.finish()


class _JsonArray(Writer):
    _before = b"[\n"

    def write(self, lines: bytes) -> None:
        if lines:
            self._file.write(self._before + lines.removesuffix(b"\n").replace(b"\n", b",\n"))
            self._before = b",\n"

    def finish(self) -> None:
        self._file.write((b"[" if self._before == b"[\n" else b"\n") + b"]\n")


class _Csv(Writer):
    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self._put([COLUMNS])

    def write(self, lines: bytes) -> None:
        self._put(_rows(lines))

    def _put(self, rows: Any) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(
            [str(cell).lower() if isinstance(cell, bool) else cell for cell in row] for row in rows
        )
        self._file.write(text.getvalue().encode())


class _Parquet(Writer):
    """Row groups of some thousand results."""

    _ROWS = 5000

    def __init__(self, file: BinaryIO) -> None:
        self._arrow = arrow = pyarrow()
        from pyarrow import parquet

        types = {"row": arrow.int64(), "is_checked": arrow.bool_(), "casts_doubt": arrow.bool_()}
        self._schema = arrow.schema([(name, types.get(name, arrow.string())) for name in COLUMNS])
        self._writer = parquet.ParquetWriter(file, self._schema, compression="zstd")
        self._rows: list[list[Any]] = []

    def write(self, lines: bytes) -> None:
        self._rows += _rows(lines)
        if len(self._rows) >= self._ROWS:
            self._flush()

    def finish(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        columns = list(zip(*self._rows, strict=True)) or [()] * len(COLUMNS)
        cells = dict(zip(COLUMNS, columns, strict=True))
        self._writer.write_table(self._arrow.table(cells, schema=self._schema))
        self._rows.clear()


_WRITERS: dict[str, type[Writer]] = {
    "jsonl": Writer,
    "json": _JsonArray,
    "csv": _Csv,
    "parquet": _Parquet,
}


def _rows(lines: bytes) -> Iterator[list[Any]]:
    for line in lines.splitlines():
        result = json.loads(line)
        findings = result["findings"]
        result["codes"] = " ".join(finding["code"] for finding in findings)
        result["findings"] = json.dumps(findings, ensure_ascii=False)
        yield [result[name] for name in COLUMNS]


class _Unclosed(io.RawIOBase):
    """A file whose `close` does nothing, for writers that close what they are given."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, data: Any) -> int:
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell()

    def writable(self) -> bool:
        return True
