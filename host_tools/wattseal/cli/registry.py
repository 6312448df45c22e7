"""`wattseal registry eligible | show | history | key | search`: what everybody may ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from wattseal.cli import options, output
from wattseal.cli.options import Commands, argument, option
from wattseal.cli.output import INDENT, Result, say, say_facts, say_table, say_wrapped
from wattseal.cli.program import group_with
from wattseal.common.errors import EXIT_FAILED, ToolError
from wattseal.common.exact_json import load_object
from wattseal.common.files import read_at_most, write_private
from wattseal.common.times import unix_ms
from wattseal.ocmf.public_key import read_public_key
from wattseal.registry import api_models as api
from wattseal.registry import records

if TYPE_CHECKING:
    from wattseal.registry.client import RegistryClient

app = Commands(
    name="registry",
    cls=group_with(
        {
            **dict.fromkeys(("audit", "serve", "export", "backup", "restore"), "registry_admin"),
            "access": "registry:access_app",
        }
    ),
    no_args_is_help=True,
    help="Ask, run and audit a public-key registry.",
)


def _meter(meter: records.Meter | records.MeterRef) -> str:
    """Manufacturer and serial number."""
    return f"{meter.manufacturer} {meter.serial}"


def _status(evse: api.EvseState) -> str:
    """What became of a charge point, and when."""
    return f"{evse.status.replace('_', ' ')} since {output.local_time(evse.since_unix_ms)}"


def _validity(key: api.KeyAnswer | api.KeyValidity) -> str:
    """From when until when a key signs for its charge point."""
    until = key.valid_until_unix_ms
    end = "now" if until is None else output.local_time(until)
    return f"from {output.local_time(key.valid_from_unix_ms)} until {end}"


def _evse_facts(evse: api.EvseState, key: api.KeyAnswer | None) -> list[tuple[str, str]]:
    """A charge point in lines of a label and a value."""
    facts = [
        ("EVSE-ID", evse.evse_id),
        ("operator", evse.operator),
        ("status", f"{_status(evse)} (entry {evse.entry})"),
        ("meter", _meter(evse.meter) if evse.meter else "none"),
        ("module", f"chip {evse.chip_id}" if evse.chip_id else "none"),
        ("key", f"SHA-256 {evse.fingerprint}" if evse.fingerprint else "none"),
        ("settings", f"SHA-256 {evse.settings_sha256}" if evse.settings_sha256 else "none"),
    ]
    if key:
        facts += [("public key", key.public_key), ("algorithm", key.algorithm)]
        facts.append(("key valid", _validity(key)))
    return facts


def _history_row(line: api.HistoryLine) -> tuple[str, str, str, str]:
    """Entry, time, what it is, and its most telling details."""
    record = line.record
    what = record.type.replace("_", " ")
    if isinstance(record, records.Registration):
        what = f"{what}: {record.scenario.value.replace('_', ' ')}"
    details = _details(record)
    if line.key and line.key.valid_from_unix_ms == record.unix_ms:  # the record that began it
        details += f", valid {_validity(line.key)}"
    return str(line.number), output.local_time(record.unix_ms), what, details


def _details(record: records.Record) -> str:
    if isinstance(record, records.Registration):
        return (
            f"{record.evse_id}, meter {_meter(record.meter)}, chip {record.chip_id}, "
            f"key {record.key_number}, firmware {record.firmware}"
        )
    if isinstance(record, records.Deactivation):
        words = f"{record.reason}{', with farewell' if record.farewell else ''}"
        return f"{words}: {record.note}" if record.note else words
    if isinstance(record, records.HardwareExchange):
        return f"{record.station_model} {record.station_serial}"
    if isinstance(record, records.Consent):
        return f"{record.from_operator} lets {record.to_operator} take over"
    if isinstance(record, (records.AccessGranted, records.AccessRevoked)):
        return f"{record.key_id} ({record.role})"
    return "begin and end record kept"


EvseId = Annotated[str, argument("EVSE-ID", "Such as DE*ABC*E1234*5.")]
At = Annotated[str | None, option("TIME", "At that time, such as 2026-11-21T10:00+01:00, not now.")]


def read_time(text: str) -> int:
    """Milliseconds since 1970 of a time with its zone. ToolError `usage` if the text is none."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ToolError(
            "usage",
            cause=f"{text} is no time with a zone.",
            help="Write it as 2026-11-21T10:00:05+01:00 or 2026-11-21T09:00:05Z.",
        )
    return unix_ms(moment)


