"""The registry's tables. Rows are only ever added; the one row that changes is the log's head.

Triggers refuse everything else (migrations/versions/0002_rows_stay.py).

Everything but the identity follows from the records in `log_entry`. The columns of a state table
are the members of its model in api_models.py, a meter in columns of its own, and the names that
things are looked up by. `ordinal` is the state's place among those that its entry made.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from pydantic import ValidationError
from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.types import TypeEngine

from wattseal.common.sql import Name, Number, Schema
from wattseal.common.text import normalized
from wattseal.registry import api_models as api
from wattseal.registry.failures import StateBroken

VERSION = "0004"
"""Of this program: the newest in migrations/versions."""

SCHEMA = Schema(
    Path(__file__).parent / "migrations", VERSION, "alembic_version", lock=0x77617474_7365616C
)

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

# A node's hash follows from `first` and `second` (tlog/prefix_tree.py).
index_node = Table(
    "index_node",
    metadata,
    Column("prefix", Name, primary_key=True),
    Column("entry", Number, primary_key=True, autoincrement=False),
    Column("is_leaf", Integer, nullable=False),
    Column("first", LargeBinary, nullable=False),
    Column("second", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)


_TYPES: dict[str, TypeEngine[Any]] = {
    **dict.fromkeys(("public_key", "last_statement", "operators", "label"), Text()),
    "meter_calibration_mark": Text(),
    **dict.fromkeys(("key_number", "statements", "meter_calibration_year"), Integer()),
    **dict.fromkeys(("used", "revoked"), Integer()),
    **dict.fromkeys(("commissioning", "possession_unix_ms", "until_unix_ms"), Number),
}
"""Of the columns that hold no name."""

_NAMES = {
    api.ModuleState: {"gateway_serial_name": "gateway_serial"},
    api.MeterState: {"manufacturer_name": "meter_manufacturer", "serial_name": "meter_serial"},
}
"""Columns that a row is looked up by beside its members: each is another one, normalized."""

_FLAGS = {"used", "revoked"}


def _state_table(name: str, model: type[api.State], **indexes: tuple[str, ...]) -> Table:
    """indexes: the columns of each, by what its name adds to the table's."""
    return Table(
        name,
        metadata,
        Column("entry", Number, primary_key=True, autoincrement=False),
        Column("ordinal", Integer, primary_key=True, autoincrement=False),
        Column("since_unix_ms", Number, nullable=False),
        *_columns_of(model),
        *(Column(name, Name, nullable=False) for name in _NAMES.get(model, ())),
        *(Index(f"{name}_{ending}", *columns) for ending, columns in indexes.items()),
        info={"model": model},
    )


def _columns_of(model: type[api.State]) -> Iterator[Column[Any]]:
    """Those of a model's own members, in their order; a column may be null if its member may."""
    for member, field in model.model_fields.items():
        if member in ("entry", "since_unix_ms"):
            continue
        types = get_args(field.annotation) or (field.annotation,)
        names = (
            [f"meter_{each}" for each in types[0].model_fields] if member == "meter" else [member]
        )
        for name in names:
            yield Column(name, _TYPES.get(name, Name), nullable=NoneType in types)


evse_state = _state_table("evse_state", api.EvseState, by_evse=("evse_id", "entry"))
key_state = _state_table("key_state", api.KeyState, by_key=("fingerprint", "entry"))
module_state = _state_table(
    "module_state",
    api.ModuleState,
    by_chip=("chip_id", "entry"),
    by_serial=("gateway_serial_name", "chip_id"),
)
meter_state = _state_table(
    "meter_state", api.MeterState, by_meter=("serial_name", "manufacturer_name", "entry")
)
consent_state = _state_table(
    "consent_state", api.ConsentState, by_evse=("evse_id", "to_operator", "entry")
)
access_state = _state_table("access_state", api.AccessState, by_key=("key_id", "entry"))

NAMED_BY = {
    evse_state: ("evse_id",),
    key_state: ("fingerprint",),
    module_state: ("chip_id",),
    meter_state: ("manufacturer_name", "serial_name"),
    consent_state: ("evse_id", "to_operator"),
    access_state: ("key_id",),
}
"""The columns of a thing's name (states.name_of)."""

STATE_TABLES = tuple(NAMED_BY)
TABLE_OF: dict[type[api.State], Table] = {table.info["model"]: table for table in STATE_TABLES}


def row_of(state: api.State, ordinal: int) -> tuple[Table, dict[str, Any]]:
    """The table of a state and its columns. ordinal: its place among those of its entry."""
    table = TABLE_OF[type(state)]
    columns = state.model_dump()
    if meter_columns := _meter_columns(table):
        meter = columns.pop("meter")
        columns |= {name: meter and meter[member] for name, member in meter_columns.items()}
    if table is access_state:
        columns["operators"] = json.dumps(columns["operators"])
    for flag in _FLAGS & columns.keys():
        columns[flag] = int(columns[flag])
    return table, {"ordinal": ordinal, **columns, **_names(table, columns)}


def state_of(table: Table, row: Mapping[Any, Any]) -> api.State:
    """The state that a row of a table holds. StateBroken if it holds none."""
    try:
        columns = {name: value for name, value in row.items() if name != "ordinal"}
        _drop_names(table, columns)
        if meter_columns := _meter_columns(table):
            meter = {member: columns.pop(name) for name, member in meter_columns.items()}
            columns["meter"] = None if set(meter.values()) == {None} else meter
        if table is access_state:
            columns["operators"] = _operators(columns["operators"])
        for flag in _FLAGS & columns.keys():
            columns[flag] = {0: False, 1: True}[columns[flag]]
        state: api.State = table.info["model"].model_validate(columns)
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        cause = f"a row of {table.name} cannot be read ({type(error).__name__})"
        raise StateBroken("state_broken", entry=row["entry"], cause=cause) from None
    return state


@cache
def _meter_columns(table: Table) -> dict[str, str]:
    """The columns of a state's meter, and the member that each holds."""
    names = [column.name for column in table.columns if column.name.startswith("meter_")]
    return {name: name.removeprefix("meter_") for name in names}


def _names(table: Table, columns: dict[str, Any]) -> dict[str, str]:
    names = _NAMES.get(table.info["model"])
    return {name: normalized(columns[of]) for name, of in names.items()} if names else {}


def _drop_names(table: Table, columns: dict[str, Any]) -> None:
    for name, value in _names(table, columns).items():
        if columns.pop(name) != value:
            raise ValueError(f"{name} is not that of the row")


def _operators(text: str) -> list[str]:
    operators: list[str] = json.loads(text)
    if json.dumps(operators) != text:
        raise ValueError("operators are not written in the one way")
    return operators
