"""Bringing a database's schema up to date with Alembic, whatever it holds: one for each `Schema`.

Two schemas can share a database: each has a version table of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, String, column, inspect, select, table, text

from wattseal.registry.database import Database
from wattseal.registry.failures import NotReady

if TYPE_CHECKING:
    from alembic.config import Config


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
        """Bring a database to `version`. NotReady if a newer program made it."""
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
                raise NotReady("not_ready", cause=f"its database has the newer schema {found}")
            command.upgrade(self.configuration(connection), self.version)

    def configuration(self, connection: Connection) -> Config:
        """What Alembic needs to know: the migrations, and the connection to make them on."""
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(self.migrations).replace("%", "%%"))
        config.attributes["connection"] = connection
        config.attributes["version_table"] = self.version_table
        return config

    def be_alone(self, connection: Connection) -> None:
        """Wait until no other process does what has to be done once; a writer of SQLite is alone.

        Until the end of the transaction.
        """
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": self.lock})

    def check(self, connection: Connection) -> None:
        """NotReady unless the database's schema is this program's."""
        found = self.version_of(connection)
        if found != self.version:
            cause = f"its database has the schema {found}, this program {self.version}"
            raise NotReady("not_ready", cause=cause)

    def version_of(self, connection: Connection) -> str | None:
        """The version of the schema in a database; None in one that is new."""
        if not inspect(connection).has_table(self.version_table):
            return None
        rows = select(column("version_num", String)).select_from(table(self.version_table))
        found: str | None = connection.execute(rows).scalar()
        return found