@app.command(
    epilog="\b\nExample:\n  wattseal registry eligible 'DE*ABC*E1234*5' -r https://registry.example\n"
    "\nExit status: 0 both yes, 1 one of them no, 2 could not be asked."
)
def eligible(
    evse_id: EvseId,
    registry: options.RegistryUrl,
    vkey: options.Vkey = None,
    allow_http: options.AllowHttp = False,
) -> Result:
    """Ask whether a charge point may be published and sessions authorised.

    Ask before the POI is published as compliant with calibration law, and before sessions are
    authorised from white lists.
    """
    with options.failure_is_status_2(), _asked(registry, vkey, allow_http) as client:
        answer = client.eligibility(evse_id)
    status = 0 if answer.publish and answer.authorise else EXIT_FAILED
    return _proven(client, vars(answer), lambda: _say_eligibility(answer), status)


@app.command(example="wattseal registry show 'DE*ABC*E1234*5' -r https://registry.example")
def show(
    evse_id: EvseId,
    registry: options.RegistryUrl,
    at: At = None,
    vkey: options.Vkey = None,
    allow_http: options.AllowHttp = False,
) -> Result:
    """Show what is at a charge point: meter, module, key, and since when."""
    moment = read_time(at) if at else None
    with _asked(registry, vkey, allow_http) as client:
        evse = client.evse(evse_id, moment)
        if evse is None:
            raise ToolError("registry_not_found", what=f"{evse_id}{_at_words(at)}")
        key = client.key_of(evse_id, moment)
    told = {"evse": evse, "key": key}
    return _proven(client, told, lambda: say_facts(_evse_facts(evse, key)))


@app.command(example="wattseal registry history 'DE*ABC*E1234*5' -r https://registry.example")
def history(
    evse_id: EvseId,
    registry: options.RegistryUrl,
    vkey: options.Vkey = None,
    allow_http: options.AllowHttp = False,
) -> Result:
    """List every record that touched a charge point, oldest first."""
    with _asked(registry, vkey, allow_http) as client:
        lines = client.history(evse_id)
    columns = ("ENTRY", "TIME", "WHAT", "DETAILS")
    rows = [_history_row(line) for line in lines]
    return _proven(client, {"records": lines}, lambda: say_table(columns, rows))


@app.command(
    epilog="\b\nExamples:\n  wattseal registry key 'DE*ABC*E1234*5' -r https://registry.example\n"
    "  wattseal registry key 'DE*ABC*E1234*5' -r https://registry.example \\\n"
    "    --at 2026-11-21T10:00+01:00 --out keys"
)
def key(
    evse_id: EvseId,
    registry: options.RegistryUrl,
    at: At = None,
    out: options.OutputPath = None,
    vkey: options.Vkey = None,
    allow_http: options.AllowHttp = False,
) -> Result:
    """Show the public key that is valid for a charge point, or was at a time.

    That is the key to check a session's records with; give the time of the session. Until when it
    is valid is what is known now, also with --at. --out writes it as public-key.hex and
    public-key.pem.
    """
    moment = read_time(at) if at else None
    with _asked(registry, vkey, allow_http) as client:
        found = client.key_of(evse_id, moment)
    if found is None:
        raise ToolError("registry_not_found", what=f"a valid key of {evse_id}{_at_words(at)}")
    public = read_public_key(found.public_key)
    files = {"public-key.hex": public.hex + "\n", "public-key.pem": public.pem}
    written = options.write_files(out, files)

    def words() -> None:
        say_facts(_key_facts(found))
        for path in written:
            say(f"written: {path}")

    return _proven(client, {"key": found, "files": written}, words)


@app.command(example="wattseal registry search 1EMH0012345678 -r https://registry.example")
def search(
    text: Annotated[str, argument("TEXT", "EVSE-ID, serial number, or key.")],
    registry: options.RegistryUrl,
    vkey: options.Vkey = None,
    allow_http: options.AllowHttp = False,
) -> Result:
    """Search for an EVSE-ID, a serial number or a key, or the beginning of one."""
    with _asked(registry, vkey, allow_http) as client:
        found = client.search(text)
    return _proven(client, vars(found), lambda: _say_found(found))


def _asked(registry: str, vkey: str | None, allow_http: bool) -> RegistryClient:
    return options.registry_client(registry, vkey=vkey, allow_http=allow_http)


def _proven(
    client: RegistryClient, told: dict[str, Any], words: Callable[[], None], status: int = 0
) -> Result:
    """An answer, what it was proven with, and what could not be checked."""
    proof = client.proof

    def with_proof() -> None:
        words()
        if proof is None:
            say("not checked: that there is nothing is not proven of a search.")
        else:
            say(f"proven by the log {proof.registry} of {proof.size} entries")
            for each in proof.not_checked:
                say_wrapped(f"not checked: {each}", indent=INDENT)

    return Result({**told, "proof": proof}, with_proof, status)


