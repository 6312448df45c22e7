"""`wattseal cdr invoice`: the bundle that a driver is given with an invoice."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from wattseal.cdr.build import (
    MAX_BYTES,
    OCPI,
    SessionRecords,
    Tariff,
    build_cdr,
    build_session,
    read_facts,
    read_records_text,
    read_session_folder,
)
from wattseal.cdr.invoice.bundle import make_bundle
from wattseal.cdr.invoice.document import Statement, page_of
from wattseal.cdr.invoice.rating import (
    Charge,
    check_month,
    of_driver,
    rate_all,
    read_charges,
    stored_charge,
    without_repeats,
)
from wattseal.cdr.marker import read_markers
from wattseal.cdr.ocpp import meter_values, read_meter_values
from wattseal.cdr.rules import Rules
from wattseal.cdr.validate import Validator
from wattseal.cli import options
from wattseal.cli.key_files import public_key
from wattseal.cli.options import DatabaseUrl, KeysFile, OptionalRegistryUrl, key_source, opened
from wattseal.cli.output import print_json, say
from wattseal.common.errors import ToolError
from wattseal.common.exact_json import write_exactly
from wattseal.common.files import OutputDirectory, first_fault
from wattseal.common.sentences import Language
from wattseal.ocmf.public_key import PublicKey

app = typer.Typer()


MAX_OCPP_BYTES = 1 << 20


class Form(StrEnum):
    """The forms of cdr/build.py."""

    OCPI_2_2 = "ocpi-2.2"
    OCPI_2_2_1 = "ocpi-2.2.1"
    OCPI_2_3_0 = "ocpi-2.3.0"
    OCPP_1_6 = "ocpp-1.6"
    OCPP_2_0_1 = "ocpp-2.0.1"
    OCPP_2_1 = "ocpp-2.1"


class KeyWith(StrEnum):
    """Values of OCPP's `PublicKeyWithSignedMeterValue`."""

    NEVER = "Never"
    ONCE = "OncePerTransaction"
    EVERY = "EveryMeterValue"


@app.command(
    epilog="\b\nExamples:\n"
    "  wattseal cdr build session-17 --facts facts.toml --out cdr-17.json\n"
    "  wattseal cdr build records --begin T17 --format ocpi-2.3.0 \\\n"
    "    --facts facts.toml --out cdr-17.json\n"
    "  wattseal cdr build session-17 --format ocpp-2.0.1\n\n"
    "docs/cdr-exchange.md shows a file of facts."
)
def build(
    source: Annotated[
        Path,
        typer.Argument(metavar="DIR|FILE", help="Folder of a session, or OCPP messages as JSON."),
    ],
    form: Annotated[Form, typer.Option("--format", "-f", help="What to make.")] = Form.OCPI_2_2_1,
    facts: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Party, token, place, tariff: TOML or JSON; for OCPI."),
    ] = None,
    begin: Annotated[
        str | None,
        typer.Option(metavar="T<n>", help="Which session, if there are several: its begin."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", "-k", metavar="HEX|FILE", help="The module's public key."),
    ] = None,
    key_with: Annotated[
        KeyWith, typer.Option("--public-key", help="Where OCPP carries the key.")
    ] = KeyWith.ONCE,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it into this file.")
    ] = None,
    json_output: options.Json = False,
) -> None:
    """Make a CDR of OCPI, or the signed meter values of OCPP, from a session's records.

    Times and energy are the signed ones. The records go in byte for byte.
    """
    session = _session(source, public_key(key, "--key") if key else None, begin)
    if form.value in OCPI:
        if facts is None:
            raise ToolError("usage", cause="A CDR needs --facts.", help="")
        made: Any = build_cdr(session, read_facts(facts), form.value, datetime.now(UTC))
    else:
        made = meter_values(session, form.value, key_with.value)
    text = write_exactly(made) + "\n"
    if out is None:
        print(text, end="")
        return
    OutputDirectory(out.parent).write({out.name: text})
    if json_output:
        told = made["id"] if isinstance(made, dict) else None
        print_json({"file": str(out), "format": form.value, "cdr": told})
    else:
        say(f"{out}: {session.energy_kwh:f} kWh, session {session.pagination}, {form.value}")


def _session(source: Path, key: PublicKey | None, begin: str | None) -> SessionRecords:
    if source.is_dir():
        return read_session_folder(source, key, begin)
    try:
        with source.open("rb") as file:
            data = file.read(MAX_OCPP_BYTES)
    except OSError as error:
        cause = error.strerror or str(error)
        raise ToolError("file_unreadable", path=str(source), cause=cause) from None
    values = read_meter_values(data, str(source))
    key = key or next((one.key for one in values if one.key), None)
    if key is None:
        cause = "no key came with them; give it with --key"
        raise ToolError("ocpp_malformed", path=str(source), cause=cause)
    records = [read_records_text(one.text, str(source)) for one in values]
    return build_session(records, key, str(source), begin)


def _tell(statement: Statement, out: Path, *, json_output: bool) -> None:
    if not json_output:
        say(str(out))
        for label, value in page_of(statement, Language.ENGLISH).totals:
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
            "why_not": one.why_not(Language.ENGLISH),
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
    registry: OptionalRegistryUrl = None,
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
