"""Which key is right for a charge point at a time: what every source of keys must answer."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import TypeAdapter, ValidationError

from wattseal.common.errors import ToolError
from wattseal.common.files import first_fault
from wattseal.common.json_stream import StreamError, read_array
from wattseal.ocmf.evse_id import EvseIdError, canonical_name
from wattseal.ocmf.public_key import KeyPeriod, KeyUnreadableError, read_public_key
from wattseal.registry.api_models import ChargePoint, ExportedKey
from wattseal.registry.states import evse_name

if TYPE_CHECKING:
    from wattseal.registry.client import RegistryClient

Periods = tuple[KeyPeriod, ...]


class KeySource(Protocol):
    """A registry, or an export of one. It is copied into worker processes: keep it picklable."""

    def periods(self, evse_id: str) -> Periods | None:
        """All key periods of a charge point, oldest first; None if it is not listed.

        `evse_id` in any spelling. ToolError if the source cannot be asked; ValueError if it tells
        of this charge point what cannot be read.
        """
        ...


MAX_CHARGE_POINTS = 8192


class KeyCache:
    """A KeySource with a bounded memory of what it has loaded. It is pickled without it.

    `max_age_s` None: what was loaded once is good for ever. `clock` counts seconds.
    """

    def __init__(
        self,
        *,
        size: int = MAX_CHARGE_POINTS,
        max_age_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = (size, max_age_s, clock)
        self._forget()

    def _forget(self) -> None:
        self._kept: OrderedDict[str, tuple[float, Periods | None]] = OrderedDict()
        self._opened: Any = None  # what is asked: each process opens its own

    def __getstate__(self) -> dict[str, Any]:
        passing = ("_kept", "_opened")
        return {name: value for name, value in vars(self).items() if name not in passing}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._forget()

    def periods(self, evse_id: str) -> Periods | None:
        """As KeySource; a text that is no EVSE-ID names no charge point."""
        name = canonical_name(evse_id)
        if name is None:
            return None
        size, max_age_s, clock = self._settings
        kept = self._kept.pop(name, None)
        if kept is None or (max_age_s is not None and clock() - kept[0] >= max_age_s):
            kept = (clock(), self._load(name))
        self._kept[name] = kept  # as the last: what was not asked for longest goes first
        if len(self._kept) > size:
            self._kept.popitem(last=False)
        return kept[1]

    def _load(self, name: str) -> Periods | None:
        """What is not remembered; `name` is the EVSE-ID's canonical one."""
        raise NotImplementedError


def periods_of(keys: Iterable[ExportedKey]) -> Iterator[KeyPeriod]:
    """The periods of keys as a registry tells them, one for each meter. ValueError if a key cannot
    be read."""
    for told in keys:
        try:
            key = read_public_key(told.public_key)
        except KeyUnreadableError as error:
            raise ValueError(f"the key {told.fingerprint[:16]} is none: {error}") from None
        ends = [*(meter.from_unix_ms for meter in told.meters[1:]), told.valid_until_unix_ms]
        for meter, end in zip(told.meters, ends, strict=True):
            yield KeyPeriod(
                key=key,
                from_ms=meter.from_unix_ms,
                until_ms=end,
                was_deactivated=meter is told.meters[-1] and told.ended_as == "deactivated",
                gateway_serial=told.gateway_serial,
                meter_serial=meter.serial,
                entry=meter.entry,
            )


_FORM = 2
"""Of the index; one of another form is made again."""

_KEYS = TypeAdapter(list[ExportedKey])
_PRIVATE_FOLDER = 0o700


