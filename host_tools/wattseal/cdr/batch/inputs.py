"""From the columns of a table to the CDR object that they stand for.

Either one column `cdr` holds the JSON of the CDR, or the columns are named after OCPI: each name is
a member of the CDR object, or the way to one: `signed_data.signed_values.0.signed_data`.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import pickle
import re
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeVar, get_args

from wattseal.cdr.ocpi import MAX_CDR_BYTES, CdrError
from wattseal.common.errors import ToolError
from wattseal.common.exact_json import DECODER


def pyarrow() -> Any:
    """The package. ToolError `extra_missing`."""
    try:
        import pyarrow
    except ImportError:
        raise ToolError("extra_missing", extra="bulk", missing="pyarrow") from None
    return pyarrow


class RowsError(ValueError):
    """The message says what is wrong, without a full stop."""


WHOLE = "cdr"
NEEDED = "id"

_MAX_INDEX = 999
_JSON_MEMBERS = frozenset(
    {
        *("cdr_token", "cdr_location", "tariffs", "charging_periods", "signed_data"),
        *("signed_data.signed_values", "total_cost", "total_fixed_cost", "total_energy_cost"),
        *("total_time_cost", "total_parking_cost", "total_reservation_cost"),
    }
)
"""Objects and arrays: a text in such a column is JSON."""
_NUMBERS = frozenset({"total_energy", "total_time", "total_parking_time"})
_LAST_OF_NUMBERS = frozenset({"volume", "excl_vat", "incl_vat", "price", "vat", "step_size"})
_BOOLEANS = frozenset({"credit", "home_charging_compensation"})
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][-+]?[0-9]{1,2})?")

FieldPath = tuple[str | int, ...]


def check_names(names: Sequence[str]) -> None:
    """RowsError unless columns of these names can make a CDR."""
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise RowsError(f"it has two columns {min(twice)!r}")
    if WHOLE not in names and NEEDED not in names:
        raise RowsError(f"it has neither a column {WHOLE!r} nor a column {NEEDED!r}")
    _paths(tuple(names))


def cdr_of(names: tuple[str, ...], cells: Sequence[Any]) -> dict[str, Any] | str | bytes:
    """What read_cdr takes. Empty cells and None are left out. Raises CdrError."""
    if WHOLE in names:
        text = cells[names.index(WHOLE)]
        if not isinstance(text, (str, bytes, dict)):
            raise CdrError(WHOLE, "is empty, or is no text")
        return _exact(text) if isinstance(text, dict) else text
    whole: dict[str | int, Any] = {}
    for name, path, value in zip(names, _paths(names), cells, strict=False):
        if value is None or value == "":
            continue
        place = whole
        for step in path[:-1]:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise CdrError(name, "is given twice, in one column and in several")
        place[path[-1]] = _value(name, path, value)
    listed: dict[str, Any] = _listed(whole)
    return listed


@lru_cache(maxsize=16)
def _paths(names: tuple[str, ...]) -> tuple[FieldPath, ...]:
    paths = tuple(_path(name) for name in names)
    kinds: dict[FieldPath, type] = {}
    for path in paths:
        for length, step in enumerate(path):
            if kinds.setdefault(path[:length], type(step)) is not type(step):
                beginning = ".".join(map(str, path[:length]))
                raise RowsError(f"below {beginning!r}, some columns are numbered and some are not")
    return paths


def _path(name: str) -> FieldPath:
    steps = tuple(int(step) if step.isdecimal() else step for step in name.split("."))
    if any(isinstance(step, int) and step > _MAX_INDEX for step in steps):
        raise RowsError(f"the column {name!r} counts too far")
    return steps


def _value(name: str, path: FieldPath, value: Any) -> Any:
    """A cell as JSON would have it; text becomes what OCPI has there."""
    if not isinstance(value, str):
        return _exact(value)
    if name in _JSON_MEMBERS:
        try:
            return DECODER.decode(value)
        except (ValueError, ArithmeticError, RecursionError):
            raise CdrError(name, "is not JSON") from None
    if name in _NUMBERS or path[-1] in _LAST_OF_NUMBERS:
        return _number(name, value)
    if name in _BOOLEANS:
        return {"true": True, "false": False}.get(value.lower(), value)
    return value


def _number(name: str, text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise CdrError(name, "is no number such as 12.345")
    return Decimal(text)


def _exact(value: Any) -> Any:
    """What a typed table holds, in the types of exact JSON."""
    if isinstance(value, float):
        return Decimal(repr(value))  # the shortest text that means this number
    if isinstance(value, datetime):
        at = value if value.tzinfo is None else value.astimezone(UTC)
        return at.replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, dict):
        return {key: _exact(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_exact(each) for each in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


def _listed(value: Any) -> Any:
    """Members that are numbered, as the arrays that they are."""
    if not isinstance(value, dict):
        return value
    if value and all(isinstance(key, int) for key in value):
        return [_listed(value[key]) for key in sorted(value)]
    return {key: _listed(each) for key, each in value.items()}


@dataclass(frozen=True, slots=True)
class FilePart:
    """`size` bytes from `offset` on of the file that `path` named when it was opened."""

    path: str
    device: int
    inode: int
    offset: int
    size: int

    def read(self) -> bytes:
        """The bytes; fewer if the file is shorter now. ToolError `file_unreadable`,
        `input_changed` if another file has taken its place."""
        try:
            with Path(self.path).open("rb") as file:
                now = os.fstat(file.fileno())
                if (now.st_dev, now.st_ino) == (self.device, self.inode):
                    file.seek(self.offset)
                    return file.read(self.size)
        except OSError as error:
            raise ToolError.of_file("file_unreadable", self.path, error) from None
        raise ToolError("input_changed", path=self.path)


def whole_of(file: BinaryIO, path: str) -> FilePart | None:
    """The file that was opened by that name, if another process will find it: not a pipe, say."""
    try:
        status, real = os.fstat(file.fileno()), os.path.realpath(path)
        if stat.S_ISREG(status.st_mode) and os.path.samestat(status, Path(real).stat()):
            return FilePart(real, status.st_dev, status.st_ino, 0, status.st_size)
    except OSError:
        pass
    return None


CHUNK_BYTES = 512 * 1024
"""Small enough that many fit into memory, large enough that handing it over costs nothing."""

CHUNK_ROWS = 200
"""The same for rows whose size is not known beforehand."""

MAX_ROW_BYTES = MAX_CDR_BYTES

TOO_LARGE = b"\0too large"
"""Stands for a row of more than MAX_ROW_BYTES; no JSON text begins so."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows `first_row` to `first_row + rows - 1` of the input, counted from 1.

    data: of form `json`, a JSON text on each line, a blank line being no CDR; of form `cells`, the
    pickled list of rows, each a list of texts, or None for one that is too large; of form `arrow`,
    a record batch in Arrow's stream format. names: of the columns; none in form `json`. part: of a
    file on this computer, whose bytes are the data.
    """

    number: int
    first_row: int
    rows: int
    form: Literal["json", "cells", "arrow"]
    names: tuple[str, ...]
    data: bytes
    part: FilePart | None = None

    def to_send(self) -> Chunk:
        """For another process here, which reads the part itself: cheaper than to hand it over."""
        return self if self.part is None else replace(self, data=b"")

    def received(self) -> Chunk:
        """What `to_send` was made of. ToolError `file_unreadable`, `input_changed`."""
        if self.part is None:
            return self
        data = self.part.read()
        if data.count(b"\n") == self.rows and data.endswith(b"\n"):
            return replace(self, data=data)
        raise ToolError("input_changed", path=self.part.path)

    @property
    def digest(self) -> bytes:
        """Of all that the verdicts follow from, but the keys."""
        about = repr((self.first_row, self.rows, self.form, self.names)).encode()
        whole = blake2b(about + b"\n", digest_size=32)
        whole.update(self.data)
        return whole.digest()


_Row = TypeVar("_Row")


def _in_chunks(
    rows: Iterable[_Row],
    size_of: Callable[[_Row], int],
    form: Literal["json", "cells"],
    names: tuple[str, ...],
    data_of: Callable[[list[_Row]], bytes],
) -> Iterator[Chunk]:
    """The rows in chunks of CHUNK_ROWS, or of fewer if these have CHUNK_BYTES by `size_of`."""
    number, first_row, size, some = 0, 1, 0, list[_Row]()
    for row in rows:
        some.append(row)
        size += size_of(row)
        if size >= CHUNK_BYTES or len(some) == CHUNK_ROWS:
            yield Chunk(number, first_row, len(some), form, names, data_of(some))
            number, first_row, size, some = number + 1, first_row + len(some), 0, []
    if some:
        yield Chunk(number, first_row, len(some), form, names, data_of(some))


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
    rows = _rows(lines, delimiter, len(names))
    pickled = partial(pickle.dumps, protocol=5)
    yield from _in_chunks(rows, lambda row: sum(map(len, row or ())), "cells", names, pickled)


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
            _skip_line(file)
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


FormatName = Literal["jsonl", "json", "csv", "parquet"]
Compression = Literal["gzip", "zstd"]

STANDARD_STREAM = "-"

FORMATS: tuple[FormatName, ...] = get_args(FormatName)
_ENDINGS: dict[str, FormatName] = {**{f".{name}": name for name in FORMATS}, ".ndjson": "jsonl"}
_COMPRESSIONS: dict[str, Compression] = {".gz": "gzip", ".zst": "zstd"}


@dataclass(frozen=True, slots=True)
class Format:
    """`jsonl`: a JSON text a line. `json`: one array."""

    name: FormatName
    compression: Compression | None


def format_of(path: str, said: str | None) -> Format:
    """By the endings of a name, or of `said`, which is as an ending without its dot: `csv.gz`.

    Without either, standard input and output are JSON lines. ToolError `format_unknown`.
    """
    if said is None and path == STANDARD_STREAM:
        return Format("jsonl", None)
    name = path if said is None else f".{said}"
    endings = [ending.lower() for ending in Path(f"x{name}" if said else name).suffixes]
    compression = _COMPRESSIONS.get(endings[-1]) if endings else None
    if compression:
        endings.pop()
    found = _ENDINGS.get(endings[-1]) if endings else None
    if found is None:
        raise ToolError("format_unknown", path=path, formats="|".join(FORMATS))
    if found == "parquet" and compression:
        cause = "Parquet files are compressed inside, and not as a whole"
        raise ToolError("rows_unreadable", path=path, format="Parquet", cause=cause)
    return Format(found, compression)


_BLANKS = b" \t\r\n"
_UTF8_MARK = b"\xef\xbb\xbf"
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_WITHIN = re.compile(rb'(?:[^"{}\[\]]++|' + _STRING + rb")*+([{}\[\]])", re.DOTALL)
_BETWEEN = re.compile(rb'(?:[^"{}\[\],]++|' + _STRING + rb")*+([{}\[\],])", re.DOTALL)
_NO_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|' + _STRING + rb")*+", re.DOTALL)


def read_json_array(file: BinaryIO) -> Iterator[Chunk]:
    """The chunks; a row's number is its element's place. RowsError if the array does not end."""
    rows = _elements(file)
    return _in_chunks(rows, len, "json", (), lambda some: b"\n".join(some) + b"\n")


def _elements(file: BinaryIO) -> Iterator[bytes]:
    """The elements' texts, each on one line; TOO_LARGE for one that is."""
    text, at = _after_bracket(file), 0  # what is not handed on yet, and how far it is scanned
    depth = 0  # of brackets that are open there
    is_first, is_cut = True, False
    while True:
        found = (_WITHIN if depth else _BETWEEN).match(text, at)
        if found is None:
            if len(text) > MAX_ROW_BYTES:
                text, at, is_cut = _cut_off(text, at), 0, True
            text = _and_more(text, file, "it ends within the array")
            continue
        at, sign = found.end(), found[1]
        if depth or sign not in b",]":
            depth += 1 if sign in b"{[" else -1
            if depth < 0:
                raise RowsError("a bracket closes that was not opened")
            continue
        element, text, at = text[: at - 1], text[at:], 0
        is_empty = is_first and sign == b"]" and not is_cut and not element.strip(_BLANKS)
        if not is_empty:
            yield TOO_LARGE if is_cut else _line(element)
        if sign == b"]":
            break
        is_first = is_cut = False
    while text or (text := file.read(CHUNK_BYTES)):
        if text.strip(_BLANKS):
            raise RowsError("something follows after the array")
        text = b""


