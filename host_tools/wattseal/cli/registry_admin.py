"""`wattseal registry export | backup | restore`: the registry's content as files."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Annotated

import typer

from wattseal.cli import options
from wattseal.cli.options import RegistryUrl
from wattseal.cli.output import print_json, progress_bar, read_time, say, say_facts, say_wrapped
from wattseal.cli.registry import At, could_not_ask
from wattseal.common.errors import ToolError
from wattseal.common.files import OutputDirectory
from wattseal.common.times import unix_ms_now
from wattseal.registry.audit import recall, remember
from wattseal.registry.audit_entries import AuditReport
from wattseal.registry.log_client import open_source

app = typer.Typer()


NOT_SOUND = 1


@app.command(
    epilog="\b\nExamples:\n  wattseal registry audit https://registry.example --keep audit.json\n"
    "  wattseal registry audit https://registry.example \\\n"
    "    --vkey registry.example/keys+c74f20a3+ARpc2QcUPDhMQegwxbzhKqi...\n"
    "\nExit status: 0 nothing found, 1 something found, 2 could not be asked."
)
def audit(
    url: Annotated[str, typer.Argument(metavar="URL", help="The registry.")],
    keep: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Compare with the last audit; remember this one here."),
    ] = None,
    vkey: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="The log's key, told by somebody else than the registry."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Processes that check; all processors without it."),
    ] = None,
    json_output: options.Json = False,
) -> None:
    """Check a registry's whole log from outside, trusting nothing that it says of itself.

    Every entry is hashed into the tree under the signed checkpoint, every record is judged again
    by the rules, and the states that follow are compared with those the registry answers from.
    With --keep, the log must also be the one of the last audit, grown.
    """
    # Here, for all of the registry's rules take a while to load and no other command needs them.
    from wattseal.registry.audit import Trust, audit

    trust = Trust(vkey, recall(keep) if keep else None)
    source = open_source(url)
    try:
        with could_not_ask(), progress_bar("auditing") as show:
            report = audit(source, trust, unix_ms_now(), show, jobs or os.cpu_count() or 1)
    finally:
        source.close()
    if keep and report.is_sound:
        remember(keep, report)
    if json_output:
        print_json({"sound": report.is_sound, **report.model_dump()})
    else:
        _say_report(report)
    raise typer.Exit(0 if report.is_sound else NOT_SOUND)


def _say_report(report: AuditReport) -> None:
    if report.is_sound:
        say(f"{report.name}: SOUND", "bold green")
    else:
        say(f"{report.name}: NOT SOUND", "bold red")
    kinds = [f"{count} {kind.replace('_', ' ')}" for kind, count in report.records.items()]
    facts = [("entries", f"{report.size}" + (f" ({', '.join(kinds)})" if kinds else ""))]
    facts += [("root", report.root), ("key", report.vkey)]
    if report.compared is not None:
        facts.append(("compared", f"with the checkpoint of {report.compared} entries"))
    say_facts(facts, indent="  ")
    for finding in report.findings:
        where = "" if finding.entry is None else f"entry {finding.entry}: "
        say_wrapped(f"error: {where}{finding.sentence_en} [{finding.code}]", "red", indent="  ")
    if not report.complete:
        say_wrapped("The audit ended before the end of the log.", "red", indent="  ")


NEEDED = (
    "alembic",
    "fastapi",
    "limits",
    "prometheus_client",
    "python_multipart",
    "sqlalchemy",
    "structlog",
    "uvicorn",
)
"""What the extra `registry` brings beyond the other tools."""


def check_installed() -> None:
    """The registry's packages are an extra: say so, rather than which import failed."""
    missing = [each for each in NEEDED if importlib.util.find_spec(each) is None]
    if missing:
        raise ToolError("extra_missing", extra="registry", missing=", ".join(missing))


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
    epilog="\b\nExamples:\n  wattseal registry serve --data keys --name registry.example/keys\n"
    "  wattseal registry serve --data keys --workers 4 \\\n"
    "    --database-url postgresql+pg8000://registry@db.example/registry",
)
def serve(
    data: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Keys and database; made when it is not there."),
    ] = Path("registry-data"),
    database_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="WATTSEAL_REGISTRY_DATABASE_URL",
            help="A PostgreSQL database. Default: SQLite in the data folder.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name of a new registry's log, such as registry.example/keys.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[str, typer.Option(metavar="HOST", help="Listen here.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="0: any free one.")
    ] = 8460,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, max=256, help="Processes that answer.")
    ] = 1,
    offline_days: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="Age of a proof made without a network; 0: take none."
        ),
    ] = 30,
    reads_per_minute: Annotated[
        int, typer.Option(metavar="N", min=0, help="Of one client address; 0: no limit.")
    ] = 6000,
    writes_per_minute: Annotated[
        int, typer.Option(metavar="N", min=0, help="Of one access key; 0: no limit.")
    ] = 600,
    proxies: Annotated[
        str,
        typer.Option(
            metavar="ADDRESSES",
            help="Reverse proxies whose X-Forwarded-For tells the client's address.",
            show_default=False,
        ),
    ] = "",
    json_output: options.Json = False,
) -> None:
    """Run the public-key registry until it is told to stop (SIGTERM, Ctrl-C).

    Prints its URL once it answers; everything else goes to standard error, one JSON object a line.
    The first start makes the registry's keys and administrator.key, the first access key.
    """
    check_installed()
    from wattseal.registry.setup import open_registry
    from wattseal.registry.web import server
    from wattseal.registry.web.callers import Settings

    # Here once, so that the workers find everything made, and so that what hinders is said here.
    open_registry(data, database_url, name).close()

    def tell(url: str) -> None:
        if json_output:
            print_json({"url": url, "data": str(data)})
        else:
            say(url)

    server.serve(
        Settings(
            data=data,
            database_url=database_url,
            name=name,
            offline_days=offline_days,
            reads_per_minute=reads_per_minute,
            writes_per_minute=writes_per_minute,
        ),
        server.Address(host=host, port=port, proxies=proxies),
        workers,
        tell,
    )


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
