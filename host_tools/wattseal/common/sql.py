"""Opens a database, a file of SQLite or a PostgreSQL server, for one writer and many readers.

A reader sees one state of the database for as long as it reads; one statement alone needs no
transaction. A writer has the database to itself from the first statement (SQLite) or from when it
locks the log's head (PostgreSQL, registry/store/log.py); what it wrote is on the disk when `write`
is left, or is not there at all.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    URL,
    BigInteger,
    Connection,
    Engine,
    Integer,
    Select,
    String,
    Table,
    column,
    create_engine,
    event,
    inspect,
    make_url,
    select,
    table,
    text,
)
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

if TYPE_CHECKING:
    from alembic.config import Config


_NULL = "\\N"


Name = String(400).with_variant(String(400, collation="C"), "postgresql")
"""Compared by its bytes, whatever the database's language, so that beginnings can be looked up."""

Number = BigInteger().with_variant(Integer(), "sqlite")
"""Integer of 64 bits."""


class DatabaseUnusable(Exception):  # noqa: N818
    """The database cannot be reached, or is not the one that belongs here; `cause` says which."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


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


ROWS_AT_A_TIME = 1000


def stream(connection: Connection, statement: Select[Any]) -> Iterator[Any]:
    """The rows as tuples, some at a time; the driver of PostgreSQL would otherwise fetch all at
    once. In a transaction, one stream at a time.
    """
    if connection.dialect.name == "postgresql":
        yield from _from_cursor(connection, statement)
        return
    cursor = connection.execute(statement).cursor
    while rows := cursor.fetchmany(ROWS_AT_A_TIME):
        yield from rows


def _from_cursor(connection: Connection, statement: Select[Any]) -> Iterator[Any]:
    text = statement.compile(connection, compile_kwargs={"literal_binds": True})
    connection.exec_driver_sql(f"DECLARE streamed NO SCROLL CURSOR FOR {text}")
    while rows := connection.exec_driver_sql(f"FETCH {ROWS_AT_A_TIME} FROM streamed").all():
        yield from rows
    connection.exec_driver_sql("CLOSE streamed")


def insert(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add rows, whose cells are in the order of the table's columns."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        blanks = ", ".join("?" * len(table.columns))
        statement = f"INSERT INTO {table.name} VALUES ({blanks})"  # noqa: S608 - one of ours
        connection.exec_driver_sql(statement, list(rows))
    else:
        copy_rows(connection, table.name, [f'"{column.name}"' for column in table.columns], rows)


WAIT_S = 60
"""How long a writer waits for those before it."""

IDLE_S = 20
"""When PostgreSQL ends a transaction that does nothing: one that hangs must not stop the others."""

READING = {"pool_size": 4, "max_overflow": 4}
"""Connections of one kind and process that stay open, and that may be opened beyond these."""

WRITING = {"pool_size": 1, "max_overflow": 0}
"""Writers wait for one another anyway: they share one connection, in the order they came."""

RECYCLE_S = 1800
"""A connection that is older is opened anew: routers drop those that were idle for long."""

_UNREACHABLE = "its database cannot be reached"
_SERVER_STATES = ("08", "53", "57")  # connection lost, out of something, being stopped


class Database:
    """url: `sqlite:///FILE` or `postgresql://...`. DatabaseUnusable if it is none of these."""

    def __init__(self, url: str | URL) -> None:
        self.url = _checked(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._asking = _sqlite_engine(self.url, None, READING)
            self._reading = _sqlite_engine(self.url, "BEGIN", READING)
            self._writing = _sqlite_engine(self.url, "BEGIN IMMEDIATE", WRITING)
        else:
            self._asking = _postgres_engine(self.url, "AUTOCOMMIT", READING)
            self._reading = _postgres_engine(self.url, "REPEATABLE READ", READING)
            self._writing = _postgres_engine(self.url, "READ COMMITTED", WRITING)

    def ask(self) -> AbstractContextManager[Connection]:
        """A connection for one statement that reads. Raises DatabaseUnusable."""
        return _connected(self._asking)

    def read(self) -> AbstractContextManager[Connection]:
        """A connection that sees one state of the database. Raises DatabaseUnusable."""
        return _connected(self._reading)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in a transaction: kept as a whole, or, after an exception, not at all."""
        with _connected(self._writing) as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._asking.dispose()
        self._reading.dispose()
        self._writing.dispose()


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    """A connection; a failure of the database itself, not of a statement, is DatabaseUnusable.

    PostgreSQL's driver does not wrap the errors of its socket. A server that went away takes all
    connections with it, so none of them is used again.
    """
    try:
        connection = engine.connect()
    except (DBAPIError, PoolTimeoutError) as error:
        raise DatabaseUnusable(_cause_of(error) or _UNREACHABLE) from error
    with connection:
        try:
            yield connection
        except (DBAPIError, ConnectionError, TimeoutError) as error:
            cause = _cause_of(error)
            if cause is None:
                raise
            if cause == _UNREACHABLE:
                connection.invalidate()
                connection.engine.dispose(close=False)
            raise DatabaseUnusable(cause) from error


