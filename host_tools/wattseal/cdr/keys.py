"""Which key is right for a charge point at a time: what every source of keys must answer."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from pydantic import TypeAdapter, ValidationError

from wattseal.common.errors import ToolError
from wattseal.common.files import first_fault
from wattseal.common.json_stream import StreamError, read_array
from wattseal.ocmf.evse_id import EvseIdError, read_evse_id
from wattseal.ocmf.public_key import KeyUnreadableError, PublicKey, read_public_key
from wattseal.registry import api_models
from wattseal.registry.api_models import ChargePoint
from wattseal.registry.api_models import KeyPeriod as ExportedPeriod
from wattseal.registry.states import evse_name

if TYPE_CHECKING:
    from wattseal.registry.client import RegistryClient


@dataclass(frozen=True, slots=True)
class KeyPeriod:
    """A key that signs, or signed, for a charge point.

    `until_ms` is None while it does. `was_deactivated`: it ended by a deactivation (removed,
    lost, compromised ...), not by a successor. `gateway_serial` and `meter_serial` are those
    registered with it; `entry` is that of the registry's log, None if the source does not tell.
    """

    key: PublicKey
    from_ms: int
    until_ms: int | None
    was_deactivated: bool
    gateway_serial: str | None
    meter_serial: str
    entry: int | None


class KeySource(Protocol):
    """A registry, or an export of one. It is copied into worker processes: keep it picklable."""

    def periods(self, evse_id: str) -> tuple[KeyPeriod, ...] | None:
        """All key periods of a charge point, oldest first; None if it is not listed.

        `evse_id` in any spelling. ToolError if the source cannot be asked.
        """
        ...


Periods = tuple[KeyPeriod, ...]

MAX_CHARGE_POINTS = 8192


class KeyCache:
    """A bounded memory between a source of keys and those who ask. It is pickled empty.

    `load` is given the EVSE-ID's canonical name. `max_age_s` None: what was loaded once is good
    for ever. `clock` counts seconds.
    """

    def __init__(
        self,
        load: Callable[[str], Periods | None],
        *,
        size: int = MAX_CHARGE_POINTS,
        max_age_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._size = size
        self._max_age_s = max_age_s
        self._clock = clock
        self._names: OrderedDict[str, str | None] = OrderedDict()
        self._kept: OrderedDict[str, tuple[float, Periods | None]] = OrderedDict()

    def periods(self, evse_id: str) -> Periods | None:
        """As KeySource; a text that is no EVSE-ID names no charge point."""
        name = self._name(evse_id)
        if name is None:
            return None
        kept = self._kept.get(name)
        if kept is not None and self._is_fresh(kept[0]):
            self._kept.move_to_end(name)
            return kept[1]
        periods = self._load(name)
        self._kept[name] = (self._clock() if self._max_age_s is not None else 0.0, periods)
        self._kept.move_to_end(name)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return periods

    def _is_fresh(self, loaded_s: float) -> bool:
        return self._max_age_s is None or self._clock() - loaded_s < self._max_age_s

    def _name(self, evse_id: str) -> str | None:
        """The canonical name, remembered for each spelling."""
        if evse_id in self._names:
            return self._names[evse_id]
        try:
            name = read_evse_id(evse_id).canonical
        except EvseIdError:
            name = None
        self._names[evse_id] = name
        if len(self._names) > self._size:
            self._names.popitem(last=False)
        return name


def loaded_periods(told: api_models.KeyPeriod) -> Periods:
    """A key's period as a registry tells it, one for each of its meters. ValueError if the key
    cannot be read."""
    try:
        key = read_public_key(told.public_key)
    except KeyUnreadableError as error:
        raise ValueError(f"the key {told.fingerprint[:16]} is none: {error}") from None
    ends = [*(meter.from_unix_ms for meter in told.meters[1:]), told.valid_until_unix_ms]
    last = len(told.meters) - 1
    return tuple(
        [
            KeyPeriod(
                key=key,
                from_ms=meter.from_unix_ms,
                until_ms=end,
                was_deactivated=place == last and told.ended_as == "deactivated",
                gateway_serial=told.gateway_serial,
                meter_serial=meter.serial,
                entry=meter.entry,
            )
            for place, (meter, end) in enumerate(zip(told.meters, ends, strict=True))
        ]
    )


_FORM = 1
"""Of the index; one of another form is made again."""

_PERIODS = TypeAdapter(list[ExportedPeriod])
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


MAX_AGE_S = 300.0
"""A key that was deactivated is known to be after this long, in a process that runs for months."""


class RegistryKeys:
    """A KeySource over a registry's public history of each charge point.

    The history is taken from the registry's own answer, over TLS; whoever wants it proven by the
    log exports the registry and uses ExportKeys. `connect` makes the client, in each process
    anew; it must be picklable if this is to be copied into worker processes.
    """

    def __init__(
        self,
        url: str,
        *,
        connect: Callable[[], RegistryClient] | None = None,
        size: int = MAX_CHARGE_POINTS,
        max_age_s: float = MAX_AGE_S,
    ) -> None:
        self._connect = connect or partial(_client, url)
        self._settings = (size, max_age_s)
        self._open()

    def periods(self, evse_id: str) -> Periods | None:
        """As KeySource. ToolError `registry_unreachable`, `registry_busy` and the like."""
        return self._cache.periods(evse_id)

    def __getstate__(self) -> tuple[Callable[[], RegistryClient], tuple[int, float]]:
        return self._connect, self._settings

    def __setstate__(self, state: tuple[Callable[[], RegistryClient], tuple[int, float]]) -> None:
        self._connect, self._settings = state
        self._open()

    def _open(self) -> None:
        size, max_age_s = self._settings
        self._client: RegistryClient | None = None
        self._cache = KeyCache(self._load, size=size, max_age_s=max_age_s)

    def _load(self, name: str) -> Periods | None:
        if self._client is None:
            self._client = self._connect()
        try:
            history = self._client.history(name)
        except ToolError as error:
            if error.name == "registry_not_found":
                return None
            raise
        from wattseal.registry.export import KeyCollector  # brings an HTTP library

        collector = KeyCollector()
        for line in history:
            collector.take(line.number, line.record)
        told = [
            key
            for evse in collector.charge_points()
            if evse_name(evse.evse_id) == name
            for key in evse.keys
        ]
        try:
            return tuple([period for key in told for period in loaded_periods(key)])
        except ValueError as error:
            raise ToolError("registry_forged", cause=str(error)) from None


def _client(url: str) -> RegistryClient:
    """The client brings an HTTP library, which takes a while and is not always needed."""
    from wattseal.registry.client import RegistryClient

    return RegistryClient(url)
