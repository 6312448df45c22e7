"""The registry's tables. Rows are only ever added; the one row that changes is the log's head.

Triggers refuse everything else (migrations/versions/0002_rows_stay.py).

Everything but the identity follows from the records in `log_entry`. The columns of a state table
are the members of its model in api_models.py, a meter in columns of its own, and the names that
things are looked up by. `ordinal` is the state's place among those that its entry made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

from wattseal.common.sql import Database, Name, Number, Schema
from wattseal.common.text import normalized
from wattseal.registry.api_models import (
    AccessState,
    ConsentState,
    EvseState,
    KeyState,
    MeterState,
    ModuleState,
    State,
)
from wattseal.registry.failures import StateBroken

VERSION = "0002"
"""Of this program: the newest in migrations/versions."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_SCHEMA = Schema(_MIGRATIONS, VERSION, "alembic_version", lock=0x77617474_7365616C)


def upgrade(database: Database) -> None:
    """Bring the schema to VERSION. DatabaseUnusable if a newer program made it."""
    _SCHEMA.upgrade(database)


def be_alone(connection: Connection) -> None:
    """Wait until no other process sets this database up; a writer of SQLite is alone anyway."""
    _SCHEMA.be_alone(connection)


def check(connection: Connection) -> None:
    """DatabaseUnusable unless the schema is this program's."""
    _SCHEMA.check(connection)


def version(connection: Connection) -> str | None:
    """The schema's version; None in a database that is new."""
    return _SCHEMA.version_of(connection)


metadata = MetaData()

registry_identity = Table(
    "registry_identity",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", Name, nullable=False),
    Column("ecdsa_key", Text, nullable=False),
    Column("ed25519_key", Text, nullable=False),
)

log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", Number, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
)

# The hash stands before the long columns: a tile is read without them.
log_entry = Table(
    "log_entry",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    Column("leaf", Text, nullable=False),
    Column("record", Text, nullable=False),
)

log_node = Table(
    "log_node",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)

evse_entry = Table(
    "evse_entry",
    metadata,
    Column("evse", Name, primary_key=True),
    Column("entry", Number, primary_key=True, autoincrement=False),
    Index("evse_entry_by_entry", "entry"),
)


def _state_table(name: str, *columns: Column[str] | Column[int] | Index) -> Table:
    return Table(
        name,
        metadata,
        Column("entry", Number, primary_key=True, autoincrement=False),
        Column("ordinal", Integer, primary_key=True, autoincrement=False),
        Column("since_unix_ms", Number, nullable=False),
        *columns,
    )


evse_state = _state_table(
    "evse_state",
    Column("evse_id", Name, nullable=False),
    Column("operator", Name, nullable=False),
    Column("status", Name, nullable=False),
    Column("chip_id", Name),
    Column("meter_manufacturer", Name),
    Column("meter_serial", Name),
    Column("fingerprint", Name),
    Index("evse_state_by_evse", "evse_id", "entry"),
)

