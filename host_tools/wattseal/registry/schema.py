"""The database's schema: made and brought up to date by Alembic, known by its version."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from wattseal.registry.database import Database
from wattseal.registry.migrating import Schema

VERSION = "0002"
"""Of this program: the newest in migrations/versions."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_SCHEMA = Schema(_MIGRATIONS, VERSION, "alembic_version", lock=0x77617474_7365616C)


def upgrade(database: Database) -> None:
    """Bring the schema to VERSION. NotReady if a newer program made it."""
    _SCHEMA.upgrade(database)


def be_alone(connection: Connection) -> None:
    """Wait until no other process sets this database up; a writer of SQLite is alone anyway."""
    _SCHEMA.be_alone(connection)


def check(connection: Connection) -> None:
    """NotReady unless the schema is this program's."""
    _SCHEMA.check(connection)


def version(connection: Connection) -> str | None:
    """The schema's version; None in a database that is new."""
    return _SCHEMA.version_of(connection)