def _after_bracket(file: BinaryIO) -> bytes:
    text = file.read(len(_UTF8_MARK))
    while 0 < len(text) < len(_UTF8_MARK) and (more := file.read(len(_UTF8_MARK) - len(text))):
        text += more
    text = text.removeprefix(_UTF8_MARK)
    while not (start := text.lstrip(_BLANKS)):
        text = _and_more(b"", file, "it is empty")
    if not start.startswith(b"["):
        raise RowsError("it does not begin with [")
    return start[1:]


def _and_more(text: bytes, file: BinaryIO, complaint: str) -> bytes:
    """The text with the next of the file. RowsError if there is no more."""
    more = file.read(CHUNK_BYTES)
    if not more:
        raise RowsError(complaint)
    return text + more


def _cut_off(text: bytes, at: int) -> bytes:
    """Of an element that is too large no more than what tells where it ends."""
    bare = _NO_BRACKET.match(text, at)
    in_string = bare is not None and bare.end() < len(text)
    is_escape = (len(text) - len(text.rstrip(b"\\"))) % 2
    return b'"' + b"\\" * is_escape if in_string else b""


def _line(element: bytes) -> bytes:
    if len(element) > MAX_ROW_BYTES:
        return TOO_LARGE
    if not element.strip(_BLANKS):
        return b","  # two commas with nothing between them: no JSON, and not nothing either
    return element.replace(b"\n", b" ")


