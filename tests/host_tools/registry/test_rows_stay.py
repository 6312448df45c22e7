"""The database refuses to change or remove rows, except for whoever may change its schema."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, Table, func, select, text, update
from sqlalchemy.exc import DBAPIError
from support.registry.dropped_triggers import drop_triggers
from support.registry.every_kind_of_record import OTHER_METER
from support.registry.operated_registry import OperatedRegistry
from support.registry.simulated_module import EVSE_ID, SimulatedModule
from wattseal.common.sql import Database
from wattseal.registry.api_models import ConsentRequest
from wattseal.registry.store import index, tables

ALL = tables.metadata.sorted_tables
STAY_WHOLE = [table for table in ALL if table is not tables.log_head]


@pytest.fixture
def operated(tmp_path: Path, database_url: str) -> Iterator[OperatedRegistry]:
    """With something in every table but that of the tree's nodes, which 256 entries fill."""
    opened = OperatedRegistry(tmp_path / "data", database_url)
    opened.commission(SimulatedModule())
    opened.registry.record_about_evse(
        ConsentRequest(evse_id=EVSE_ID, to_operator="DE*XYZ"), opened.abc
    )
    yield opened
    opened.registry.close()


def rows(operated: OperatedRegistry, table: Table) -> int:
    with operated.registry._database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def refused(operated: OperatedRegistry, statement: object) -> None:
    with (
        pytest.raises(DBAPIError, match="stay as they are"),
        operated.registry._database.write() as connection,
    ):
        connection.execute(statement)


def node(operated: OperatedRegistry) -> None:
    """One of the tree's nodes, so that there is a row to change."""
    with operated.registry._database.write() as connection:
        row = {"level": 9, "number": 0, "hash": b"\0" * 32}
        connection.execute(tables.log_node.insert(), row)


@pytest.mark.parametrize("table", STAY_WHOLE, ids=lambda table: table.name)
def test_no_row_is_changed(operated, table):
    node(operated)
    assert rows(operated, table) > 0
    column = list(table.columns)[-1]
    refused(operated, update(table).values({column: column}))


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_no_row_is_removed(operated, table):
    node(operated)
    before = rows(operated, table)
    refused(operated, table.delete())
    if not operated.registry._database.is_sqlite:  # SQLite has no such statement
        refused(operated, text(f"TRUNCATE {table.name}"))
    assert rows(operated, table) == before > 0


def test_no_row_is_changed_by_adding_it_again(operated):
    added_again = (
        "INSERT INTO log_entry (number, hash, leaf, record) "
        "SELECT number, hash, 'other', record FROM log_entry WHERE number = 0 "
        "ON CONFLICT (number) DO UPDATE SET leaf = 'other'"
    )
    refused(operated, text(added_again))


def test_the_registry_goes_on(operated):
    other = SimulatedModule("module 2", evse_id="DE*ABC*E2", meter=OTHER_METER)
    size = operated.size
    assert operated.commission(other).entry == size
    assert operated.size == size + 1


def test_whoever_may_change_the_schema_is_not_stopped(operated):
    """Which is why there is an audit."""
    with operated.registry._database.write() as connection:
        drop_triggers(connection)
        changed = connection.execute(update(tables.evse_state).values(status="moved"))
        assert changed.rowcount > 0
    assert operated.registry.evse(EVSE_ID).status == "moved"


@pytest.mark.parametrize("version", ["0001", "0002", "0003"])
def test_a_database_from_before_is_guarded_and_filled_when_it_is_opened(
    operated: OperatedRegistry, database_url: str, version: str
) -> None:
    lost = SimulatedModule().deactivation(reason="compromised", note="found open")
    operated.registry.record_about_evse(lost, operated.abc)
    operated.registry.close()
    database = Database(database_url)
    in_order = select(tables.evse_state).order_by("entry", "ordinal")
    with database.read() as connection:
        before = connection.execute(in_order).all()
        roots = [index.read_root(connection, size) for size in (0, operated.size)]
    with database.write() as connection:
        _age(connection, version)
    tables.SCHEMA.upgrade(database)
    with pytest.raises(DBAPIError, match="stay as"), database.write() as connection:
        connection.execute(update(tables.evse_state).values(status="moved"))
    with database.read() as connection:
        tables.SCHEMA.check(connection)
        assert connection.execute(in_order).all() == before
        assert [index.read_root(connection, size) for size in (0, operated.size)] == roots
    with pytest.raises(DBAPIError, match="stay as"), database.write() as connection:
        connection.execute(update(tables.index_node).values(is_leaf=0))
    assert {row.settings_sha256 is None for row in before} == {True, False}


def _age(connection: Connection, version: str) -> None:
    """Take away what the migrations after a version have added."""
    connection.execute(text("DROP TABLE index_node"))
    if version != "0003":
        connection.execute(text("ALTER TABLE evse_state DROP COLUMN settings_sha256"))
    if version == "0001" and connection.dialect.name == "sqlite":
        drop_triggers(connection)
    elif version == "0001":
        connection.execute(text("DROP FUNCTION wattseal_refuse CASCADE"))
    connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": version})


def test_no_program_takes_the_guards_away(operated):
    with operated.registry._database.write() as connection:
        config = tables.SCHEMA.configuration(connection)
        with pytest.raises(NotImplementedError):
            command.downgrade(config, "0001")
