"""The database refuses to change or remove rows, except for whoever may change its schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from registry.intruder import take_guards_away
from registry.office import Office
from registry.simulated_module import EVSE_ID, SimulatedModule
from registry.whole_life import OTHER_METER
from sqlalchemy import Table, func, select, text, update
from sqlalchemy.exc import DBAPIError
from wattseal.registry import schema, tables
from wattseal.registry.database import Database
from wattseal.registry.requests import ConsentRequest

ALL = tables.metadata.sorted_tables
STAY_WHOLE = [table for table in ALL if table is not tables.log_head]


@pytest.fixture
def office(tmp_path: Path, database_url: str) -> Iterator[Office]:
    """With something in every table but that of the tree's nodes, which 256 entries fill."""
    opened = Office(tmp_path / "data", database_url)
    opened.commission(SimulatedModule())
    opened.registry.consent(ConsentRequest(evse_id=EVSE_ID, to_operator="DE*XYZ"), opened.abc)
    yield opened
    opened.registry.close()


def rows(office: Office, table: Table) -> int:
    with office.registry._database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def refused(office: Office, statement: object) -> None:
    with (
        pytest.raises(DBAPIError, match="stay as they are"),
        office.registry._database.write() as connection,
    ):
        connection.execute(statement)


def node(office: Office) -> None:
    """One of the tree's nodes, so that there is a row to change."""
    with office.registry._database.write() as connection:
        row = {"level": 9, "number": 0, "hash": b"\0" * 32}
        connection.execute(tables.log_node.insert(), row)


@pytest.mark.parametrize("table", STAY_WHOLE, ids=lambda table: table.name)
def test_no_row_is_changed(office, table):
    node(office)
    assert rows(office, table) > 0
    column = list(table.columns)[-1]
    refused(office, update(table).values({column: column}))


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_no_row_is_removed(office, table):
    node(office)
    before = rows(office, table)
    refused(office, table.delete())
    if not office.registry._database.is_sqlite:  # SQLite has no such statement
        refused(office, text(f"TRUNCATE {table.name}"))
    assert rows(office, table) == before > 0


def test_no_row_is_changed_by_adding_it_again(office):
    added_again = (
        "INSERT INTO log_entry (number, hash, leaf, record) "
        "SELECT number, hash, 'other', record FROM log_entry WHERE number = 0 "
        "ON CONFLICT (number) DO UPDATE SET leaf = 'other'"
    )
    refused(office, text(added_again))


def test_the_registry_goes_on(office):
    other = SimulatedModule("module 2", evse_id="DE*ABC*E2", meter=OTHER_METER)
    size = office.size
    assert office.commission(other).entry == size
    assert office.size == size + 1


def test_whoever_may_change_the_schema_is_not_stopped(office):
    """Which is why there is an audit."""
    with office.registry._database.write() as connection:
        take_guards_away(connection)
        changed = connection.execute(update(tables.evse_state).values(status="moved"))
        assert changed.rowcount > 0
    assert office.registry.evse(EVSE_ID).status == "moved"


def test_a_database_from_before_is_guarded_when_it_is_opened(tmp_path, database_url, monkeypatch):
    monkeypatch.setattr(schema, "_SCHEMA", replace(schema._SCHEMA, version="0001"))
    old = Office(tmp_path / "data", database_url)
    old.commission(SimulatedModule())
    with old.registry._database.write() as connection:
        connection.execute(update(tables.evse_state).values(status="active"))
    old.registry.close()
    monkeypatch.undo()
    database = Database(database_url)
    schema.upgrade(database)
    with pytest.raises(DBAPIError, match="stay as"), database.write() as connection:
        connection.execute(update(tables.evse_state).values(status="moved"))
    with database.read() as connection:
        schema.check(connection)


def test_no_program_takes_the_guards_away(office):
    with office.registry._database.write() as connection:
        config = schema._SCHEMA.configuration(connection)
        with pytest.raises(NotImplementedError):
            command.downgrade(config, "0001")
