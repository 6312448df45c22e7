"""`wattseal cdr build | invoice`: from a session's records to what a driver is given."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

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
from wattseal.cdr.invoice import rating
from wattseal.cdr.invoice.bundle import make_bundle
from wattseal.cdr.invoice.document import Statement, page_of
from wattseal.cdr.marker import read_markers
from wattseal.cdr.ocpp import PublicKeyWith, meter_values, read_meter_values
from wattseal.cdr.rules import Rules
from wattseal.cdr.validate import Validator
from wattseal.cli import options
from wattseal.cli.key_files import public_key
from wattseal.cli.options import Commands, argument, option
from wattseal.cli.output import Result, say
from wattseal.common.errors import ToolError, batch_status
from wattseal.common.exact_json import write_exactly
from wattseal.common.files import OutputDirectory, first_fault, read_at_most
from wattseal.common.sentences import Language
from wattseal.ocmf.public_key import PublicKey

app = Commands()

MAX_OCPP_BYTES = 1 << 20


Form = Literal["ocpi-2.2", "ocpi-2.2.1", "ocpi-2.3.0", "ocpp-1.6", "ocpp-2.0.1", "ocpp-2.1"]
"""The forms of cdr/build.py."""


@app.command(
    epilog="\b\nExamples:\n"
    "  wattseal cdr build session-17 --facts facts.toml --out cdr-17.json\n"
    "  wattseal cdr build records --begin T17 --format ocpi-2.3.0 \\\n"
    "    --facts facts.toml --out cdr-17.json\n"
    "  wattseal cdr build session-17 --format ocpp-2.0.1\n\n"
    "docs/cdr-exchange.md shows a file of facts."
)
def build(
    source: Annotated[Path, argument("DIR|FILE", "Folder of a session, or OCPP messages as JSON.")],
    form: Annotated[Form, typer.Option("--format", "-f", help="What to make.")] = "ocpi-2.2.1",
    facts: Annotated[
        Path | None, option("FILE", "Party, token, place, tariff: TOML or JSON; for OCPI.")
    ] = None,
    begin: Annotated[
        str | None, option("T<n>", "Which session, if there are several: its begin.")
    ] = None,
    key: Annotated[
        str | None, option("HEX|FILE", "The module's public key.", "--key", "-k")
    ] = None,
    key_with: Annotated[
        PublicKeyWith, typer.Option("--public-key", help="Where OCPP carries the key.")
    ] = "OncePerTransaction",
    out: options.OutputFile = None,
) -> Result | None:
    """Make a CDR of OCPI, or the signed meter values of OCPP, from a session's records.

    Times and energy are the signed ones. The records go in byte for byte.
    """
    session = _session(source, public_key(key, "--key") if key else None, begin)
    if form in OCPI:
        if facts is None:
            raise ToolError("usage", cause="A CDR needs --facts.", help="")
        made: Any = build_cdr(session, read_facts(facts), form, datetime.now(UTC))
    else:
        made = meter_values(session, form, key_with)
    text = write_exactly(made) + "\n"
    if out is None:
        print(text, end="")
        return None
    OutputDirectory(out.parent).write({out.name: text})
    cdr = made["id"] if isinstance(made, dict) else None
    words = f"{out}: {session.energy_kwh:f} kWh, session {session.pagination}, {form}"
    return Result({"file": out, "format": form, "cdr": cdr}, lambda: say(words))


def _session(source: Path, key: PublicKey | None, begin: str | None) -> SessionRecords:
    if source.is_dir():
        return read_session_folder(source, key, begin)
    values = read_meter_values(read_at_most(source, MAX_OCPP_BYTES), str(source))
    key = key or next((one.key for one in values if one.key), None)
    if key is None:
        cause = "no key came with them; give it with --key"
        raise ToolError("ocpp_malformed", path=str(source), cause=cause)
    records = [read_records_text(one.text, str(source)) for one in values]
    return build_session(records, key, str(source), begin)


def _stored(folder: Path, database_url: str | None, driver: str) -> Iterator[rating.Charge]:
    with options.cdr_database(folder, database_url) as database:
        from wattseal.cdr.exchange.inbox import of_driver

        for one in of_driver(database, driver):
            yield rating.stored_charge(one.body, one.judgement, one.marked)


def _read_tariff(path: Path) -> Tariff:
    """Prices as the facts of a CDR have them, alone or in a table [tariff]."""
    try:
        text = read_at_most(path, MAX_BYTES).decode("utf-8")
        told = tomllib.loads(text, parse_float=Decimal)
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
    "    --out bundle.zip\n\n"
    "Exit status: 0 made, 1 not made, 3 made, but the check of a session failed\n"
    "(finding check_failed)."
)
def invoice(
    driver: Annotated[str, option("TOKEN|CONTRACT", "The token's uid, or the contract's id.")],
    month: Annotated[str, option("YYYY-MM", "When the sessions ended, where they were.")],
    out: Annotated[Path, option("FILE", "The bundle, a zip.", "--out", "-o")],
    cdrs: Annotated[
        Path | None, option("FILE", "CDRs: one JSON object, an array, or JSON Lines.")
    ] = None,
    store: Annotated[
        Path | None, option("DIR", "Instead: the data folder of `wattseal cdr serve`.")
    ] = None,
    database_url: options.DatabaseUrl = None,
    registry: options.OptionalRegistryUrl = None,
    keys: options.KeysFile = None,
    tariff: Annotated[
        Path | None,
        option("FILE", "The driver's prices, TOML as [tariff]. Default: the CDRs' own."),
    ] = None,
    marker: options.Marker = None,
    issuer: Annotated[str | None, option("TEXT", "Who issues it.", show_default=False)] = None,
) -> Result:
    """Make the bundle of a driver's month: rated sessions, signed records, how to check.

    Amounts are prices times signed kWh. What is not billable is listed, and not charged. The same
    sessions give the same bytes.
    """
    rating.check_month(month)
    source = options.key_source(registry, keys) if registry or keys else None
    if cdrs is not None:
        judge = Validator(options.key_source(registry, keys), Rules(side="msp")).judge
        markers = read_markers(marker) if marker else {}
        charges: Iterator[rating.Charge] = rating.read_charges(cdrs, judge, markers)
    elif store is not None or database_url is not None:
        charges = _stored(store or options.DATA_FOLDER, database_url, driver)
    else:
        raise ToolError("usage", cause="Give the CDRs with --cdrs or --store.", help="")
    chosen = rating.without_repeats(rating.of_driver(charges, driver, month))
    if not chosen:
        raise ToolError("nothing_to_invoice", driver=driver, month=month)
    prices = _read_tariff(tariff) if tariff else None
    statement = Statement(driver, month, issuer, tuple(rating.rate_all(chosen, source, prices)))
    OutputDirectory(out.parent).write_bytes(out.name, make_bundle(statement))

    def words() -> None:
        say(str(out))
        for label, value in page_of(statement, Language.ENGLISH).totals:
            say(f"  {label}: {value}")

    said = {f.code for one in statement.sessions for f in one.charge.judgement.findings}
    told = {"file": out, "sessions": map(_members, statement.sessions)}
    return Result(told, words, batch_status(said, is_bad=False))


def _members(one: rating.Rated) -> dict[str, Any]:
    cost = one.cost
    return {
        "cdr": one.charge.judgement.cdr,
        "status": one.status,
        "energy_kwh": f"{one.energy_kwh:f}" if cost and one.energy_kwh is not None else None,
        "amount": f"{cost.gross:f}" if cost else None,
        "currency": cost.currency if cost else None,
        "folder": one.folder,
        "why_not": one.why_not(Language.ENGLISH),
    }
