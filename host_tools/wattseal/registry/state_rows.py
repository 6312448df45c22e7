"""States as rows of their tables, and back: every column of a row is checked when it is read.

Names that rows are looked up by follow from the other columns. A row whose names do not, or whose
members no state has, is damaged: it is told, not served.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Table

from wattseal.registry import tables
from wattseal.registry.failures import StateBroken
from wattseal.registry.names import plain
from wattseal.registry.requests import (
    AccessState,
    ConsentState,
    EvseState,
    KeyState,
    MeterState,
    ModuleState,
    State,
)

TABLE_OF: dict[type[State], Table] = {
    EvseState: tables.evse_state,
    KeyState: tables.key_state,
    ModuleState: tables.module_state,
    MeterState: tables.meter_state,
    ConsentState: tables.consent_state,
    AccessState: tables.access_state,
}
MODEL_OF = {table: model for model, table in TABLE_OF.items()}

_FLAGS = {"used", "revoked"}
_METER_COLUMNS = {
    tables.evse_state: ("manufacturer", "serial"),
    tables.key_state: ("manufacturer", "serial"),
    tables.meter_state: (
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
    if table is tables.access_state:
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
        if table is tables.access_state:
            columns["operators"] = _operators(columns["operators"])
        for flag in _FLAGS & columns.keys():
            columns[flag] = {0: False, 1: True}[columns[flag]]
        return MODEL_OF[table].model_validate(columns)
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        cause = f"a row of {table.name} cannot be read ({type(error).__name__})"
        raise StateBroken("state_broken", entry=row["entry"], cause=cause) from None


def _names(table: Table, columns: dict[str, Any]) -> dict[str, str]:
    """What a row is looked up by beside its members."""
    if table is tables.module_state:
        return {"gateway_serial_name": plain(columns["gateway_serial"])}
    if table is tables.meter_state:
        return {
            "manufacturer_name": plain(columns["meter_manufacturer"]),
            "serial_name": plain(columns["meter_serial"]),
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
