"""Opening a registry: its folder, its database, its keys; all of it made when it is new.

The folder holds registry.json, ecdsa.pem, ed25519.pem, administrator.key and, without a database
URL, registry.db. A registry has begun when its database knows its name and keys; from then on
neither is made anew: a log that began twice under one key would be two logs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import URL, Connection, select

from wattseal.common.errors import ToolError
from wattseal.common.files import read_private
from wattseal.common.sql import Database, DatabaseUnusable
from wattseal.common.times import unix_ms_now
from wattseal.registry.api_models import AccessRequest
from wattseal.registry.failures import AccessError, ClockWrong
from wattseal.registry.identity import (
    RESTORE,
    Identity,
    check_name,
    load_identity,
    make_keys,
    place_private,
    read_name,
    unusable,
    write_name,
)
from wattseal.registry.make_record import build_access
from wattseal.registry.published_log import ServerClock, check_clock, server_unix_ms
from wattseal.registry.replay import HOST
from wattseal.registry.rules.proof import OFFLINE_DAYS
from wattseal.registry.service import NewKey, Registry, make_key, read_key
from wattseal.registry.store import log as log_store
from wattseal.registry.store import tables
from wattseal.tlog.tree import Frontier

ADMINISTRATOR_FILE = "administrator.key"
DATABASE_FILE = "registry.db"


def open_registry(
    data: Path,
    database_url: str | None = None,
    name: str | None = None,
    clock: Callable[[], int] = unix_ms_now,
    offline_days: int = OFFLINE_DAYS,
    server_clock: ServerClock = server_unix_ms,
) -> Registry:
    """The registry of a folder; a new one needs a name. ToolError says why it cannot be opened."""
    database = open_database(data, database_url)
    try:
        tables.SCHEMA.upgrade(database)
        identity = _identity(data, database, name, (clock, server_clock))
    except ClockWrong as error:
        database.close()
        raise unusable(data, error.sentence.rstrip("."), error.remedy) from error
    except DatabaseUnusable as error:
        database.close()
        cause = error.cause
        raise unusable(data, cause, "Check --database-url and the database itself.") from error
    except ToolError:
        database.close()
        raise
    return Registry(database, identity, clock, offline_days, server_clock)


def open_database(data: Path, database_url: str | None = None) -> Database:
    """The database of a folder, whatever is in it. ToolError `registry_data_unusable`."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        cause = error.strerror or str(error)
        raise unusable(data, cause, "Give another folder with --data.") from None
    url = URL.create("sqlite", database=str(data / DATABASE_FILE))
    try:
        return Database(database_url or url)
    except DatabaseUnusable as error:
        remedy = "Give --database-url as postgresql://USER:PASSWORD@HOST/NAME."
        raise unusable(data, error.cause, remedy) from None


def begin(connection: Connection, identity: Identity, log: Frontier | None = None) -> None:
    """Write into a new database whose it is, and the head of its log: empty without one."""
    head = log or Frontier()
    connection.execute(tables.registry_identity.insert(), log_store.identity_row(identity))
    connection.execute(
        tables.log_head.insert(),
        {"id": log_store.HEAD_ID, "size": head.size, "frontier": head.to_bytes()},
    )


def _identity(
    data: Path, database: Database, name: str | None, clocks: tuple[Callable[[], int], ServerClock]
) -> Identity:
    with database.read() as connection:
        recorded = connection.execute(select(tables.registry_identity.c.name)).scalar()
    written = read_name(data)
    if recorded is None and written is not None:
        cause = f"the database of {written} is empty, but that registry has begun"
        raise unusable(data, cause, "Restore its database from a backup.")
    wanted = recorded or name
    if wanted is None:
        remedy = "Give the name of its log with --name, such as registry.example/keys."
        raise unusable(data, "it is new and has no name", remedy)
    for given in (name, written):
        if given not in (None, wanted):
            remedy = "Give the folder and the database of one registry."
            raise unusable(data, f"its name is {wanted}, not {given}", remedy)
    if recorded is None:
        check_name(data, wanted)
        make_keys(data)
    identity = load_identity(data, wanted)
    if recorded is None:
        _begin(data, database, identity, clocks)
    with database.read() as connection:
        if not log_store.is_identity(connection, identity):
            cause = f"the keys in the folder are not those of {wanted} in the database"
            raise unusable(data, cause, RESTORE)
    write_name(data, wanted)
    return identity


def _begin(
    data: Path,
    database: Database,
    identity: Identity,
    clocks: tuple[Callable[[], int], ServerClock],
) -> None:
    """Begin the log with the first access key, unless another process did meanwhile.

    The key's file is there before the entry is: an entry whose key nobody has would be of no use.
    """
    clock, server_clock = clocks
    now_ms = clock()
    key = _administrator_key(data)
    request = AccessRequest(role="administrator", label="first access key", days=None)
    record = build_access(request, HOST, now_ms, key.key_id, key.secret_sha256)
    with database.write() as connection:
        tables.SCHEMA.be_alone(connection)
        if connection.execute(select(tables.registry_identity.c.id)).first() is None:
            check_clock(now_ms, 0, server_clock(connection))
            begin(connection, identity)
            log_store.append(connection, log_store.lock_head(connection), record)


def _administrator_key(data: Path) -> NewKey:
    path = data / ADMINISTRATOR_FILE
    place_private(path, make_key().text.encode() + b"\n")
    try:
        return read_key(read_private(path).decode().strip())
    except (AccessError, UnicodeDecodeError):
        remedy = f"Move {ADMINISTRATOR_FILE} away and start again."
        raise unusable(data, f"{ADMINISTRATOR_FILE} holds no access key", remedy) from None
