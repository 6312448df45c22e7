"""`wattseal device events | archive-events | statements`: what happened to the module."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from wattseal.cli import key_files, options
from wattseal.cli.journal import First, Last, count
from wattseal.cli.options import connected
from wattseal.cli.output import print_json, say, say_facts, say_table
from wattseal.cli.owner_permit import Signature, permit
from wattseal.cli.progress import counted
from wattseal.cli.times import kilobytes, local_time
from wattseal.device import Device, key_of
from wattseal.device_models import Event, Hello, SignedStatement
from wattseal.errors import ToolError
from wattseal.event_chain import check_chain, read_entry
from wattseal.key_history import Checked, check_history, check_present_key
from wattseal.output_files import OutputDirectory
from wattseal.signed_answers import check_answer

app = typer.Typer()


@app.command(epilog="\b\nExample:\n  wattseal device events --port /dev/ttyACM0 --head")
def events(
    port: options.Port,
    first: First = None,
    last: Last = None,
    head: Annotated[
        bool, typer.Option("--head", help="Also have the module sign the newest event.")
    ] = False,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """List the event log and check its hash chain.

    With --head the module signs number and chain value of its newest event over a fresh
    challenge, which shows that the log ends here and is this module's.
    """
    with connected(port, baud, timeout) as (device, hello):
        found = _read(device, first, last)
        signed = _signed_head(device, hello, found) if head else None
    check_chain(found)
    if json_output:
        result = {"events": [event.model_dump() for event in found], "chain": "whole"}
        print_json({**result, "head": signed.model_dump()} if signed else result)
    elif found:
        say_table(("NO", "TIME", "EVENT", "DETAIL"), map(_row, found))
        say(f"{len(found)} events, their hash chain is whole.")
        if signed:
            say("The module has signed the newest one; the signature is verified.")
    else:
        say("The module holds no such events.")


def _read(device: Device, first: int | None, last: int | None) -> list[Event]:
    log = device.status().events
    total = count(first, last, log.oldest, log.newest)
    return list(counted(device.events(first, last), total)) if total else []


def _signed_head(device: Device, hello: Hello, found: Sequence[Event]) -> SignedStatement:
    """The signed head, checked against the newest event that the module gives."""
    challenge = secrets.token_hex(32)
    signed = device.event_head(challenge)
    expected: dict[str, Any] = {"type": "event_head", "challenge": challenge}
    expected["chip_id"] = hello.chip_id
    members = check_answer("event_head", signed, device.public_key(), **expected)
    for event in found:
        if event.number == members["number"] and event.chain != members["chain"]:
            raise ToolError("event_chain_broken", number=event.number)
    return signed


def _row(event: Event) -> tuple[str, str | None, str, str]:
    """Number, time in UTC, name and facts of an event; one that cannot be parsed as it is."""
    try:
        entry = read_entry(event)
        time = None if entry["unix_ms"] is None else local_time(int(entry["unix_ms"]))
        facts = json.dumps(entry["detail"], separators=(",", ":"))
        return str(event.number), time, str(entry["event"]), facts
    except (ValueError, KeyError, TypeError):
        return str(event.number), None, "unknown", event.entry


@app.command(
    "archive-events",
    epilog="\b\nExample:\n  wattseal device archive-events --port /dev/ttyACM0 \\\n"
    "    --out archive --owner-key owner.pem",
)
def archive_events(
    port: options.Port,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Write the archive there.")
    ],
    owner_key: key_files.OwnerKey = None,
    signature: Signature = None,
    through: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Last event to archive; needed with --signature.",
            show_default="newest",
        ),
    ] = None,
    password_file: key_files.OwnerPasswordFile = None,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Save the event log to a file, then let the module forget it, to make room.

    The owner permits it. Nothing is forgotten before the archive is checked and written; the hash
    chain goes on in the module.
    """  # fmt: skip
    if signature is not None and through is None:
        raise ToolError(
            "usage",
            cause="The signed challenge names the last event to forget.",
            help="Give the same number with --through.",
        )
    allowed = permit(signature, owner_key, password_file)
    OutputDirectory(out).check_writable()
    with connected(port, baud, timeout) as (device, hello):
        found = _read(device, None, through)
        if not found:
            raise ToolError("nothing_to_archive")
        check_chain(found)
        written = _write_archive(out, hello, found)
        log = device.archive_events(
            allowed.answer(device, hello, "archive_events", found[-1].number)
        )
    if json_output:
        print_json({"events": log.model_dump(), "files": written})
        return
    say(f"{len(found)} events archived, their hash chain is whole.", "bold green")
    say_facts(
        [
            ("written", written[0]),
            ("events", f"{log.oldest} to {log.newest}"),
            ("room", kilobytes(log.free_bytes)),
        ]
    )
    if log.oldest and log.oldest <= found[-1].number:
        say("The module frees whole sectors, so some archived events stay for now.")


def _write_archive(out: Path, hello: Hello, found: Sequence[Event]) -> list[str]:
    """The archive: one JSON object a line for each event, as the link gave it."""
    name = f"events-{hello.chip_id}-{found[0].number}-{found[-1].number}.jsonl"
    lines = [event.model_dump_json() for event in found]
    files = {name: "\n".join(lines) + "\n"}
    return [str(path) for path in OutputDirectory(out).write(files)]


@app.command(epilog="\b\nExample:\n  wattseal device statements --port /dev/ttyACM0 --out history")
def statements(
    port: options.Port,
    out: options.OutputPath = None,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Show the history of the module's keys, and check that each leads to the next.

    A roll-over must be signed by the old key and by the new one. With --out the statements are
    written there as statements.json.
    """
    with connected(port, baud, timeout) as (device, hello):
        stored = list(device.statements())
        state = device.status()
        has_key = state.key_number is not None and state.state != "fault"
        key = device.key_number() if has_key else None
    history = check_history(stored, hello.chip_id)
    if key:
        check_present_key(history, key.key_number, key_of(key.public_key, "public_key"))
    listed = [statement.model_dump() for statement in stored]
    written: list[str] = []
    if out:
        files = {"statements.json": json.dumps({"statements": listed}, indent=2) + "\n"}
        written = [str(path) for path in OutputDirectory(out).write(files)]
    if json_output:
        print_json({"statements": listed, "history": "whole", "files": written})
        return
    say_table(("NO", "STATEMENT", "KEY", "FIRMWARE", "AFTER"), map(_statement_row, history))
    say(f"{len(history)} statements, each follows from the one before.")
    say_facts([("written", path) for path in written])


def _statement_row(checked: Checked) -> tuple[str, str, str, str | None, str]:
    members = checked.members
    old = f"{members['old_key_number']} to " if "old_key_number" in members else ""
    return (
        str(checked.number),
        checked.kind,
        f"{old}{members['key_number']}",
        members.get("firmware"),
        f"T{members['last_pagination']}",
    )
