"""Many modules, one after the other; what fails is written down and does not stop the rest."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from wattseal.commissioning import run
from wattseal.commissioning.finding import Found
from wattseal.commissioning.job import Job
from wattseal.commissioning.station import Station
from wattseal.commissioning.station_list import Row
from wattseal.commissioning.test_charge import end_cut_charge
from wattseal.commissioning.words import fingerprint_words
from wattseal.commissioning.workplace import Permit, Step, StepResult, Workplace
from wattseal.device import Device
from wattseal.device_models import Hello
from wattseal.errors import ToolError
from wattseal.link_client import LinkClient
from wattseal.output_files import OutputDirectory
from wattseal.ports import SerialTransport
from wattseal.registry_client import RegistryClient

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
    """What all rows have in common. `found`: the modules that answer, by chip id."""

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
        return _at_its_module(row, _station_of(row, bench), bench, outcome)
    except ToolError as error:
        return replace(
            outcome,
            step=error.step,
            error=error.name,
            message=error.message,
            remedy=error.remedy,
        )
    except Exception as error:  # a defect in one row is no reason to lose the others
        cause = f"{type(error).__name__}: {error}"
        defect = ToolError("internal_error", cause=cause)
        return replace(outcome, error=defect.name, message=defect.message, remedy=defect.remedy)


def _at_its_module(row: Row, station: Station, bench: Bench, outcome: Outcome) -> Outcome:
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
            job=Job(bench.folder / f"{hello.chip_id}", station.slug),
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

    def tell(_step: Step, result: StepResult | None) -> None:
        notes.extend(result.notes if result else ())

    run.go_through(work, steps, tell)
    fingerprint = work.device.public_key().fingerprint
    return replace(
        outcome,
        done=True,
        state=work.status().state,
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
