"""`wattseal registry export | backup | restore`: the registry's content as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wattseal.cli import options
from wattseal.cli.output import print_json, say
from wattseal.cli.progress import progress_bar
from wattseal.cli.registry import At
from wattseal.cli.registry_options import RegistryUrl
from wattseal.cli.registry_serve import check_installed
from wattseal.cli.times import read_time
from wattseal.computer_clock import unix_ms_now
from wattseal.errors import ToolError
from wattseal.output_files import OutputDirectory
from wattseal.registry.log_source import open_source

app = typer.Typer()

FORMATS = ("json", "bnetza-csv", "ocpi")

Data = Annotated[Path, typer.Option(metavar="DIR", help="The registry's folder.")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="WATTSEAL_REGISTRY_DATABASE_URL",
        help="A PostgreSQL database. Default: SQLite in the data folder.",
        show_default=False,
    ),
]
BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]


@app.command(
    epilog="\b\nExamples:\n  wattseal registry export -r https://registry.example -o evses.json\n"
    "  wattseal registry export -r https://registry.example --format bnetza-csv"
)
def export(
    registry: RegistryUrl,
    format_: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="What to write.")
    ] = "json",
    at: At = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it into this file.")
    ] = None,
    json_output: options.Json = False,
) -> None:
    """Export all charge points with their keys, computed from the public log.

    json has everything, with the keys of the past; bnetza-csv has the columns EVSE-ID1 and
    Public Key1 of the German authority's list; ocpi has what goes into a CDR's signed_data.
    """
    from wattseal.registry import export as exporting

    if format_ not in exporting.FORMATS:
        words = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        raise ToolError("bad_value", field="--format", limit=words, found=format_)
    moment = read_time(at) if at else unix_ms_now()
    source = open_source(registry)
    try:
        with progress_bar("reading the log") as show:
            export_ = exporting.collect(source, moment, show)
    finally:
        source.close()
    text = exporting.FORMATS[format_](export_)
    if out:
        OutputDirectory(out.parent).write({out.name: text})
    if json_output:
        told = export_.model_dump(exclude={"evses"})
        print_json({**told, "evses": len(export_.evses), "file": str(out) if out else None})
    elif out:
        say(f"{len(export_.evses)} charge points written to {out}.")
    else:
        print(text, end="")


@app.command(epilog="\b\nExample:\n  wattseal registry backup --data keys keys-2026-11-21.backup")
def backup(
    file: BackupFile,
    data: Data = Path("registry-data"),
    database_url: DatabaseUrl = None,
    json_output: options.Json = False,
) -> None:
    """Write keys and records into a new file, while the registry goes on.

    Whoever has the file can speak for the registry: keep it as you keep the keys themselves.
    """
    check_installed()
    from wattseal.registry.backup import write_backup

    with progress_bar("writing") as show:
        facts = write_backup(data, database_url, file, show)
    if json_output:
        print_json({**facts.model_dump(), "file": str(file)})
    else:
        say(f"{facts.name}: {facts.size} entries written to {file}.")


@app.command(
    epilog="\b\nExamples:\n  wattseal registry restore keys-2026-11-21.backup --data keys\n"
    "  wattseal registry restore keys-2026-11-21.backup --data keys \\\n"
    "    --database-url postgresql://registry@db.example/registry"
)
def restore(
    file: BackupFile,
    data: Data = Path("registry-data"),
    database_url: DatabaseUrl = None,
    json_output: options.Json = False,
) -> None:
    """Make a registry of a backup: into an empty database, of either kind.

    Entries that were confirmed after the backup are missing then, and auditors will say that the
    log shrank: restore the newest backup there is, and never one beside a registry at work.
    """
    check_installed()
    from wattseal.registry.backup import restore_backup

    with progress_bar("restoring") as show:
        facts = restore_backup(file, data, database_url, show)
    if json_output:
        print_json({**facts.model_dump(), "data": str(data)})
    else:
        say(f"{facts.name}: {facts.size} entries restored; the tree is that of the checkpoint.")
