"""The schema of received CDRs, brought up to date when a database is opened."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL

from wattseal.errors import ToolError
from wattseal.registry.database import Database
from wattseal.registry.failures import NotReady
from wattseal.registry.migrating import Schema

SCHEMA = Schema(
    migrations=Path(__file__).parent / "migrations",
    version="0001",
    version_table="cdr_schema_version",
    lock=0x77617474_63647273,
)
DATABASE_FILE = "cdrs.db"


def open_database(data: Path, database_url: str | None = None) -> Database:
    """The database of a folder or URL, made if it is new. ToolError `receiver_data_unusable`."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        url = URL.create("sqlite", database=str(data / DATABASE_FILE))
        database = Database(database_url or url)
        SCHEMA.upgrade(database)
    except OSError as error:
        cause = error.strerror or str(error)
        raise ToolError("receiver_data_unusable", path=str(data), cause=cause) from None
    except NotReady as error:
        cause = str(error.detail["cause"])
        raise ToolError("receiver_data_unusable", path=str(data), cause=cause) from None
    return database
