"""A list of stations as a spreadsheet writes it: CSV, one row for each module.

Columns are named as in a station file; those of the meter's label are meter_manufacturer,
meter_model, meter_serial, calibration_mark and calibration_year. `port` or `chip_id` says which
module a row is about. Commas or semicolons, a byte-order mark or none.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wattseal.bounded_file import read_at_most
from wattseal.commissioning.station import Station, station_of
from wattseal.errors import ToolError
from wattseal.wire.methods import SETTINGS

MAX_FILE_BYTES = 4 << 20
MAX_ROWS = 10_000

_LABEL = {
    "meter_manufacturer": "manufacturer",
    "meter_model": "model",
    "meter_serial": "serial",
    "calibration_mark": "calibration_mark",
    "calibration_year": "calibration_year",
}
_NUMBERS = frozenset(("meter_unit", "calibration_year"))
_SETTINGS = frozenset(row[0] for row in SETTINGS) - {"line", "meter_serial"}
_WHERE = ("port", "chip_id")
COLUMNS = frozenset((*_WHERE, "module_model", "scenario", *_LABEL, *_SETTINGS))

_UNIQUE = ("port", "chip_id", "gateway_serial", "meter_serial", "charge_point_id")
"""Two rows that agree in one of these are about the same thing, so one of them is wrong."""


@dataclass(frozen=True)
class Row:
    """A row: its number in the file (the first below the heading is 2) and what it says.

    `station` None: the row cannot be used, `error` says why.
    """

    number: int
    port: str | None
    chip_id: str | None
    charge_point_id: str
    station: Station | None = None
    error: ToolError | None = None


def read_list(path: Path, defaults: dict[str, Any], folder: Path) -> list[Row]:
    """All rows, those that cannot be used with the reason.

    defaults: members of a station file that every row has, unless it says otherwise; the files
    that they name are in `folder`. ToolError `file_unreadable`, `list_malformed` if there is no
    list at all.
    """
    rows = list(_cells(path))
    repeated = _repeated(cells for _number, cells in rows)
    return [_row(number, cells, defaults, folder, repeated) for number, cells in rows]


def _cells(path: Path) -> Iterable[tuple[int, dict[str, str]]]:
    text = _text(path)
    heading = text.partition("\n")[0]
    delimiter = ";" if heading.count(";") >= heading.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        _check_names(path, names)
        for row in reader:
            if any(cell.strip() for cell in row):
                yield _numbered(path, reader.line_num, names, row)
    except csv.Error as error:
        cause = f"line {reader.line_num}: {error}"
        raise ToolError("list_malformed", path=str(path), cause=cause) from None


def _numbered(
    path: Path, number: int, names: list[str], row: list[str]
) -> tuple[int, dict[str, str]]:
    if number > MAX_ROWS:
        cause = f"it has more than {MAX_ROWS} lines"
        raise ToolError("list_malformed", path=str(path), cause=cause)
    cells = {name: cell.strip() for name, cell in zip(names, row, strict=False)}
    if len(row) != len(names):
        cells["?"] = f"it has {len(row)} cells, not {len(names)}"
    return number, cells


def _text(path: Path) -> str:
    data = read_at_most(path, MAX_FILE_BYTES)
    if len(data) > MAX_FILE_BYTES:
        cause = f"it is larger than {MAX_FILE_BYTES} bytes"
        raise ToolError("list_malformed", path=str(path), cause=cause)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ToolError("list_malformed", path=str(path), cause="it is not UTF-8") from None


def _check_names(path: Path, names: list[str]) -> None:
    unknown = [name for name in names if name not in COLUMNS]
    if not names or unknown or len(set(names)) != len(names):
        cause = (
            f"{unknown[0]!r} is no column of one"
            if unknown
            else "a column is missing or stands twice"
        )
        raise ToolError("list_malformed", path=str(path), cause=cause)


def _repeated(rows: Iterable[dict[str, str]]) -> set[tuple[str, str]]:
    counts = Counter((name, cells[name]) for cells in rows for name in _UNIQUE if cells.get(name))
    return {one for one, count in counts.items() if count > 1}


def _row(
    number: int,
    cells: dict[str, str],
    defaults: dict[str, Any],
    folder: Path,
    repeated: set[tuple[str, str]],
) -> Row:
    where = {name: cells.get(name) or None for name in _WHERE}
    row = Row(number, where["port"], where["chip_id"], cells.get("charge_point_id", ""))
    origin = f"row {number}"
    faults = [cells["?"]] if "?" in cells else []
    faults += [
        f"another row has the same {name}"
        for name in _UNIQUE
        if (name, cells.get(name, "")) in repeated
    ]
    if faults:
        fault = ToolError("station_malformed", origin=origin, cause=faults[0])
        return replace(row, error=fault)
    try:
        station = station_of(_members(cells, defaults), folder, origin)
    except ToolError as error:
        return replace(row, error=error)
    name = str(station.settings.get("charge_point_id", ""))
    return replace(row, charge_point_id=name, station=station)


def _members(cells: dict[str, str], defaults: dict[str, Any]) -> dict[str, Any]:
    """A station file's members from a row; an empty cell leaves the default."""
    said = {name: cell for name, cell in cells.items() if cell and name not in _WHERE}
    label = {inner: _value(name, said.pop(name)) for name, inner in _LABEL.items() if name in said}
    members = {**defaults, **{name: _value(name, cell) for name, cell in said.items()}}
    if label:
        members["meter"] = {**defaults.get("meter", {}), **label}
    return members


def _value(name: str, cell: str) -> str | int:
    is_number = name in _NUMBERS and cell.isascii() and cell.isdecimal() and len(cell) < 10
    return int(cell) if is_number else cell
