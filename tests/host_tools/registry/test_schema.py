"""The migrations make the tables that the program expects, on both databases."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from wattseal.common.sql import Database, DatabaseUnusable
from wattseal.registry.store import tables


def test_the_migrations_make_the_tables(database_url: str) -> None:
    database = Database(database_url)
    with database.read() as connection, pytest.raises(DatabaseUnusable, match="the schema None"):
        tables.SCHEMA.check(connection)
    tables.SCHEMA.upgrade(database)
    tables.SCHEMA.upgrade(database)
    with database.read() as connection:
        tables.SCHEMA.check(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
        for table in tables.metadata.sorted_tables:
            made = inspect(connection).get_indexes(table.name)
            assert {index["name"] for index in made} == {index.name for index in table.indexes}
            primary = inspect(connection).get_pk_constraint(table.name)["constrained_columns"]
            assert primary == [column.name for column in table.primary_key]


def test_the_newest_migration_is_the_programs_version() -> None:
    config = Config()
    config.set_main_option("script_location", str(tables.SCHEMA.migrations))
    assert ScriptDirectory.from_config(config).get_heads() == [tables.VERSION]


def test_sqlite_waits_for_the_disk(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    for opened in (database.ask, database.read, database.write):
        with opened() as connection:
            pragma = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "busy_timeout")
            }
        assert pragma == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 60_000}


def test_postgresql_compares_names_by_their_bytes(postgres_url: str) -> None:
    database = Database(postgres_url)
    tables.SCHEMA.upgrade(database)
    with database.read() as connection:
        plan = connection.exec_driver_sql(
            "SELECT collation_name FROM information_schema.columns "
            "WHERE table_name = 'evse_state' AND column_name = 'evse_id'"
        )
        assert plan.scalar() == "C"
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == (
            "repeatable read"
        )