class ExportKeys(KeyCache):
    """A KeySource over a file of `wattseal registry export --format json`.

    The index is made now if there is none in `cache` (default: the user's cache folder). Raises
    ToolError `file_unreadable`, `file_unwritable`, `export_malformed`; the last also when it is
    asked, if the index was damaged. `index` is the SQLite file that is asked; it may be deleted
    when nobody uses it.
    """

    def __init__(self, path: Path, cache: Path | None = None) -> None:
        super().__init__()
        self.index = _index_of(path, cache or default_cache())
        self._process = 0

    def _load(self, name: str) -> Periods | None:
        if self._process != os.getpid() or self._opened is None:
            self._opened = _connect(self.index)  # SQLite must not be used across a fork
            self._process = os.getpid()
        try:
            rows = self._opened.execute("SELECT keys FROM evses WHERE name = ?", (name,))
            row = rows.fetchone()
            told = _KEYS.validate_json(row[0]) if row else None
        except (sqlite3.Error, ValueError) as error:
            cause = str(error).partition("\n")[0]
            raise ToolError("export_malformed", path=str(self.index), cause=cause) from None
        return None if told is None else tuple(periods_of(told))


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
        raise ToolError.of_file("file_unreadable", path, error) from None
    index = cache / f"keys-{_FORM}-{digest}.sqlite"
    if not index.exists():
        try:
            cache.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
            _make(path, index)
        except OSError as error:
            raise ToolError.of_file("file_unwritable", index, error) from None
    return index


def _make(path: Path, index: Path) -> None:
    """Write the index under another name first, so that no process ever opens half of one."""
    handle, name = tempfile.mkstemp(prefix="keys-", suffix=".part", dir=index.parent)
    os.close(handle)
    try:
        with closing(sqlite3.connect(name)) as connection, path.open(encoding="utf-8") as file:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute(
                "CREATE TABLE evses (name TEXT PRIMARY KEY, keys BLOB) WITHOUT ROWID"
            )
            rows = (_row(number, told) for number, told in enumerate(read_array(file, "evses"), 1))
            connection.executemany("INSERT INTO evses VALUES (?, ?)", rows)
            connection.commit()
        Path(name).replace(index)
    except (StreamError, UnicodeDecodeError, sqlite3.IntegrityError) as error:
        cause = f"it {error}"
        if isinstance(error, UnicodeDecodeError):
            cause = "it is not in UTF-8"
        elif isinstance(error, sqlite3.IntegrityError):
            cause = "it lists a charge point twice"
        raise ToolError("export_malformed", path=str(path), cause=cause) from None
    except sqlite3.Error as error:
        raise ToolError("file_unwritable", path=str(index), cause=str(error)) from None
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def _row(number: int, told: Any) -> tuple[str, bytes]:
    try:
        evse = ChargePoint.model_validate(told)
        return evse_name(evse.evse_id), _KEYS.dump_json(evse.keys)
    except (ValidationError, EvseIdError) as error:
        cause = first_fault(error) if isinstance(error, ValidationError) else error
        raise StreamError(f"is wrong at charge point {number}: {cause}") from None


MAX_AGE_S = 300.0
"""A key that was deactivated is known to be after this long, in a process that runs for months."""


class RegistryKeys(KeyCache):
    """A KeySource over a registry's public history of each charge point.

    Each history is proven by the log, and proven to be whole (registry/evidence.py). `connect`
    makes the client, in each process anew; it must be picklable if this is to be copied into
    worker processes. ToolError `registry_unreachable`, `registry_forged` and the like when it is
    asked.
    """

    def __init__(self, url: str, connect: Callable[[], RegistryClient] | None = None) -> None:
        super().__init__(max_age_s=MAX_AGE_S)
        self._connect = connect or partial(_client, url)

    def _load(self, name: str) -> Periods | None:
        if self._opened is None:
            self._opened = self._connect()
        try:
            history = self._opened.history(name)
        except ToolError as error:
            if error.name == "registry_not_found":
                return None
            raise
        from wattseal.registry.export import KeyCollector  # brings an HTTP library

        collector = KeyCollector()
        for line in history:
            collector.take(line.number, line.record)
        found = (one for one in collector.charge_points() if evse_name(one.evse_id) == name)
        return tuple(periods_of(key for evse in found for key in evse.keys))


def _client(url: str) -> RegistryClient:
    """The client brings an HTTP library, which takes a while and is not always needed."""
    from wattseal.registry.client import RegistryClient

    return RegistryClient(url)