def read_json_lines(file: BinaryIO, whole: FilePart | None = None) -> Iterator[Chunk]:
    """The chunks. A row's number is that of its line. whole: the file, if others can read it."""
    number, first_row, part, offset = 0, 1, None, 0
    while block := _whole_lines(file):
        rows = block.count(b"\n")
        if whole:
            start, offset = offset, file.tell()
            is_as_written = offset - start == len(block)  # nothing was added, no row cut out
            part = replace(whole, offset=start, size=len(block)) if is_as_written else None
        yield Chunk(number, first_row, rows, "json", (), block, part)
        number, first_row = number + 1, first_row + rows


def _whole_lines(file: BinaryIO) -> bytes:
    """At least CHUNK_BYTES, up to the end of a line; all lines end in a newline."""
    block = file.read(CHUNK_BYTES)
    if not block or block.endswith(b"\n"):
        return block
    start = block.rfind(b"\n") + 1
    block += file.readline(MAX_ROW_BYTES + 1)
    line = block[start:].removesuffix(b"\n")
    if not block.endswith(b"\n"):
        _skip_line(file)
    return block[:start] + (TOO_LARGE if len(line) > MAX_ROW_BYTES else line) + b"\n"


def _skip_line(file: BinaryIO) -> None:
    """Go to the end of a line, or of the file."""
    while (part := file.readline(CHUNK_BYTES)) and not part.endswith(b"\n"):
        pass


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
            sink = arrow.BufferOutputStream()
            with arrow.ipc.new_stream(sink, batch.schema) as writer:
                writer.write_batch(batch)
            data = sink.getvalue().to_pybytes()
            yield Chunk(number, first_row, batch.num_rows, "arrow", names, data)
            first_row += batch.num_rows
    except arrow.ArrowException as error:
        raise RowsError(str(error).partition("\n")[0].rstrip(".")) from None


