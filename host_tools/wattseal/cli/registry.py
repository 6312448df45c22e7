"""`wattseal registry eligible | show | history | key | search`: what everybody may ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from wattseal.cli import options
from wattseal.cli.groups import group_with
from wattseal.cli.output import print_json, say, say_facts, say_table, say_wrapped
from wattseal.cli.registry_options import RegistryUrl, reading_client
from wattseal.cli.registry_words import (
    evse_facts,
    history_row,
    meter_words,
    status_words,
    validity_words,
)
from wattseal.cli.times import local_time, read_time
from wattseal.errors import EXIT_USAGE, ToolError
from wattseal.output_files import OutputDirectory
from wattseal.public_key import read_public_key
from wattseal.registry.requests import Eligibility, KeyAnswer, SearchResult

app = typer.Typer(
    name="registry",
    cls=group_with(
        {
            "registry_changes": ("deactivate", "consent", "hardware-exchange"),
            "registry_audit": ("audit",),
            "registry_serve": ("serve",),
            "registry_keep": ("export", "backup", "restore"),
            "registry_access": ("access",),
        }
    ),
    no_args_is_help=True,
    help="Ask, run and audit a public-key registry.",
)

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
