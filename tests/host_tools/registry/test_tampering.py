"""One changed byte, in any column of any table of either database, is found by an audit."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select, text, update
from starlette.testclient import TestClient
from support.registry.dropped_triggers import drop_triggers
from support.registry.every_kind_of_record import more_access_keys, record_every_kind
from support.registry.recorder import NAME, Recorder
from wattseal.common.errors import ToolError
from wattseal.common.sql import Database, DatabaseUnusable
from wattseal.registry.audit import Trust, audit
from wattseal.registry.audit_entries import AuditReport
from wattseal.registry.backup import load
from wattseal.registry.failures import RegistryError
from wattseal.registry.identity import load_identity, make_keys, write_name
from wattseal.registry.log_client import LogSource
from wattseal.registry.records import Record
from wattseal.registry.setup import open_registry
from wattseal.registry.store import tables
from wattseal.registry.web.app import create_app
from wattseal.registry.web.callers import Settings

SIZE = 270
"""One whole tile of level 0, so that there is a node of level 1."""

SEED = 20261121
RANDOM_CHANGES = 30
UNLIMITED = Settings(reads_per_minute=0, writes_per_minute=0, wrong_keys_per_minute=0)


class Kept:
    """A registry with a whole life in it, in a database of either kind that refuses nothing."""

    def __init__(self, data: Path, url: str, records: list[Record]) -> None:
        self.data, self.url = data, url
        self.now_ms = records[-1].unix_ms
        self.database = Database(url)
        tables.SCHEMA.upgrade(self.database)
        data.mkdir()
        make_keys(data)
        identity = load_identity(data, NAME)
        load(self.database, identity, records, lambda _tree: None)
        write_name(data, NAME)
        with self.database.write() as connection:
            drop_triggers(connection)

    def audited(self) -> AuditReport | None:
        """What an audit of the registry tells; None if it does not even start."""
        try:
            registry = open_registry(self.data, self.url)
            app = create_app(registry, UNLIMITED)
        except (ToolError, RegistryError, DatabaseUnusable):
            return None
        with TestClient(app, raise_server_exceptions=False) as client:
            report = audit(LogSource(client), Trust(), self.now_ms, max)
        registry.close()
        return report

    def is_found(self) -> bool:
        """Whether anybody would notice that the database was changed."""
        report = self.audited()
        return report is None or not report.is_sound

    def rows(self, table: Table) -> list[dict[str, Any]]:
        with self.database.read() as connection:
            return [dict(row) for row in connection.execute(select(table)).mappings()]

    def change(self, table: Table, row: dict[str, Any], column: str, value: Any) -> None:
        """Give a cell of a row another value; other rows stay."""
        keys = [each == row[each.name] for each in table.primary_key]
        with self.database.write() as connection:
            done = connection.execute(update(table).where(*keys).values({column: value}))
            assert done.rowcount == 1


@pytest.fixture(scope="module")
def records() -> list[Record]:
    recorder = Recorder()
    record_every_kind(recorder)
    return more_access_keys(recorder, SIZE)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def kept(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    records: list[Record],
) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'registry.db'}"
    else:
        url = request.getfixturevalue("postgres_server").create_database()
    opened = Kept(folder / "data", url, records)
    with closing(opened.database):
        yield opened


def changed(value: Any, dice: random.Random) -> Any:
    """The value with one byte changed, or one more where it is a number."""
    if isinstance(value, int):
        return value + (1 << dice.randrange(0, 30))
    if isinstance(value, bytes):
        at = dice.randrange(len(value))
        return value[:at] + bytes([value[at] ^ 1 << dice.randrange(8)]) + value[at + 1 :]
    if not value:
        return "x"
    at = dice.randrange(len(value))
    others = [each for each in "0a7Z*" if each != value[at]]
    return value[:at] + dice.choice(others) + value[at + 1 :]


def test_nothing_is_found_in_it_as_it_is(kept: Kept) -> None:
    report = kept.audited()
    assert report is not None
    assert report.findings == []
    assert report.is_sound
    assert report.size == SIZE
    assert set(report.records) == {
        *("registration", "deactivation", "hardware_exchange", "consent", "test_charge"),
        *("access_granted", "access_revoked"),
    }


COLUMNS = [(table, column) for table in tables.metadata.sorted_tables for column in table.columns]


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda each: each.name)
def test_a_changed_cell_is_found(kept: Kept, table: Table, column: Any) -> None:
    dice = random.Random(f"{SEED} {table.name} {column.name}")
    rows = [row for row in kept.rows(table) if row[column.name] is not None]
    assert rows, "no record of the life leads to a value in this column"
    row = dice.choice(rows)
    value = changed(row[column.name], dice)
    kept.change(table, row, column.name, value)
    try:
        assert kept.is_found(), f"{row[column.name]!r} became {value!r}"
    finally:
        kept.change(table, {**row, column.name: value}, column.name, row[column.name])


@pytest.mark.parametrize("number", range(RANDOM_CHANGES))
def test_a_cell_changed_at_random_is_found(kept: Kept, number: int) -> None:
    dice = random.Random(f"{SEED} {number}")
    table, column = dice.choice(COLUMNS)
    rows = kept.rows(table)
    row = dice.choice(rows)
    before = row[column.name]
    value = changed(before, dice) if before is not None else "x"
    if before is None and not hasattr(column.type, "length"):
        value = 1
    while column.primary_key and value in [each[column.name] for each in rows]:
        value = changed(before, dice)  # the database takes no second row of one name
    kept.change(table, row, column.name, value)
    try:
        assert kept.is_found(), f"seed {SEED}, {table.name}.{column.name}: {before!r}, {value!r}"
    finally:
        kept.change(table, {**row, column.name: value}, column.name, before)


@pytest.mark.parametrize("table", tables.metadata.sorted_tables, ids=lambda each: each.name)
def test_a_row_that_was_removed_is_found(kept: Kept, table: Table) -> None:
    rows = kept.rows(table)
    row = random.Random(f"{SEED} {table.name}").choice(rows)
    keys = [each == row[each.name] for each in table.primary_key]
    with kept.database.write() as connection:
        connection.execute(table.delete().where(*keys))
    try:
        assert kept.is_found()
    finally:
        with kept.database.write() as connection:
            connection.execute(table.insert(), row)


@pytest.mark.parametrize(
    "table", [*tables.STATE_TABLES, tables.evse_entry], ids=lambda each: each.name
)
@pytest.mark.parametrize("beyond", [0, 1000])
def test_a_row_that_was_added_behind_the_log_is_found(
    kept: Kept, table: Table, beyond: int
) -> None:
    row = {**kept.rows(table)[0], "entry": SIZE + beyond}
    with kept.database.write() as connection:
        connection.execute(table.insert(), row)
    try:
        assert kept.is_found()
    finally:
        with kept.database.write() as connection:
            connection.execute(table.delete().where(table.c.entry == SIZE + beyond))


def test_the_version_of_the_schema(kept: Kept) -> None:
    with kept.database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        assert kept.is_found()
    finally:
        with kept.database.write() as connection:
            undo = text("UPDATE alembic_version SET version_num = :version")
            connection.execute(undo, {"version": tables.VERSION})


def test_it_is_again_as_it_was(kept: Kept) -> None:
    """The changes were undone: what was found above was each change by itself."""
    report = kept.audited()
    assert report is not None
    assert report.is_sound
