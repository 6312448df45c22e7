"""Commissions many modules, one after the other; one that fails does not stop the rest."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from wattseal.commissioning.document import fingerprint_words
from wattseal.commissioning.job import Job
from wattseal.commissioning.station import Station, station_of
from wattseal.commissioning.steps import go_through
from wattseal.commissioning.test_charge import end_cut_charge
from wattseal.commissioning.workplace import Found, Permit, Step, Workplace
from wattseal.common.errors import ToolError
from wattseal.common.files import OutputDirectory, read_bounded
from wattseal.device.device import Device
from wattseal.device.link import LinkClient, SerialTransport
from wattseal.device.models import Hello
from wattseal.registry.client import RegistryClient
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
_SETTINGS = frozenset(row[0] for row in SETTINGS) - {"line", "meter_serial", "meter_echo"}
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
    counts = Counter((name, cells.get(name, "")) for _, cells in rows for name in _UNIQUE)
    repeated = {(name, cell) for (name, cell), count in counts.items() if cell and count > 1}
    return [_row(number, cells, defaults, folder, repeated) for number, cells in rows]


def _malformed(path: Path, cause: str) -> ToolError:
    return ToolError("list_malformed", path=str(path), cause=cause)


def _cells(path: Path) -> Iterable[tuple[int, dict[str, str]]]:
    """Number and cells of each row that is not blank; `?` says that there are too few or many."""
    try:
        text = read_bounded(path, MAX_FILE_BYTES, "list_malformed").decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _malformed(path, "it is not UTF-8") from None
    heading = text.partition("\n")[0]
    delimiter = ";" if heading.count(";") >= heading.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        _check_names(path, names)
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if reader.line_num > MAX_ROWS:
                raise _malformed(path, f"it has more than {MAX_ROWS} lines")
            cells = {name: cell.strip() for name, cell in zip(names, row, strict=False)}
            if len(row) != len(names):
                cells["?"] = f"it has {len(row)} cells, not {len(names)}"
            yield reader.line_num, cells
    except csv.Error as error:
        raise _malformed(path, f"line {reader.line_num}: {error}") from None


def _check_names(path: Path, names: list[str]) -> None:
    unknown = [name for name in names if name not in COLUMNS]
    if unknown:
        raise _malformed(path, f"{unknown[0]!r} is no column of one")
    if not names or len(set(names)) != len(names):
        raise _malformed(path, "a column is missing or stands twice")


def _row(
    number: int,
    cells: dict[str, str],
    defaults: dict[str, Any],
    folder: Path,
    repeated: set[tuple[str, str]],
) -> Row:
    port, chip_id = (cells.get(name) or None for name in _WHERE)
    row = Row(number, port, chip_id, cells.get("charge_point_id", ""))
    origin = f"row {number}"
    faults = [cells["?"]] if "?" in cells else []
    faults += [
        f"another row has the same {name}"
        for name in _UNIQUE
        if (name, cells.get(name, "")) in repeated
    ]
    if faults:
        error = ToolError("station_malformed", origin=origin, cause=faults[0])
        return replace(row, error=error)
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


CSV, JSON = "report.csv", "report.json"


@dataclass(frozen=True)
class Outcome:
    """What came of a row. `step`, `error`, `message` and `remedy` are there if it failed."""

    row: int
    charge_point_id: str
    port: str | None
    chip_id: str | None
    done: bool
    state: str | None = None
    entry: int | None = None
    fingerprint: str | None = None
    words: str | None = None
    folder: str | None = None
    step: str | None = None
    error: str | None = None
    message: str | None = None
    remedy: str | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Bench:
    """What all rows share. `found`: the modules that answer, by chip id."""

    folder: Path
    registry: RegistryClient | None
    steps: Sequence[Step]
    found: dict[str, Found]
    baud: int
    timeout_s: float | None = None
    permit: Callable[[Device, Hello], Permit] | None = None


def commission_all(
    rows: Sequence[Row], bench: Bench, show: Callable[[int, int], None]
) -> list[Outcome]:
    """Go through all rows; the report is written anew after each, so a cut run leaves one."""
    outcomes: list[Outcome] = []
    out = OutputDirectory(bench.folder)
    out.check_writable()
    show(0, len(rows))
    for row in rows:
        outcomes.append(commission_one(row, bench))
        _write_report(out, outcomes, len(rows))
        show(len(outcomes), len(rows))
    return outcomes


def commission_one(row: Row, bench: Bench) -> Outcome:
    """One row, whatever comes of it."""
    outcome = Outcome(row.number, row.charge_point_id, row.port, row.chip_id, done=False)
    try:
        return _commission(row, _station_of(row, bench), bench, outcome)
    except ToolError as error:
        failure = error
    except Exception as error:  # the other rows go on, whatever is wrong with this one
        failure = ToolError("internal_error", cause=f"{type(error).__name__}: {error}")
    return replace(
        outcome,
        step=failure.step,
        error=failure.name,
        message=failure.message,
        remedy=failure.remedy,
    )


def _commission(row: Row, station: Station, bench: Bench, outcome: Outcome) -> Outcome:
    port = _port_of(row, bench.found)
    with SerialTransport(port, bench.baud) as transport:
        device = Device(LinkClient(transport, bench.timeout_s))
        hello = device.connect(port)
        if row.chip_id not in (None, hello.chip_id):
            raise ToolError("module_is_another", port=port, found=hello.chip_id, wanted=row.chip_id)
        end_cut_charge(device)
        work = Workplace(
            device=device,
            hello=hello,
            station=station,
            job=Job(bench.folder / hello.chip_id, station.slug),
            registry=bench.registry,
            permit=bench.permit and bench.permit(device, hello),
        )
        return _carried_out(work, bench.steps, replace(outcome, port=port, chip_id=hello.chip_id))


def _station_of(row: Row, bench: Bench) -> Station:
    """The station of a row, with the registry that is asked; nothing may be missing."""
    station = row.station
    if station is None:
        raise row.error or ToolError("internal_error", cause="a row without a station")
    if bench.registry is not None:
        station = station.of_registry(bench.registry.facts())
    missing = station.missing()
    if missing:
        raise ToolError("station_incomplete", missing=", ".join(missing))
    return station


def _port_of(row: Row, found: dict[str, Found]) -> str:
    if row.port is not None:
        return row.port
    if row.chip_id is None:
        cause = "it names neither port nor chip_id"
        raise ToolError("station_malformed", origin=f"row {row.number}", cause=cause)
    if row.chip_id not in found:
        ports = ", ".join(one.port for one in found.values())
        raise ToolError("module_not_found", ports=ports or "none answers")
    return found[row.chip_id].port


def _carried_out(work: Workplace, steps: Sequence[Step], outcome: Outcome) -> Outcome:
    notes: list[str] = []
    go_through(work, steps, lambda _step, result: notes.extend(result.notes))
    fingerprint = work.device.public_key().fingerprint
    return replace(
        outcome,
        done=True,
        state=work.device.status().state,
        entry=work.answer.confirmation.entry if work.answer else None,
        fingerprint=fingerprint,
        words=" ".join(fingerprint_words(fingerprint)),
        folder=str(work.job.folder),
        notes=notes,
    )


def _write_report(out: OutputDirectory, outcomes: list[Outcome], total: int) -> None:
    plain = [asdict(one) for one in outcomes]
    failed = sum(not one.done for one in outcomes)
    summary = {"total": total, "through": len(outcomes), "failed": failed, "rows": plain}
    out.write_bytes(JSON, (json.dumps(summary, indent=2) + "\n").encode(), replacing=True)
    out.write_bytes(CSV, _as_csv(plain).encode("utf-8-sig"), replacing=True)


def _as_csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        cells = {**row, "notes": " ".join(row["notes"])}
        writer.writerow({name: _cell(value) for name, value in cells.items()})
    return text.getvalue()


def _cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    is_formula = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{value}" if is_formula else value
