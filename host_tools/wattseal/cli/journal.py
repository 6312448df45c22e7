"""`wattseal device records | release`: the signed records that the module keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wattseal.cli import options
from wattseal.cli.confirmation import confirm
from wattseal.cli.options import connected
from wattseal.cli.output import print_json, say, say_facts, say_table
from wattseal.cli.progress import counted
from wattseal.cli.records import columns
from wattseal.cli.times import kilobytes
from wattseal.device_models import StoredRecord
from wattseal.output_files import OutputDirectory
from wattseal.public_key import PublicKey
from wattseal.session_files import journal_files

app = typer.Typer()

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
        total = count(first, last, journal.oldest, journal.newest)
        found = list(counted(device.records(first, last), total)) if total else []
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


def count(first: int | None, last: int | None, oldest: int | None, newest: int | None) -> int:
    """How many of a range the module holds."""
    if oldest is None or newest is None:
        return 0
    return max(0, min(last or newest, newest) - max(first or oldest, oldest) + 1)


def _export(found: list[StoredRecord], key: PublicKey, out: Path) -> list[Path]:
    return OutputDirectory(out).write(journal_files(found, key))


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
    confirm(f"Forget all records up to T{through}?", yes=yes)
    with connected(port, baud, timeout) as (device, _hello):
        journal = device.release(through)
    if json_output:
        print_json(journal)
        return
    held = f"T{journal.oldest} to T{journal.newest}" if journal.oldest else "none"
    say_facts([("records", held), ("room", kilobytes(journal.free_bytes))])
    if journal.oldest and journal.oldest <= through:
        say("The module frees whole sectors, so some released records stay for now.")
