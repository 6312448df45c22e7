"""States as rows and back, and rows that no state makes."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, Table, create_engine, select, update
from support.registry.every_kind_of_record import record_every_kind
from support.registry.recorder import Recorder
from wattseal.registry.api_models import State
from wattseal.registry.failures import StateBroken
from wattseal.registry.states import states_of
from wattseal.registry.store.tables import STATE_TABLES, TABLE_OF, metadata, row_of, state_of


@pytest.fixture(scope="module")
def states() -> list[State]:
    """Of records of every kind."""
    records = record_every_kind(Recorder())
    return [each for number, record in enumerate(records) for each in states_of(number, record)]


@pytest.fixture
def engine() -> Engine:
    made = create_engine("sqlite://")
    metadata.create_all(made)
    return made


def _keep(engine: Engine, state: State) -> Table:
    table, columns = row_of(state, 0)
    with engine.begin() as connection:
        connection.execute(table.insert(), columns)
    return table


def _read(engine: Engine, table: Table) -> State:
    with engine.connect() as connection:
        row = connection.execute(select(table)).mappings().one()
        return state_of(table, row)


def test_every_state_comes_back(states, engine):
    assert {type(state) for state in states} == set(TABLE_OF)
    with engine.begin() as connection:
        for ordinal, state in enumerate(states):
            table, columns = row_of(state, ordinal)
            connection.execute(table.insert(), columns)
            wanted = select(table).where(table.c.ordinal == ordinal)
            row = connection.execute(wanted).mappings().one()
            assert state_of(table, row) == state


def _read_if_whole(engine: Engine, table: Table) -> State | None:
    try:
        return _read(engine, table)
    except StateBroken:
        return None


def _bent(value: Any) -> Any:
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return ("1" if value[:1] != "1" else "2") + value[1:]
    return "1"


@pytest.mark.parametrize("table", STATE_TABLES, ids=lambda table: table.name)
def test_a_column_that_was_changed_is_another_state_or_none(states, engine, table):
    state = next(each for each in states if isinstance(each, table.info["model"]))
    _keep(engine, state)
    columns = row_of(state, 0)[1]
    for name, value in columns.items():
        if name == "ordinal":
            continue  # which store/log.py checks
        with engine.begin() as connection:
            connection.execute(update(table).values({name: _bent(value)}))
        assert _read_if_whole(engine, table) != state, name
        with engine.begin() as connection:
            connection.execute(update(table).values({name: value}))
    assert _read(engine, table) == state


@pytest.mark.parametrize(
    ("table_name", "column", "value"),
    [
        ("meter_state", "serial_name", "1EMH0012345699"),
        ("meter_state", "manufacturer_name", "emh"),
        ("module_state", "gateway_serial_name", "WS-1"),
        ("evse_state", "meter_serial", None),
        ("evse_state", "status", "unheard"),
        ("access_state", "operators", "{"),
        ("access_state", "operators", '["DE*ABC",  "+49*823"]'),
        ("access_state", "revoked", 2),
        ("consent_state", "used", -1),
        ("key_state", "since_unix_ms", -1),
        ("key_state", "key_number", "one"),
    ],
)
def test_rows_that_no_state_makes(states, engine, table_name, column, value):
    table = metadata.tables[table_name]
    state = next(each for each in states if isinstance(each, table.info["model"]))
    _keep(engine, state)
    with engine.begin() as connection:
        connection.execute(update(table).values({column: value}))
    with pytest.raises(StateBroken, match=f"a row of {table_name} cannot be read"):
        _read(engine, table)