def _at_words(at: str | None) -> str:
    return f" at {at}" if at else ""


def _say_eligibility(answer: api.Eligibility) -> None:
    say(answer.evse_id, "bold")
    questions = (("publish", answer.publish), ("authorise", answer.authorise))
    say_facts([(question, "yes" if yes else "no") for question, yes in questions], indent=INDENT)
    for reason in answer.reasons:
        say_wrapped(f"{reason.sentence} {reason.remedy} [{reason.code}]", indent=INDENT)


def _key_facts(key: api.KeyAnswer) -> list[tuple[str, str]]:
    since = output.local_time(key.since_unix_ms)
    return [
        ("public key", key.public_key),
        ("SHA-256", key.fingerprint),
        ("algorithm", key.algorithm),
        ("number", str(key.key_number)),
        ("status", f"{key.status} since {since} (entry {key.entry})"),
        ("valid", _validity(key)),
        ("EVSE-ID", key.evse_id),
        ("meter", _meter(key.meter)),
        ("firmware", f"SHA-256 {key.firmware_identity}"),
    ]


def _say_found(found: api.SearchResult) -> None:
    rows = [("charge point", e.evse_id, _status(e)) for e in found.evses]
    rows += [("key", k.fingerprint, f"{k.status}, {k.evse_id}") for k in found.keys]
    rows += [("module", m.chip_id, m.evse_id or "at no charge point") for m in found.modules]
    rows += [("meter", _meter(m.meter), m.evse_id or "at no charge point") for m in found.meters]
    if rows:
        say_table(("WHAT", "NAME", "STATE"), rows)
    else:
        say("Nothing was found.")


MAX_FAREWELL_BYTES = 65536
REASONS = ("decommissioned", "defective", "compromised", "lost")

Note = Annotated[str, option("TEXT", "Kept with the record, for everybody.")]

_Request = TypeVar("_Request", bound=BaseModel)


def _checked(form: type[_Request], **members: Any) -> _Request:
    """A request of values from the command line. ToolError `usage` naming the one that is wrong."""
    try:
        return form.model_validate(members)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = "-".join(str(part) for part in first["loc"]).replace("_", "-")
        raise ToolError("usage", cause=f"{name}: {first['msg']}.", help="") from None


def _read_farewell(path: Path) -> records.Statement:
    """The statement that `wattseal device decommission` wrote. ToolError `file_unreadable`."""
    try:
        told = load_object(read_at_most(path, MAX_FAREWELL_BYTES))
        number = load_object(told["statement"])["key_number"]
        signed = {"key_number": number, "signature": told["signature"]}
        members = {"statement": told["statement"], "signatures": [signed]}
        return records.Statement.model_validate(members)
    except (ValueError, LookupError, TypeError):
        cause = "it is no farewell with its signature"
        raise ToolError("file_unreadable", path=str(path), cause=cause) from None


def _confirmed(answer: api.Confirmation, what: str) -> Result:
    """The registry's answer, with what should be looked at."""

    def words() -> None:
        again = ", as before" if answer.repeated else ""
        say(f"{what}{again}: entry {answer.entry}, {output.local_time(answer.unix_ms)}.")
        for remark in answer.remarks:
            say_wrapped(f"note: {remark.sentence} {remark.remedy} [{remark.code}]", indent=INDENT)

    return Result(answer, words)


access_app = Commands(
    name="access", no_args_is_help=True, help="Make, list and revoke access keys."
)


@access_app.command(
    epilog="\b\nExamples:\n  wattseal registry access create --operator 'DE*ABC' \\\n"
    "    --label 'Example CPO' --out abc.txt --access-key administrator.key\n"
    "  wattseal registry access create --administrator --days 30 \\\n"
    "    --out second.txt --access-key administrator.key"
)
def create(
    registry: options.RegistryUrl,
    out: Annotated[Path, option("FILE", "Write the key into this new file.", "--out", "-o")],
    operator: Annotated[
        list[str] | None, option("OPERATOR", "May change its stations, such as DE*ABC; repeat.")
    ] = None,
    administrator: Annotated[
        bool, typer.Option("--administrator", help="May change everything.")
    ] = False,
    label: Annotated[str, option("TEXT", "Whose it is; public.")] = "",
    days: Annotated[
        int, option("DAYS", "How long it is good for; 0: for ever.", min=0, max=3660)
    ] = 366,
    access_key: options.AccessKeyFile = None,
) -> Result:
    """Make an access key, and write it where only you can read it.

    The registry keeps a hash of it: a key that was lost is revoked and replaced.
    """
    if administrator == bool(operator):
        raise ToolError("usage", cause="Give --operator or --administrator.", help="")
    options.check_new(out)
    request = _checked(
        api.AccessRequest,
        role="administrator" if administrator else "cpo",
        operators=operator or [],
        label=label,
        days=days or None,
    )
    with options.registry_client(registry, options.access_key_of(access_key)) as client:
        answer = client.grant(request)
    write_private(out, f"{answer.access_key}\n".encode())
    told = answer.model_copy(update={"access_key": None})
    return _confirmed(told, f"Access key {answer.key_id} written to {out}")


