"""`wattseal cdr build`: a CDR, or signed meter values, from a session's records."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from wattseal.cdr.build import build_cdr
from wattseal.cdr.build_facts import read_facts
from wattseal.cdr.build_json import write_exactly
from wattseal.cdr.build_limits import OCPI
from wattseal.cdr.build_session import (
    SessionRecords,
    build_session,
    read_records_text,
    read_session_folder,
)
from wattseal.cdr.ocpp import meter_values, read_meter_values
from wattseal.cli import options
from wattseal.cli.key_files import public_key
from wattseal.cli.output import print_json, say
from wattseal.errors import ToolError
from wattseal.output_files import OutputDirectory
from wattseal.public_key import PublicKey

app = typer.Typer()

MAX_OCPP_BYTES = 1 << 20


class Form(StrEnum):
    """The forms of build_limits.py."""

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
