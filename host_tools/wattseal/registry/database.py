"""The database: a file of SQLite, or a PostgreSQL server. One that writes, many that read.

A reader sees one moment of the database for as long as it reads; who asks one thing only does
without a transaction. A writer has the database to
itself from the first statement (SQLite) or from the moment that it locks the log's head
(PostgreSQL, log_store.lock_head); what it wrote is on the disk when `write` is left, or is not
there at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from wattseal.registry.failures import NotReady

WAIT_S = 60
"""How long a writer waits for those before it."""

IDLE_S = 20
"""When PostgreSQL ends a transaction that does nothing: who hangs does not stop the others."""

READERS = 4
MORE_READERS = 4
"""Connections of one kind and process that stay open, and that may be opened beyond these."""

RECYCLE_S = 1800
"""A connection that is older is opened anew: routers forget those that are silent for long."""

_UNREACHABLE = "its database cannot be reached"
_SERVER_STATES = ("08", "53", "57")  # connection lost, out of something, being stopped


class Database:
    """url: `sqlite:///FILE` or `postgresql://...`. NotReady if it is none of these."""

    def __init__(self, url: str | URL) -> None:
        self.url = _checked(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._asking = _sqlite_engine(self.url, None, pool_size=READERS)
            self._reading = _sqlite_engine(self.url, "BEGIN", pool_size=READERS)
            self._writing = _sqlite_engine(self.url, "BEGIN IMMEDIATE", pool_size=1)
        else:
            self._asking = _postgres_engine(self.url, "AUTOCOMMIT", pool_size=READERS)
            self._reading = _postgres_engine(self.url, "REPEATABLE READ", pool_size=READERS)
            self._writing = _postgres_engine(self.url, "READ COMMITTED", pool_size=1)

    @contextmanager
    def ask(self) -> Iterator[Connection]:
        """A connection for one statement that reads. NotReady if the database cannot be reached."""
        with _connect(self._asking) as connection, _told(connection):
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one moment. NotReady if the database cannot be reached."""
        with _connect(self._reading) as connection, _told(connection):
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in a transaction: kept as a whole, or, after an exception, not at all."""
        with _connect(self._writing) as connection, _told(connection), connection.begin():
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._asking.dispose()
        self._reading.dispose()
        self._writing.dispose()


def _connect(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except (DBAPIError, PoolTimeoutError) as error:
        raise NotReady("not_ready", cause=_cause_of(error) or _UNREACHABLE) from error


@contextmanager
def _told(connection: Connection) -> Iterator[None]:
    """Failures of the database itself, not of what was asked, in the registry's own words.

    The driver of PostgreSQL lets errors of its socket through as they are. A server that went away
    takes all connections with it, so none of them is used again.
    """
    try:
        yield
    except (DBAPIError, ConnectionError, TimeoutError) as error:
        cause = _cause_of(error)
        if cause is None:
            raise
        if cause == _UNREACHABLE:
            connection.invalidate()
            connection.engine.dispose(close=False)
        raise NotReady("not_ready", cause=cause) from error


def _cause_of(error: Exception) -> str | None:
    """Without the statement, which may hold what people have written, and without the address."""
    text, state = str(error), _sqlstate(error)
    if isinstance(error, PoolTimeoutError) or "database is locked" in text or state == "55P03":
        return "its database is busy"
    if "disk is full" in text or state == "53100":
        return "the disk of its database is full"
    if not isinstance(error, DBAPIError) or isinstance(error, (OperationalError, InterfaceError)):
        return _UNREACHABLE
    return _UNREACHABLE if error.connection_invalidated or state[:2] in _SERVER_STATES else None


def _sqlstate(error: Exception) -> str:
    """Of PostgreSQL (its documentation, appendix A); empty if there is none."""
    given = getattr(getattr(error, "orig", None), "args", ())
    return str(given[0].get("C", "")) if given and isinstance(given[0], dict) else ""


def _checked(text: str | URL) -> URL:
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise NotReady("not_ready", cause="the database's URL cannot be read") from None
    if backend == "postgresql":
        if not url.username:
            raise NotReady("not_ready", cause="the database's URL names no user")
        return url.set(drivername="postgresql+pg8000")
    if backend != "sqlite":
        raise NotReady("not_ready", cause="its database is neither SQLite nor PostgreSQL")
    if not url.database or url.database == ":memory:":
        raise NotReady("not_ready", cause="an SQLite database in memory is lost with the process")
    return url


def _postgres_engine(url: URL, isolation_level: str, pool_size: int) -> Engine:
    return create_engine(
        url,
        isolation_level=isolation_level,
        pool_size=pool_size,
        max_overflow=_more(pool_size),
        pool_timeout=WAIT_S,
        # A writer's statements are many, so it looks first; a reader that finds its connection
        # gone says so once, and all of that age are opened anew.
        pool_pre_ping=pool_size == 1,
        pool_recycle=RECYCLE_S,
        hide_parameters=True,
        connect_args={
            "application_name": "wattseal registry",
            "startup_params": {
                "lock_timeout": f"{WAIT_S}s",
                "idle_in_transaction_session_timeout": f"{IDLE_S}s",
            },
        },
    )


def _sqlite_engine(url: URL, begin: str | None, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=_more(pool_size),
        pool_timeout=WAIT_S,
        hide_parameters=True,
        # The wait that Python's driver sets as SQLite's busy time-out when it opens the file.
        connect_args={"timeout": WAIT_S},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    if begin is not None:

        @event.listens_for(engine, "begin")
        def begin_it(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

    return engine


def _more(pool_size: int) -> int:
    """Writers wait for one another anyway: they share one connection, in the order they came."""
    return 0 if pool_size == 1 else MORE_READERS
