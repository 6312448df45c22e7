"""`wattseal registry deactivate | consent | hardware-exchange`: what takes an access key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from wattseal.cli import options
from wattseal.cli.confirmation import confirm
from wattseal.cli.output import print_json, say, say_wrapped
from wattseal.cli.registry import EvseId
from wattseal.cli.registry_options import AccessKeyFile, RegistryUrl, writing_client
from wattseal.cli.times import local_time
from wattseal.errors import ToolError
from wattseal.registry.records import Statement
from wattseal.registry.requests import (
    Confirmation,
    ConsentRequest,
    DeactivationRequest,
    HardwareExchangeRequest,
)

app = typer.Typer()

MAX_FAREWELL_BYTES = 65536
REASONS = ("decommissioned", "defective", "compromised", "lost")

Note = Annotated[str, typer.Option(metavar="TEXT", help="Kept with the record, for everybody.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

_Request = TypeVar("_Request", bound=BaseModel)


@app.command(
    epilog="\b\nExamples:\n  wattseal registry deactivate 'DE*ABC*E1234*5' \\\n"
    "    --farewell decommissioned/farewell.json --access-key key.txt\n"
    "  wattseal registry deactivate 'DE*ABC*E1234*5' --reason lost \\\n"
    "    --note 'Stolen on 20 November' --access-key key.txt"
)
def deactivate(
    evse_id: EvseId,
    registry: RegistryUrl,
    reason: Annotated[
        str, typer.Option(metavar="|".join(REASONS), help="Why the key signs no more.")
    ] = "decommissioned",
    farewell: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Farewell of `wattseal device decommission`."),
    ] = None,
    note: Note = "",
    access_key: AccessKeyFile = None,
    yes: Yes = False,
    json_output: options.Json = False,
) -> None:
    """Mark a charge point's key as deactivated, for ever.

    Its meter and its module are free to be registered elsewhere afterwards; that the key was valid
    until now stays on record.
    """
    statement = read_farewell(farewell) if farewell else None
    request = checked(
        DeactivationRequest, evse_id=evse_id, reason=reason, farewell=statement, note=note
    )
    with writing_client(registry, access_key) as client:
        confirm(f"Deactivate the key of {evse_id}, for ever?", yes=yes)
        answer = client.deactivate(request)
    tell(answer, f"The key of {evse_id} is deactivated", json_output=json_output)


@app.command(
    epilog="\b\nExample:\n  wattseal registry consent 'DE*ABC*E1234*5' --to 'DE*XYZ' \\\n"
    "    --days 30 --access-key key.txt"
)
def consent(
    evse_id: EvseId,
    registry: RegistryUrl,
    to: Annotated[str, typer.Option("--to", metavar="OPERATOR", help="Such as DE*XYZ.")],
    days: Annotated[
        int, typer.Option(metavar="DAYS", min=1, max=366, help="How long it is good for.")
    ] = 30,
    access_key: AccessKeyFile = None,
    json_output: options.Json = False,
) -> None:
    """Let another operator take over a charge point's meter and module.

    The other operator then registers the module under an EVSE-ID of its own
    (`wattseal commission --scenario take-over`).
    """
    request = checked(ConsentRequest, evse_id=evse_id, to_operator=to, days=days)
    with writing_client(registry, access_key) as client:
        answer = client.consent(request)
    tell(answer, f"{to} may take over {evse_id} within {days} days", json_output=json_output)


@app.command(
    "hardware-exchange",
    epilog="\b\nExample:\n  wattseal registry hardware-exchange 'DE*ABC*E1234*5' \\\n"
    "    --station-model 'Example CS-2' --station-serial CS42 --access-key key.txt",
)
def hardware_exchange(
    evse_id: EvseId,
    registry: RegistryUrl,
    station_model: Annotated[str, typer.Option(metavar="TEXT", help="Of the new station.")],
    station_serial: Annotated[str, typer.Option(metavar="TEXT", help="Of the new station.")],
    note: Note = "",
    access_key: AccessKeyFile = None,
    json_output: options.Json = False,
) -> None:
    """Note that the station around a meter was exchanged; nothing else changes."""
    request = checked(
        HardwareExchangeRequest,
        evse_id=evse_id,
        station_model=station_model,
        station_serial=station_serial,
        note=note,
    )
    with writing_client(registry, access_key) as client:
        answer = client.exchange_hardware(request)
    tell(answer, f"The exchange at {evse_id} is noted", json_output=json_output)


def checked(form: type[_Request], **members: Any) -> _Request:
    """A request of values from the command line. ToolError `usage` naming the one that is wrong."""
    try:
        return form.model_validate(members)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = "-".join(str(part) for part in first["loc"]).replace("_", "-")
        raise ToolError("usage", cause=f"{name}: {first['msg']}.", help="") from None


def read_farewell(path: Path) -> Statement:
    """The statement that `wattseal device decommission` wrote. ToolError `file_unreadable`."""
    try:
        with path.open("rb") as file:
            told = json.loads(file.read(MAX_FAREWELL_BYTES))
        signed = {
            "key_number": json.loads(told["statement"])["key_number"],
            "signature": told["signature"],
        }
        return Statement.model_validate({"statement": told["statement"], "signatures": [signed]})
    except OSError as error:
        cause = error.strerror or str(error)
    except (ValueError, LookupError, TypeError):
        cause = "it is no farewell with its signature"
    raise ToolError("file_unreadable", path=str(path), cause=cause)


def tell(answer: Confirmation, what: str, *, json_output: bool) -> None:
    """The registry's answer, with what should be looked at."""
    if json_output:
        print_json(answer)
        return
    again = ", as before" if answer.repeated else ""
    say(f"{what}{again}: entry {answer.entry}, {local_time(answer.unix_ms)}.")
    for remark in answer.remarks:
        say_wrapped(f"note: {remark.sentence} {remark.remedy} [{remark.code}]", indent="  ")