@access_app.command("list", example="wattseal registry access list --access-key administrator.key")
def list_keys(registry: options.RegistryUrl, access_key: options.AccessKeyFile = None) -> Result:
    """List all access keys, the revoked ones too."""
    with options.registry_client(registry, options.access_key_of(access_key)) as client:
        keys = client.access_keys()
    columns = ("KEY", "ROLE", "GOOD UNTIL", "OPERATORS", "LABEL")
    return Result({"keys": keys}, lambda: say_table(columns, map(_row, keys)))


@access_app.command(
    example="wattseal registry access revoke k7qy2m4nxa5d \\\n    --access-key administrator.key"
)
def revoke(
    key_id: Annotated[str, argument("KEY", "As `access list` names it.")],
    registry: options.RegistryUrl,
    access_key: options.AccessKeyFile = None,
) -> Result:
    """Revoke an access key, from now on and for ever."""
    with options.registry_client(registry, options.access_key_of(access_key)) as client:
        answer = client.revoke(key_id)
    return _confirmed(answer, f"Access key {key_id} is revoked")


def _row(key: api.AccessState) -> tuple[str, str, str, str, str]:
    until = "for ever" if key.until_unix_ms is None else output.local_time(key.until_unix_ms)
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
    registry: options.RegistryUrl,
    reason: Annotated[
        str, option("|".join(REASONS), "Why the key signs no more.")
    ] = "decommissioned",
    farewell: Annotated[
        Path | None, option("FILE", "Farewell of `wattseal device decommission`.")
    ] = None,
    note: Note = "",
    access_key: options.AccessKeyFile = None,
    yes: options.Yes = False,
) -> Result:
    """Mark a charge point's key as deactivated, for ever.

    Its meter and its module are free to be registered elsewhere afterwards; that the key was valid
    until now stays on record.
    """
    statement = _read_farewell(farewell) if farewell else None
    request = _checked(
        api.DeactivationRequest, evse_id=evse_id, reason=reason, farewell=statement, note=note
    )
    with options.registry_client(registry, options.access_key_of(access_key)) as client:
        output.confirm(f"Deactivate the key of {evse_id}, for ever?", yes=yes)
        answer = client.deactivate(request)
    return _confirmed(answer, f"The key of {evse_id} is deactivated")


@app.command(
    example="wattseal registry consent 'DE*ABC*E1234*5' --to 'DE*XYZ' \\\n"
    "    --days 30 --access-key key.txt"
)
def consent(
    evse_id: EvseId,
    registry: options.RegistryUrl,
    to: Annotated[str, option("OPERATOR", "Such as DE*XYZ.")],
    days: Annotated[int, option("DAYS", "How long it is good for.", min=1, max=366)] = 30,
    access_key: options.AccessKeyFile = None,
) -> Result:
    """Let another operator take over a charge point's meter and module.

    The other operator then registers the module under an EVSE-ID of its own
    (`wattseal commission --scenario take-over`).
    """
    request = _checked(api.ConsentRequest, evse_id=evse_id, to_operator=to, days=days)
    with options.registry_client(registry, options.access_key_of(access_key)) as client:
        answer = client.consent(request)
    return _confirmed(answer, f"{to} may take over {evse_id} within {days} days")


@app.command(
    "hardware-exchange",
    example="wattseal registry hardware-exchange 'DE*ABC*E1234*5' \\\n"
    "    --station-model 'Example CS-2' --station-serial CS42 --access-key key.txt",
)
def hardware_exchange(
    evse_id: EvseId,
    registry: options.RegistryUrl,
    station_model: Annotated[str, option("TEXT", "Of the new station.")],
    station_serial: Annotated[str, option("TEXT", "Of the new station.")],
    note: Note = "",
    access_key: options.AccessKeyFile = None,
) -> Result:
    """Note that the station around a meter was exchanged; nothing else changes."""
    request = _checked(
        api.HardwareExchangeRequest,
        evse_id=evse_id,
        station_model=station_model,
        station_serial=station_serial,
        note=note,
    )
    with options.registry_client(registry, options.access_key_of(access_key)) as client:
        answer = client.exchange_hardware(request)
    return _confirmed(answer, f"The exchange at {evse_id} is noted")
