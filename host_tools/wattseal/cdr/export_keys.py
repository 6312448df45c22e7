"""The keys of a registry's export, for who has to judge without a network.

An export of a million charge points is a gigabyte of JSON. It is read once, into an index beside
which every later run starts at once: a private SQLite file, named after the export's SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from contextlib import closing, suppress
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from pydantic import TypeAdapter, ValidationError

from wattseal.cdr.json_stream import StreamError, read_array
from wattseal.cdr.key_cache import MAX_CHARGE_POINTS, KeyCache, Periods, loaded_periods
from wattseal.errors import ToolError
from wattseal.evse_id import EvseIdError
from wattseal.json_file import first_fault
from wattseal.registry.exported import ChargePoint, KeyPeriod
from wattseal.registry.names import evse_name

_FORM = 1
"""Of the index; one of another form is made again."""

_PERIODS = TypeAdapter(list[KeyPeriod])
_ROWS_AT_ONCE = 1000
_PRIVATE_FOLDER = 0o700


class ExportKeys:
    """A KeySource over a file of `wattseal registry export --format json`.

    The index is made now if there is none in `cache` (default: the user's cache folder). Raises
    ToolError `file_unreadable`, `file_unwritable`, `export_malformed`. Copies in other processes
    open the index again.
    """

    def __init__(
        self, path: Path, cache: Path | None = None, *, size: int = MAX_CHARGE_POINTS
    ) -> None:
        self._index = _index_of(path, cache or default_cache())
        self._size = size
        self._open()

    @property
    def index(self) -> Path:
        """The SQLite file that is asked; it may be deleted when nobody uses it."""
        return self._index

    def periods(self, evse_id: str) -> Periods | None:
        """As KeySource. ToolError `export_malformed` if the index was damaged."""
        return self._cache.periods(evse_id)

    def __getstate__(self) -> tuple[Path, int]:
        return self._index, self._size

    def __setstate__(self, state: tuple[Path, int]) -> None:
        self._index, self._size = state
        self._open()

    def _open(self) -> None:
        self._connection: sqlite3.Connection | None = None
        self._process = 0
        self._cache = KeyCache(self._load, size=self._size)

    def _load(self, name: str) -> Periods | None:
        if self._connection is None or self._process != os.getpid():
            self._connection = _connect(self._index)  # SQLite must not be used across a fork
            self._process = os.getpid()
        try:
            rows = self._connection.execute("SELECT keys FROM evses WHERE name = ?", (name,))
            row = rows.fetchone()
            told = _PERIODS.validate_json(row[0]) if row else None
            return None if told is None else tuple(chain.from_iterable(map(loaded_periods, told)))
        except (sqlite3.Error, ValueError) as error:
            cause = str(error).partition("\n")[0]
            raise ToolError("export_malformed", path=str(self._index), cause=cause) from None


def default_cache() -> Path:
    """The user's own folder for what can be made again."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "wattseal"


def _connect(index: Path) -> sqlite3.Connection:
    try:
        uri = f"{index.resolve().as_uri()}?mode=ro&immutable=1"
        return sqlite3.connect(uri, uri=True, check_same_thread=False)
    except sqlite3.Error as error:
        raise ToolError("file_unreadable", path=str(index), cause=str(error)) from None


def _index_of(path: Path, cache: Path) -> Path:
    """The index of an export, made if it is not there yet."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ToolError("file_unreadable", path=str(path), cause=_cause(error)) from None
    index = cache / f"keys-{_FORM}-{digest}.sqlite"
    if not index.exists():
        try:
            cache.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
            _make(path, index)
        except OSError as error:
            raise ToolError("file_unwritable", path=str(index), cause=_cause(error)) from None
    return index


def _make(path: Path, index: Path) -> None:
    """Write the index whole, under another name first: nobody ever opens half of one."""
    handle, name = tempfile.mkstemp(prefix="keys-", suffix=".part", dir=index.parent)
    os.close(handle)
    try:
        with closing(sqlite3.connect(name)) as connection, path.open(encoding="utf-8") as file:
            _fill(connection, file)
        Path(name).replace(index)
    except (StreamError, UnicodeDecodeError) as error:
        cause = f"it {error}" if isinstance(error, StreamError) else "it is not in UTF-8"
        raise ToolError("export_malformed", path=str(path), cause=cause) from None
    except sqlite3.Error as error:
        raise ToolError("file_unwritable", path=str(index), cause=str(error)) from None
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def _fill(connection: sqlite3.Connection, file: TextIO) -> None:
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("CREATE TABLE evses (name TEXT PRIMARY KEY, keys BLOB) WITHOUT ROWID")
    rows: list[tuple[str, bytes]] = []
    for number, told in enumerate(read_array(file, "evses"), 1):
        rows.append(_row(number, told))
        if len(rows) == _ROWS_AT_ONCE:
            _insert(connection, rows)
            rows.clear()
    _insert(connection, rows)
    connection.commit()


def _insert(connection: sqlite3.Connection, rows: list[tuple[str, bytes]]) -> None:
    try:
        connection.executemany("INSERT INTO evses VALUES (?, ?)", rows)
    except sqlite3.IntegrityError:
        raise StreamError("lists a charge point twice") from None


def _row(number: int, told: Any) -> tuple[str, bytes]:
    try:
        evse = ChargePoint.model_validate(told)
        return evse_name(evse.evse_id), _PERIODS.dump_json(evse.keys)
    except ValidationError as error:
        raise StreamError(f"is wrong at charge point {number}: {first_fault(error)}") from None
    except EvseIdError as error:
        raise StreamError(f"is wrong at charge point {number}: {error}") from None


def _cause(error: OSError) -> str:
    return error.strerror or str(error)