def _cause_of(error: Exception) -> str | None:
    """What failed, if it is the database: without the statement, which may hold personal data."""
    text, state = str(error), _sqlstate(error)
    if isinstance(error, PoolTimeoutError) or "database is locked" in text or state == "55P03":
        return "its database is busy"
    if "disk is full" in text or state == "53100":
        return "the disk of its database is full"
    if not isinstance(error, DBAPIError) or isinstance(error, (OperationalError, InterfaceError)):
        return _UNREACHABLE
    return _UNREACHABLE if error.connection_invalidated or state[:2] in _SERVER_STATES else None


def _sqlstate(error: Exception) -> str:
    """The SQLSTATE of PostgreSQL (its documentation, appendix A); empty if there is none."""
    given = getattr(getattr(error, "orig", None), "args", ())
    return str(given[0].get("C", "")) if given and isinstance(given[0], dict) else ""


def _checked(text: str | URL) -> URL:
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise DatabaseUnusable("the database's URL cannot be read") from None
    if backend == "postgresql":
        if not url.username:
            raise DatabaseUnusable("the database's URL names no user")
        return url.set(drivername="postgresql+pg8000")
    if backend != "sqlite":
        raise DatabaseUnusable("its database is neither SQLite nor PostgreSQL")
    if not url.database or url.database == ":memory:":
        raise DatabaseUnusable("an SQLite database in memory is lost with the process")
    return url


def _postgres_engine(url: URL, isolation_level: str, pool: dict[str, int]) -> Engine:
    return create_engine(
        url,
        isolation_level=isolation_level,
        pool_timeout=WAIT_S,
        # A writer's statements are many, so its connection is tried first; a reader that finds its
        # connection gone fails once, and all of that age are opened anew.
        pool_pre_ping=pool is WRITING,
        pool_recycle=RECYCLE_S,
        hide_parameters=True,
        connect_args={
            "application_name": "wattseal registry",
            "startup_params": {
                "lock_timeout": f"{WAIT_S}s",
                "idle_in_transaction_session_timeout": f"{IDLE_S}s",
            },
        },
        **pool,
    )


def _sqlite_engine(url: URL, begin: str | None, pool: dict[str, int]) -> Engine:
    engine = create_engine(
        url,
        pool_timeout=WAIT_S,
        hide_parameters=True,
        # The wait that Python's driver sets as SQLite's busy time-out when it opens the file.
        connect_args={"timeout": WAIT_S},
        **pool,
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


@dataclass(frozen=True)
class Schema:
    """A schema known by its version.

    version: of this program, the newest file in `migrations`/versions. version_table: where a
    database says which one it has. lock: of PostgreSQL, which `be_alone` takes.
    """

    migrations: Path
    version: str
    version_table: str
    lock: int

    def upgrade(self, database: Database) -> None:
        """Bring a database to `version`. DatabaseUnusable if a newer program made it."""
        # Most databases are up to date: they need no Alembic, which takes a while to import.
        with database.read() as connection:
            if self.version_of(connection) == self.version:
                return
        from alembic import command

        with database.write() as connection:
            self.be_alone(connection)
            known = {path.stem.split("_")[0] for path in self.migrations.glob("versions/0*.py")}
            found = self.version_of(connection)
            if found is not None and found not in known:
                raise DatabaseUnusable(f"its database has the newer schema {found}")
            command.upgrade(self.configuration(connection), self.version)

    def configuration(self, connection: Connection) -> Config:
        """The configuration of Alembic: the migrations, and the connection to make them on."""
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(self.migrations).replace("%", "%%"))
        config.attributes["connection"] = connection
        config.attributes["version_table"] = self.version_table
        return config

    def be_alone(self, connection: Connection) -> None:
        """Take the schema's lock until the end of the transaction; a writer of SQLite is alone."""
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": self.lock})

    def check(self, connection: Connection) -> None:
        """DatabaseUnusable unless the database's schema is this program's."""
        found = self.version_of(connection)
        if found != self.version:
            cause = f"its database has the schema {found}, this program {self.version}"
            raise DatabaseUnusable(cause)

    def version_of(self, connection: Connection) -> str | None:
        """The version of the schema in a database; None in one that is new."""
        if not inspect(connection).has_table(self.version_table):
            return None
        rows = select(column("version_num", String)).select_from(table(self.version_table))
        found: str | None = connection.execute(rows).scalar()
        return found


def run_migrations() -> None:
    """Carry out what Alembic has begun, on the connection that `Schema.configuration` gave it."""
    from alembic import context

    given = context.config.attributes
    context.configure(connection=given["connection"], version_table=given["version_table"])
    context.run_migrations()
