"""`wattseal device records | events | release`: what the module keeps."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from wattseal.cli import options
from wattseal.cli.device import app
from wattseal.cli.options import connected
from wattseal.cli.output import print_json, say, say_facts, say_table
from wattseal.cli.records import columns
from wattseal.cli.times import kilobytes, local_time
from wattseal.device_models import Event, StoredRecord
from wattseal.errors import ToolError
from wattseal.output_files import OutputDirectory
from wattseal.public_key import PublicKey
from wattseal.session_files import journal_files

_Item = TypeVar("_Item")

First = Annotated[
    int | None, typer.Option("--from", metavar="N", min=1, help="First one.", show_default="oldest")
]
Last = Annotated[
    int | None, typer.Option("--to", metavar="N", min=1, help="Last one.", show_default="newest")
]


@app.command(
    epilog="\b\nExample:\n  wattseal device records --port /dev/ttyACM0 --from 17 --out export",
)
def records(
    port: options.Port,
    first: First = None,
    last: Last = None,
    out: options.OutputPath = None,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """List signed records by pagination, or export them.

    With --out, each record is written as T<n>.ocmf, each whole session also as
    transaction-T<n>-T<m>.xml, and the public key beside them.
    """
    if out:
        OutputDirectory(out).check_writable()
    with connected(port, baud, timeout) as (device, _hello):
        journal = device.status().journal
        total = _count(first, last, journal.oldest, journal.newest)
        found = list(_counted(device.records(first, last), total)) if total else []
        key = device.public_key() if out else None
    written = _export(found, key, out) if out and key else []
    if json_output:
        listed = [record.model_dump() for record in found]
        print_json({"records": listed, "files": [str(path) for path in written]})
    elif written:
        say(f"{len(found)} records written to {out} ({len(written)} files).")
    elif found:
        say_table(("PG", "SESSION", "TX", "TIME", "READING"), map(columns, found))
    else:
        say("The module holds no such records.")


def _count(first: int | None, last: int | None, oldest: int | None, newest: int | None) -> int:
    """How many of a range the module holds."""
    if oldest is None or newest is None:
        return 0
    return max(0, min(last or newest, newest) - max(first or oldest, oldest) + 1)


def _counted(items: Iterable[_Item], total: int) -> Iterator[_Item]:
    """The items, with a progress bar on a terminal."""
    progress = Progress(
        TextColumn("reading"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with progress:
        task = progress.add_task("reading", total=total)
        for item in items:
            yield item
            progress.advance(task)


def _export(found: list[StoredRecord], key: PublicKey, out: Path) -> list[Path]:
    return OutputDirectory(out).write(journal_files(found, key))


@app.command()
def events(
    port: options.Port,
    first: First = None,
    last: Last = None,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """List the event log and check its hash chain."""
    with connected(port, baud, timeout) as (device, _hello):
        log = device.status().events
        total = _count(first, last, log.oldest, log.newest)
        found = list(_counted(device.events(first, last), total)) if total else []
    check_chain(found)
    if json_output:
        print_json({"events": [event.model_dump() for event in found], "chain": "whole"})
    elif found:
        say_table(("NO", "TIME", "EVENT", "DETAIL"), map(_row, found))
        say(f"{len(found)} events, their hash chain is whole.")
    else:
        say("The module holds no such events.")


def _row(event: Event) -> tuple[str, str | None, str, str]:
    """Number, time in UTC, name and facts of an event; one that cannot be parsed as it is."""
    try:
        entry = json.loads(event.entry)
        time = None if entry["unix_ms"] is None else local_time(int(entry["unix_ms"]))
        facts = json.dumps(entry["detail"], separators=(",", ":"))
        return str(event.number), time, str(entry["event"]), facts
    except (ValueError, KeyError, TypeError):
        return str(event.number), None, "unknown", event.entry


def check_chain(found: list[Event]) -> None:
    """ToolError `event_chain_broken` at the first event that does not follow from the one before.

    The first of a range is taken as it is, unless it is event 1, before which stand 32 zero bytes.
    """
    before = bytes(32) if found and found[0].number == 1 else None
    for position, event in enumerate(found):
        is_next = position == 0 or event.number == found[position - 1].number + 1
        if before is not None:
            chain = hashlib.sha256(before + event.entry.encode()).hexdigest()
            is_next = is_next and chain == event.chain
        if not is_next:
            raise ToolError("event_chain_broken", number=event.number)
        before = bytes.fromhex(event.chain)


@app.command(
    epilog="\b\nExample:\n  wattseal device release --port /dev/ttyACM0 --through 240",
)
def release(
    port: options.Port,
    through: Annotated[
        int, typer.Option(metavar="N", min=1, help="Last pagination that may be forgotten.")
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Let the module forget old records, to make room.

    Export them first (wattseal device records --out DIR) and check the export: what is released
    cannot be read again.
    """
    if not yes and not _agreed(through):
        raise ToolError("cancelled")
    with connected(port, baud, timeout) as (device, _hello):
        journal = device.release(through)
    if json_output:
        print_json(journal)
        return
    held = f"T{journal.oldest} to T{journal.newest}" if journal.oldest else "none"
    say_facts([("records", held), ("room", kilobytes(journal.free_bytes))])
    if journal.oldest and journal.oldest <= through:
        say("The module frees whole sectors, so some released records stay for now.")


def _agreed(through: int) -> bool:
    if not sys.stdin.isatty():
        raise ToolError(
            "usage", cause="There is no terminal to ask on.", help="Give --yes if you mean it."
        )
    return typer.confirm(f"Forget all records up to T{through}?", err=True)