key_state = _state_table(
    "key_state",
    Column("fingerprint", Name, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("key_number", Integer, nullable=False),
    Column("firmware_identity", Name, nullable=False),
    Column("chip_id", Name, nullable=False),
    Column("evse_id", Name, nullable=False),
    Column("meter_manufacturer", Name, nullable=False),
    Column("meter_serial", Name, nullable=False),
    Column("status", Name, nullable=False),
    Index("key_state_by_key", "fingerprint", "entry"),
)

module_state = _state_table(
    "module_state",
    Column("chip_id", Name, nullable=False),
    Column("model", Name, nullable=False),
    Column("gateway_serial", Name, nullable=False),
    Column("evse_id", Name),
    Column("fingerprint", Name),
    Column("commissioning", Number, nullable=False),
    Column("possession_unix_ms", Number),
    Column("statements", Integer, nullable=False),
    Column("last_statement", Text, nullable=False),
    Column("gateway_serial_name", Name, nullable=False),
    Index("module_state_by_chip", "chip_id", "entry"),
    Index("module_state_by_serial", "gateway_serial_name", "chip_id"),
)

meter_state = _state_table(
    "meter_state",
    Column("meter_manufacturer", Name, nullable=False),
    Column("meter_model", Name, nullable=False),
    Column("meter_serial", Name, nullable=False),
    Column("meter_calibration_mark", Text, nullable=False),
    Column("meter_calibration_year", Integer, nullable=False),
    Column("evse_id", Name),
    Column("manufacturer_name", Name, nullable=False),
    Column("serial_name", Name, nullable=False),
    Index("meter_state_by_meter", "serial_name", "manufacturer_name", "entry"),
)

consent_state = _state_table(
    "consent_state",
    Column("evse_id", Name, nullable=False),
    Column("to_operator", Name, nullable=False),
    Column("until_unix_ms", Number, nullable=False),
    Column("used", Integer, nullable=False),
    Index("consent_state_by_evse", "evse_id", "to_operator", "entry"),
)

access_state = _state_table(
    "access_state",
    Column("key_id", Name, nullable=False),
    Column("role", Name, nullable=False),
    Column("operators", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("secret_sha256", Name, nullable=False),
    Column("until_unix_ms", Number),
    Column("revoked", Integer, nullable=False),
    Index("access_state_by_key", "key_id", "entry"),
)

STATE_TABLES = (evse_state, key_state, module_state, meter_state, consent_state, access_state)


TABLE_OF: dict[type[State], Table] = {
    EvseState: evse_state,
    KeyState: key_state,
    ModuleState: module_state,
    MeterState: meter_state,
    ConsentState: consent_state,
    AccessState: access_state,
}
MODEL_OF = {table: model for model, table in TABLE_OF.items()}

_FLAGS = {"used", "revoked"}
_METER_COLUMNS = {
    evse_state: ("manufacturer", "serial"),
    key_state: ("manufacturer", "serial"),
    meter_state: (
        *("manufacturer", "model", "serial"),
        *("calibration_mark", "calibration_year"),
    ),
}


def row_of(state: State, ordinal: int) -> tuple[Table, dict[str, Any]]:
    """The table of a state and its columns. ordinal: its place among those of its entry."""
    table = TABLE_OF[type(state)]
    columns = state.model_dump()
    if table in _METER_COLUMNS:
        meter = columns.pop("meter") or dict.fromkeys(_METER_COLUMNS[table])
        columns |= {f"meter_{name}": value for name, value in meter.items()}
    if table is access_state:
        columns["operators"] = json.dumps(columns["operators"])
    for flag in _FLAGS & columns.keys():
        columns[flag] = int(columns[flag])
    return table, {"ordinal": ordinal, **columns, **_names(table, columns)}


def state_of(table: Table, row: Mapping[Any, Any]) -> State:
    """The state that a row of a table holds. StateBroken if it holds none."""
    try:
        columns = {name: value for name, value in row.items() if name != "ordinal"}
        _drop_names(table, columns)
        if table in _METER_COLUMNS:
            columns["meter"] = _meter(table, columns)
        if table is access_state:
            columns["operators"] = _operators(columns["operators"])
        for flag in _FLAGS & columns.keys():
            columns[flag] = {0: False, 1: True}[columns[flag]]
        return MODEL_OF[table].model_validate(columns)
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        cause = f"a row of {table.name} cannot be read ({type(error).__name__})"
        raise StateBroken("state_broken", entry=row["entry"], cause=cause) from None


def _names(table: Table, columns: dict[str, Any]) -> dict[str, str]:
    """What a row is looked up by beside its members."""
    if table is module_state:
        return {"gateway_serial_name": normalized(columns["gateway_serial"])}
    if table is meter_state:
        return {
            "manufacturer_name": normalized(columns["meter_manufacturer"]),
            "serial_name": normalized(columns["meter_serial"]),
        }
    return {}


def _drop_names(table: Table, columns: dict[str, Any]) -> None:
    for name, value in _names(table, columns).items():
        if columns.pop(name) != value:
            raise ValueError(f"{name} is not that of the row")


def _meter(table: Table, columns: dict[str, Any]) -> dict[str, Any] | None:
    meter = {name: columns.pop(f"meter_{name}") for name in _METER_COLUMNS[table]}
    return None if set(meter.values()) == {None} else meter


def _operators(text: str) -> list[str]:
    operators: list[str] = json.loads(text)
    if json.dumps(operators) != text:
        raise ValueError("operators are not written in the one way")
    return operators
