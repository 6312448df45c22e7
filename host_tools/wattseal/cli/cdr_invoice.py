"""`wattseal cdr invoice`: the bundle that a driver is given with an invoice."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from wattseal.cdr.build_facts import MAX_BYTES, Tariff
from wattseal.cdr.invoice.bundle import make_bundle
from wattseal.cdr.invoice.charges import (
    Charge,
    check_month,
    of_driver,
    read_charges,
    stored_charge,
    without_repeats,
)
from wattseal.cdr.invoice.document import Statement, page_of
from wattseal.cdr.invoice.rated import rate_all
from wattseal.cdr.marker import read_markers
from wattseal.cdr.rules import Rules
from wattseal.cdr.validator import Validator
from wattseal.cli import options
from wattseal.cli.cdr_inbox import DatabaseUrl, opened
from wattseal.cli.cdr_keys import KeysFile, RegistryUrl, key_source
from wattseal.cli.output import print_json, say
from wattseal.errors import ToolError
from wattseal.json_file import first_fault
from wattseal.output_files import OutputDirectory

app = typer.Typer()


@app.command(
    epilog="\b\nExamples:\n"
    "  wattseal cdr invoice --driver 04A2B1C3 --month 2026-11 --store cdr-data \\\n"
    "    --out bundle.zip\n"
    "  wattseal cdr invoice --driver DE-MSP-C12345678-9 --month 2026-11 \\\n"
    "    --cdrs november.jsonl --keys registry.json --tariff prices.toml \\\n"
    "    --out bundle.zip"
)
def invoice(
    driver: Annotated[
        str, typer.Option(metavar="TOKEN|CONTRACT", help="The token's uid, or the contract's id.")
    ],
    month: Annotated[
        str, typer.Option(metavar="YYYY-MM", help="When the sessions ended, where they were.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The bundle, a zip.")],
    cdrs: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CDRs: one JSON object, an array, or JSON Lines."),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Instead: the data folder of `wattseal cdr serve`."),
    ] = None,
    database_url: DatabaseUrl = None,
    registry: RegistryUrl = None,
    keys: KeysFile = None,
    tariff: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The driver's prices, TOML as [tariff]. Default: the CDRs' own."
        ),
    ] = None,
    marker: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TOML: which field marks invalid metering data."),
    ] = None,
    issuer: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Who issues it.", show_default=False)
    ] = None,
    json_output: options.Json = False,
) -> None:
    """Make the bundle of a driver's month: rated sessions, signed records, how to check.

    Amounts are prices times signed kWh. What is not billable is listed, and not charged. The same
    sessions give the same bytes.
    """
    check_month(month)
    source = key_source(registry, keys) if registry or keys else None
    if cdrs is not None:
        judge = Validator(key_source(registry, keys), Rules(side="msp")).judge
        markers = read_markers(marker) if marker else {}
        charges: Iterator[Charge] = read_charges(cdrs, judge, markers)
    elif store is not None or database_url is not None:
        charges = _stored(store or Path("cdr-data"), database_url, driver)
    else:
        raise ToolError("usage", cause="Give the CDRs with --cdrs or --store.", help="")
    chosen = without_repeats(of_driver(charges, driver, month))
    if not chosen:
        raise ToolError("nothing_to_invoice", driver=driver, month=month)
    prices = _read_tariff(tariff) if tariff else None
    statement = Statement(driver, month, issuer, tuple(rate_all(chosen, source, prices)))
    OutputDirectory(out.parent).write_bytes(out.name, make_bundle(statement))
    _tell(statement, out, json_output=json_output)


def _tell(statement: Statement, out: Path, *, json_output: bool) -> None:
    if not json_output:
        say(str(out))
        for label, value in page_of(statement, "en").totals:
            say(f"  {label}: {value}")
        return
    rows = [
        {
            "cdr": one.charge.judgement.cdr,
            "status": one.status,
            "energy_kwh": f"{one.energy_kwh:f}"
            if one.cost and one.energy_kwh is not None
            else None,
            "amount": f"{one.cost.gross:f}" if one.cost else None,
            "currency": one.cost.currency if one.cost else None,
            "folder": one.folder,
            "why_not": one.why_not("en"),
        }
        for one in statement.sessions
    ]
    print_json({"file": str(out), "sessions": rows})


def _stored(folder: Path, database_url: str | None, driver: str) -> Iterator[Charge]:
    with opened(folder, database_url) as database:
        from wattseal.cdr.exchange.inbox import of_driver as received_of

        for one in received_of(database, driver):
            yield stored_charge(one.body, one.judgement, one.marked, is_billable=one.is_billable)


def _read_tariff(path: Path) -> Tariff:
    """Prices as the facts of a CDR have them, alone or in a table [tariff]."""
    try:
        with path.open("rb") as file:
            told = tomllib.loads(file.read(MAX_BYTES).decode("utf-8"), parse_float=Decimal)
    except OSError as error:
        cause = error.strerror or str(error)
        raise ToolError("file_unreadable", path=str(path), cause=cause) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ToolError("facts_malformed", path=str(path), cause=f"no TOML: {error}") from None
    try:
        return Tariff.model_validate(told.get("tariff", told))
    except ValidationError as error:
        raise ToolError("facts_malformed", path=str(path), cause=first_fault(error)) from None
