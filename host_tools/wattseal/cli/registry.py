"""`wattseal registry eligible | show | history | key | search`: what everybody may ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from wattseal.cli import options
from wattseal.cli.options import AccessKeyFile, RegistryUrl, reading_client, writing_client
from wattseal.cli.output import (
    confirm,
    local_time,
    print_json,
    read_time,
    say,
    say_facts,
    say_table,
    say_wrapped,
)
from wattseal.cli.program import group_with
from wattseal.common.errors import EXIT_USAGE, ToolError
from wattseal.common.exact_json import load_object
from wattseal.common.files import OutputDirectory, write_private
from wattseal.ocmf.public_key import read_public_key
from wattseal.registry.api_models import (
    AccessRequest,
    AccessState,
    Confirmation,
    ConsentRequest,
    DeactivationRequest,
    Eligibility,
    EvseState,
    HardwareExchangeRequest,
    HistoryLine,
    KeyAnswer,
    KeyValidity,
    SearchResult,
)
from wattseal.registry.records import (
    AccessGranted,
    AccessRevoked,
    Consent,
    Deactivation,
    HardwareExchange,
    Meter,
    MeterRef,
    Record,
    Registration,
    Statement,
)

app = typer.Typer(
    name="registry",
    cls=group_with(
        {
            "registry_admin": ("audit", "serve", "export", "backup", "restore"),
            "registry:access_app": ("access",),
        }
    ),
    no_args_is_help=True,
    help="Ask, run and audit a public-key registry.",
)


def meter_words(meter: Meter | MeterRef) -> str:
    """Manufacturer and serial number."""
    return f"{meter.manufacturer} {meter.serial}"


def status_words(evse: EvseState) -> str:
    """What became of a charge point, and when."""
    return f"{evse.status.replace('_', ' ')} since {local_time(evse.since_unix_ms)}"


def validity_words(key: KeyAnswer | KeyValidity) -> str:
    """From when until when a key signs for its charge point."""
    until = key.valid_until_unix_ms
    return f"from {local_time(key.valid_from_unix_ms)} until " + (
        "now" if until is None else local_time(until)
    )


def evse_facts(evse: EvseState, key: KeyAnswer | None) -> list[tuple[str, str]]:
    """A charge point in lines of a label and a value."""
    return [
        ("EVSE-ID", evse.evse_id),
        ("operator", evse.operator),
        ("status", f"{status_words(evse)} (entry {evse.entry})"),
        ("meter", meter_words(evse.meter) if evse.meter else "none"),
        ("module", f"chip {evse.chip_id}" if evse.chip_id else "none"),
        ("key", f"SHA-256 {evse.fingerprint}" if evse.fingerprint else "none"),
        *(
            [
                ("public key", key.public_key),
                ("algorithm", key.algorithm),
                ("key valid", validity_words(key)),
            ]
            if key
            else []
        ),
    ]


def history_row(line: HistoryLine) -> tuple[str, str, str, str]:
    """Entry, time, what it is, and its most telling details."""
    record = line.record
    what = record.type.replace("_", " ")
    if isinstance(record, Registration):
        what = f"{what}: {record.scenario.value.replace('_', ' ')}"
    details = _details(record)
    if line.key and line.key.valid_from_unix_ms == record.unix_ms:  # the record that began it
        details += f", valid {validity_words(line.key)}"
    return str(line.number), local_time(record.unix_ms), what, details


def _details(record: Record) -> str:
    if isinstance(record, Registration):
        return (
            f"{record.evse_id}, meter {meter_words(record.meter)}, chip {record.chip_id}, "
            f"key {record.key_number}, firmware {record.firmware}"
        )
    if isinstance(record, Deactivation):
        words = f"{record.reason}{', with farewell' if record.farewell else ''}"
        return f"{words}: {record.note}" if record.note else words
    if isinstance(record, HardwareExchange):
        return f"{record.station_model} {record.station_serial}"
    if isinstance(record, Consent):
        return f"{record.from_operator} lets {record.to_operator} take over"
    if isinstance(record, (AccessGranted, AccessRevoked)):
        return f"{record.key_id} ({record.role})"
    return "begin and end record kept"


EvseId = Annotated[str, typer.Argument(metavar="EVSE-ID", help="Such as DE*ABC*E1234*5.")]
At = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="At that time, such as 2026-11-21T10:00+01:00, not now."),
]

NOT_ELIGIBLE = 1


@app.command(
    epilog="\b\nExample:\n  wattseal registry eligible 'DE*ABC*E1234*5' -r https://registry.example\n"
    "\nExit status: 0 both yes, 1 one of them no, 2 could not be asked."
)
def eligible(evse_id: EvseId, registry: RegistryUrl, json_output: options.Json = False) -> None:
    """Ask whether a charge point may be published and sessions authorised.

    Ask before the POI is published as compliant with calibration law, and before sessions are
    authorised from white lists.
    """
    with could_not_ask(), reading_client(registry) as client:
        answer = client.eligibility(evse_id)
    if json_output:
        print_json(answer)
    else:
        _say_eligibility(answer)
    raise typer.Exit(0 if answer.publish and answer.authorise else NOT_ELIGIBLE)


@app.command(
    epilog="\b\nExample:\n  wattseal registry show 'DE*ABC*E1234*5' -r https://registry.example"
)
def show(
    evse_id: EvseId, registry: RegistryUrl, at: At = None, json_output: options.Json = False
) -> None:
    """Show what is at a charge point: meter, module, key, and since when."""
    moment = read_time(at) if at else None
    with reading_client(registry) as client:
        evse = client.evse(evse_id, moment)
        if evse is None:
            raise ToolError("registry_not_found", what=f"{evse_id}{_at_words(at)}")
        key = client.key_of(evse_id, moment)
    if json_output:
        print_json({"evse": evse.model_dump(), "key": key.model_dump() if key else None})
        return
    say_facts(evse_facts(evse, key))


@app.command(
    epilog="\b\nExample:\n  wattseal registry history 'DE*ABC*E1234*5' -r https://registry.example"
)
def history(evse_id: EvseId, registry: RegistryUrl, json_output: options.Json = False) -> None:
    """List every record that touched a charge point, oldest first."""
    with reading_client(registry) as client:
        lines = client.history(evse_id)
    if json_output:
        print_json({"records": [line.model_dump(mode="json") for line in lines]})
        return
    say_table(("ENTRY", "TIME", "WHAT", "DETAILS"), [history_row(line) for line in lines])


@app.command(
    epilog="\b\nExamples:\n  wattseal registry key 'DE*ABC*E1234*5' -r https://registry.example\n"
    "  wattseal registry key 'DE*ABC*E1234*5' -r https://registry.example \\\n"
    "    --at 2026-11-21T10:00+01:00 --out keys"
)
def key(
    evse_id: EvseId,
    registry: RegistryUrl,
    at: At = None,
    out: options.OutputPath = None,
    json_output: options.Json = False,
) -> None:
    """Show the public key that is valid for a charge point, or was at a time.

    That is the key to check a session's records with; give the time of the session. Until when it
    is valid is what is known now, also with --at. --out writes it as public-key.hex and
    public-key.pem.
    """
    moment = read_time(at) if at else None
    with reading_client(registry) as client:
        found = client.key_of(evse_id, moment)
    if found is None:
        raise ToolError("registry_not_found", what=f"a valid key of {evse_id}{_at_words(at)}")
    public = read_public_key(found.public_key)
    files = {"public-key.hex": public.hex + "\n", "public-key.pem": public.pem}
    written = OutputDirectory(out).write(files) if out else []
    if json_output:
        print_json({"key": found.model_dump(), "files": [str(path) for path in written]})
        return
    _say_key(found)
    for path in written:
        say(f"written: {path}")


@app.command(
    epilog="\b\nExample:\n  wattseal registry search 1EMH0012345678 -r https://registry.example"
)
def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="EVSE-ID, serial number, or key.")],
    registry: RegistryUrl,
    json_output: options.Json = False,
) -> None:
    """Search for an EVSE-ID, a serial number or a key, or the beginning of one."""
    with reading_client(registry) as client:
        found = client.search(text)
    if json_output:
        print_json(found)
        return
    _say_found(found)


@contextmanager
def could_not_ask() -> Iterator[None]:
    """Failures within end the command with status 2: status 1 is an answer there."""
    try:
        yield
    except ToolError as error:
        error.exit_status = EXIT_USAGE
        raise


def _at_words(at: str | None) -> str:
    return f" at {at}" if at else ""


def _say_eligibility(answer: Eligibility) -> None:
    say(f"{answer.evse_id}", "bold")
    for question, yes in (("publish", answer.publish), ("authorise", answer.authorise)):
        say_facts([(question, "yes" if yes else "no")], indent="  ")
    for reason in answer.reasons:
        say_wrapped(f"{reason.sentence} {reason.remedy} [{reason.code}]", indent="  ")


def _say_key(key: KeyAnswer) -> None:
    say_facts(
        [
            ("public key", key.public_key),
            ("SHA-256", key.fingerprint),
            ("algorithm", key.algorithm),
            ("number", str(key.key_number)),
            ("status", f"{key.status} since {local_time(key.since_unix_ms)} (entry {key.entry})"),
            ("valid", validity_words(key)),
            ("charge point", key.evse_id),
            ("meter", meter_words(key.meter)),
            ("firmware", f"SHA-256 {key.firmware_identity}"),
        ]
    )


def _say_found(found: SearchResult) -> None:
    rows = [("charge point", e.evse_id, status_words(e)) for e in found.evses]
    rows += [("key", k.fingerprint, f"{k.status}, {k.evse_id}") for k in found.keys]
    rows += [("module", m.chip_id, m.evse_id or "at no charge point") for m in found.modules]
    rows += [
        ("meter", meter_words(m.meter), m.evse_id or "at no charge point") for m in found.meters
    ]
    if not rows:
        say("Nothing was found.")
        return
    say_table(("WHAT", "NAME", "STATE"), rows)


MAX_FAREWELL_BYTES = 65536
REASONS = ("decommissioned", "defective", "compromised", "lost")

Note = Annotated[str, typer.Option(metavar="TEXT", help="Kept with the record, for everybody.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

_Request = TypeVar("_Request", bound=BaseModel)


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
            told = load_object(file.read(MAX_FAREWELL_BYTES))
        signed = {
            "key_number": load_object(told["statement"])["key_number"],
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


access_app = typer.Typer(
    name="access", no_args_is_help=True, help="Make, list and revoke access keys."
)

FOR_EVER = 0


@access_app.command(
    epilog="\b\nExamples:\n  wattseal registry access create --operator 'DE*ABC' \\\n"
    "    --label 'Example CPO' --out abc.txt --access-key administrator.key\n"
    "  wattseal registry access create --administrator --days 30 \\\n"
    "    --out second.txt --access-key administrator.key"
)
def create(
    registry: RegistryUrl,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Write the key into this new file.")
    ],
    operator: Annotated[
        list[str] | None,
        typer.Option(metavar="OPERATOR", help="May change its stations, such as DE*ABC; repeat."),
    ] = None,
    administrator: Annotated[
        bool, typer.Option("--administrator", help="May change everything.")
    ] = False,
    label: Annotated[str, typer.Option(metavar="TEXT", help="Whose it is; public.")] = "",
    days: Annotated[
        int,
        typer.Option(
            metavar="DAYS", min=FOR_EVER, max=3660, help="How long it is good for; 0: for ever."
        ),
    ] = 366,
    access_key: AccessKeyFile = None,
    json_output: options.Json = False,
) -> None:
    """Make an access key, and write it where only you can read it.

    The registry keeps a hash of it: a key that was lost is revoked and replaced.
    """
    if administrator == bool(operator):
        raise ToolError("usage", cause="Give --operator or --administrator.", help="")
    if out.exists():
        raise ToolError("file_exists", path=str(out))
    request = checked(
        AccessRequest,
        role="administrator" if administrator else "cpo",
        operators=operator or [],
        label=label,
        days=days or None,
    )
    with writing_client(registry, access_key) as client:
        answer = client.grant(request)
    write_private(out, f"{answer.access_key}\n".encode())
    told = answer.model_copy(update={"access_key": None})
    tell(told, f"Access key {answer.key_id} written to {out}", json_output=json_output)


@access_app.command(
    "list", epilog="\b\nExample:\n  wattseal registry access list --access-key administrator.key"
)
def list_keys(
    registry: RegistryUrl, access_key: AccessKeyFile = None, json_output: options.Json = False
) -> None:
    """List all access keys, the revoked ones too."""
    with writing_client(registry, access_key) as client:
        keys = client.access_keys()
    if json_output:
        print_json({"keys": [key.model_dump() for key in keys]})
        return
    say_table(("KEY", "ROLE", "GOOD UNTIL", "OPERATORS", "LABEL"), [_row(key) for key in keys])


@access_app.command(
    epilog="\b\nExample:\n  wattseal registry access revoke k7qy2m4nxa5d \\\n"
    "    --access-key administrator.key"
)
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY", help="As `access list` names it.")],
    registry: RegistryUrl,
    access_key: AccessKeyFile = None,
    json_output: options.Json = False,
) -> None:
    """Revoke an access key, from now on and for ever."""
    with writing_client(registry, access_key) as client:
        answer = client.revoke(key_id)
    tell(answer, f"Access key {key_id} is revoked", json_output=json_output)


def _row(key: AccessState) -> tuple[str, str, str, str, str]:
    until = "for ever" if key.until_unix_ms is None else local_time(key.until_unix_ms)
    operators = " ".join(key.operators) or "all"
    return key.key_id, key.role, "revoked" if key.revoked else until, operators, key.label


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