def unpacked(data: bytes) -> list[list[Any]]:
    """The rows of a chunk of form `arrow`, each a list of cells."""
    with pyarrow().ipc.open_stream(data) as reader:
        columns = [column.to_pylist() for column in reader.read_next_batch().columns]
    return [list(row) for row in zip(*columns, strict=True)]


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
    is_standard = path == STANDARD_STREAM
    try:
        size = None if is_standard else Path(path).stat().st_size
        # What fails once it is open is not the file's fault.
        opened = nullcontext(sys.stdin.buffer) if is_standard else Path(path).open("rb")  # noqa: SIM115
    except OSError as error:
        raise ToolError.of_file("file_unreadable", path, error) from None
    with opened as file:
        whole = None if is_standard else whole_of(file, path)
        yield Source(_told(_chunks(file, form, whole), path, form), size, file)


def _chunks(file: BinaryIO, form: Format, whole: FilePart | None) -> Iterator[Chunk]:
    if form.name == "parquet":
        return read_parquet(file)
    plain = _decompressed(file, form)
    if form.name == "csv":
        return read_csv(plain)
    if form.name == "json":
        return read_json_array(plain)
    return read_json_lines(plain, None if form.compression else whole)


def _decompressed(file: BinaryIO, form: Format) -> BinaryIO:
    if form.compression is None:
        return file
    if form.compression == "gzip":
        packed: Any = gzip.GzipFile(fileobj=file)
    else:
        arrow = pyarrow()
        packed = arrow.CompressedInputStream(arrow.PythonFile(file, mode="r"), "zstd")
    return io.BufferedReader(packed, _BUFFER_BYTES)


def _told(chunks: Iterator[Chunk], path: str, form: Format) -> Iterator[Chunk]:
    try:
        yield from chunks
    except (RowsError, OSError, EOFError, zlib.error, ValueError) as error:
        if isinstance(error, OSError) and error.strerror:
            raise ToolError("file_unreadable", path=path, cause=error.strerror) from None
        words = {"jsonl": "JSON lines", "json": "JSON array", "csv": "CSV", "parquet": "Parquet"}
        cause = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        raise ToolError(
            "rows_unreadable", path=path, format=words[form.name], cause=cause
        ) from None
