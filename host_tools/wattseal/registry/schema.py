"""The database's schema: made and brought up to date by Alembic, known by its version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, text

from wattseal.registry.database import Database
from wattseal.registry.failures import NotReady

VERSION = "0002"
"""Of this program: the newest in migrations/versions."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = 0x77617474_7365616C
"""Name of the PostgreSQL lock that `be_alone` takes."""


def upgrade(database: Database) -> None:
    """Bring the schema to VERSION. NotReady if a newer program made it."""
    with database.read() as connection:
        if version(connection) == VERSION:
            return
    with database.write() as connection:
        be_alone(connection)
        known = {path.stem.split("_")[0] for path in (_MIGRATIONS / "versions").glob("0*.py")}
        found = version(connection)
        if found is not None and found not in known:
            raise NotReady("not_ready", cause=f"its database has the newer schema {found}")
        command.upgrade(configuration(connection), VERSION)


def configuration(connection: Connection) -> Config:
    """What Alembic needs to know: the migrations, and the connection to make them on."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def be_alone(connection: Connection) -> None:
    """Wait until no other process sets this database up; a writer of SQLite is alone anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": _ONE_AT_A_TIME})


def check(connection: Connection) -> None:
    """NotReady unless the schema is this program's."""
    found = version(connection)
    if found != VERSION:
        cause = f"its database has the schema {found}, this program {VERSION}"
        raise NotReady("not_ready", cause=cause)


def version(connection: Connection) -> str | None:
    """The schema's version; None in a database that is new."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found
