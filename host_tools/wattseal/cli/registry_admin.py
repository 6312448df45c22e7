"""`wattseal registry audit | serve | export | backup | restore`: what an operator does."""

from __future__ import annotations

import os
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated

from wattseal.cli import options, output
from wattseal.cli.options import Commands, argument, option
from wattseal.cli.output import INDENT, Result, say, say_facts, say_wrapped
from wattseal.cli.registry import At, read_time
from wattseal.common.errors import EXIT_FAILED, ToolError
from wattseal.common.files import OutputDirectory
from wattseal.common.times import unix_ms_now
from wattseal.registry.audit import recall, remember
from wattseal.registry.audit_entries import AuditReport
from wattseal.registry.log_client import open_source

app = Commands()


@app.command(
    epilog="\b\nExamples:\n  wattseal registry audit https://registry.example --keep audit.json\n"
    "  wattseal registry audit https://registry.example \\\n"
    "    --vkey registry.example/keys+c74f20a3+ARpc2QcUPDhMQegwxbzhKqi...\n"
    "\nExit status: 0 nothing found, 1 something found, 2 could not be asked."
)
def audit(
    url: Annotated[str, argument("URL", "The registry.")],
    keep: Annotated[
        Path | None, option("FILE", "Compare with the last audit; remember this one here.")
    ] = None,
    vkey: Annotated[
        str | None, option("KEY", "The log's key, told by somebody else than the registry.")
    ] = None,
    jobs: Annotated[
        int | None, option("N", "Processes that check; all processors without it.", min=1)
    ] = None,
) -> Result:
    """Check a registry's whole log from outside, trusting nothing that it says of itself.

    Every entry is hashed into the tree under the signed checkpoint, every record is judged again
    by the rules, and the states that follow are compared with those the registry answers from.
    With --keep, the log must also be the one of the last audit, grown.
    """
    # Here, for all of the registry's rules take a while to load and no other command needs them.
    from wattseal.registry.audit import Trust, audit

    trust = Trust(vkey, recall(keep) if keep else None)
    with (
        closing(open_source(url)) as source,
        options.failure_is_status_2(),
        output.progress_bar("auditing") as show,
    ):
        report = audit(source, trust, unix_ms_now(), show, jobs or os.cpu_count() or 1)
    if keep and report.is_sound:
        remember(keep, report)
    shown = {"sound": report.is_sound, **report.model_dump()}
    return Result(shown, lambda: _say_report(report), 0 if report.is_sound else EXIT_FAILED)


def _say_report(report: AuditReport) -> None:
    verdict, style = ("SOUND", "bold green") if report.is_sound else ("NOT SOUND", "bold red")
    say(f"{report.name}: {verdict}", style)
    kinds = [f"{count} {kind.replace('_', ' ')}" for kind, count in report.records.items()]
    facts = [("entries", f"{report.size}" + (f" ({', '.join(kinds)})" if kinds else ""))]
    facts += [("root", report.root), ("key", report.vkey)]
    if report.compared is not None:
        facts.append(("compared", f"with the checkpoint of {report.compared} entries"))
    say_facts(facts, indent=INDENT)
    for finding in report.findings:
        where = "" if finding.entry is None else f"entry {finding.entry}: "
        say_wrapped(f"error: {where}{finding.sentence_en} [{finding.code}]", "red", indent=INDENT)
    if not report.complete:
        say_wrapped("The audit ended before the end of the log.", "red", indent=INDENT)


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

FORMATS = ("json", "bnetza-csv", "ocpi")

Data = Annotated[Path, option("DIR", "The registry's folder.")]
DatabaseUrl = Annotated[str | None, options.database_option("WATTSEAL_REGISTRY_DATABASE_URL")]
DATA_FOLDER = Path("registry-data")
BackupFile = Annotated[Path, argument("FILE", "The backup.")]


@app.command(
    epilog="\b\nExamples:\n  wattseal registry serve --data keys --name registry.example/keys\n"
    "  wattseal registry serve --data keys --workers 4 \\\n"
    "    --database-url postgresql+pg8000://registry@db.example/registry",
)
def serve(
    data: Annotated[
        Path, option("DIR", "Keys and database; made when it is not there.")
    ] = DATA_FOLDER,
    database_url: DatabaseUrl = None,
    name: Annotated[
        str | None,
        option(
            "NAME",
            "Name of a new registry's log, such as registry.example/keys.",
            show_default=False,
        ),
    ] = None,
    host: options.ListenHost = "127.0.0.1",
    port: options.ListenPort = 8460,
    workers: Annotated[int, option("N", "Processes that answer.", min=1, max=256)] = 1,
    offline_days: Annotated[
        int, option("N", "Age of a proof made without a network; 0: take none.", min=0)
    ] = 30,
    reads_per_minute: Annotated[
        int, option("N", "Of one client address; 0: no limit.", min=0)
    ] = 6000,
    writes_per_minute: Annotated[int, option("N", "Of one access key; 0: no limit.", min=0)] = 600,
    proxies: Annotated[
        str,
        option(
            "ADDRESSES",
            "Reverse proxies whose X-Forwarded-For tells the client's address.",
            show_default=False,
        ),
    ] = "",
    public_url: Annotated[
        str | None,
        option("URL", "How others reach it. Default: as it listens.", show_default=False),
    ] = None,
    json_output: options.Json = False,
) -> None:
    """Run the public-key registry until it is told to stop (SIGTERM, Ctrl-C).

    Prints its URL once it answers; everything else goes to standard error, one JSON object a line.
    The first start makes the registry's keys and administrator.key, the first access key.
    """
    options.check_installed("registry", NEEDED)
    from wattseal.registry.setup import open_registry
    from wattseal.registry.web import server
    from wattseal.registry.web.callers import Settings

    # Here once, so that the workers find everything made, and so that what hinders is said here.
    open_registry(data, database_url, name).close()
    server.serve(
        Settings(
            data=data,
            database_url=database_url,
            name=name,
            public_url=public_url,
            offline_days=offline_days,
            reads_per_minute=reads_per_minute,
            writes_per_minute=writes_per_minute,
        ),
        server.Address(host=host, port=port, proxies=proxies),
        workers,
        partial(options.say_listening, data, wants_json=json_output),
    )


@app.command(
    epilog="\b\nExamples:\n  wattseal registry export -r https://registry.example -o evses.json\n"
    "  wattseal registry export -r https://registry.example --format bnetza-csv"
)
def export(
    registry: options.RegistryUrl,
    format_: Annotated[str, option("|".join(FORMATS), "What to write.", "--format")] = "json",
    at: At = None,
    out: options.OutputFile = None,
) -> Result:
    """Export all charge points with their keys, computed from the public log.

    json has everything, with the keys of the past; bnetza-csv has the columns EVSE-ID1 and
    Public Key1 of the German authority's list; ocpi has what goes into a CDR's signed_data.
    """
    from wattseal.registry import export as exporting

    if format_ not in exporting.FORMATS:
        limit = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        raise ToolError("bad_value", field="--format", limit=limit, found=format_)
    moment = read_time(at) if at else unix_ms_now()
    with closing(open_source(registry)) as source, output.progress_bar("reading the log") as show:
        export_ = exporting.collect(source, moment, show)
    text = exporting.FORMATS[format_](export_)
    if out:
        OutputDirectory(out.parent).write({out.name: text})
    facts = export_.model_dump(exclude={"evses"})
    count = len(export_.evses)

    def words() -> None:
        if out:
            say(f"{count} charge points written to {out}.")
        else:
            print(text, end="")

    return Result({**facts, "evses": count, "file": out}, words)


@app.command(example="wattseal registry backup --data keys keys-2026-11-21.backup")
def backup(file: BackupFile, data: Data = DATA_FOLDER, database_url: DatabaseUrl = None) -> Result:
    """Write keys and records into a new file, while the registry goes on.

    Whoever has the file can speak for the registry: keep it as you keep the keys themselves.
    """
    options.check_installed("registry", NEEDED)
    from wattseal.registry.backup import write_backup

    with output.progress_bar("writing") as show:
        facts = write_backup(data, database_url, file, show)
    words = f"{facts.name}: {facts.size} entries written to {file}."
    return Result({**facts.model_dump(), "file": file}, lambda: say(words))


@app.command(
    epilog="\b\nExamples:\n  wattseal registry restore keys-2026-11-21.backup --data keys\n"
    "  wattseal registry restore keys-2026-11-21.backup --data keys \\\n"
    "    --database-url postgresql://registry@db.example/registry"
)
def restore(file: BackupFile, data: Data = DATA_FOLDER, database_url: DatabaseUrl = None) -> Result:
    """Make a registry of a backup: into an empty database, of either kind.

    Entries that were confirmed after the backup are missing then, and auditors will say that the
    log shrank: restore the newest backup there is, and never one beside a registry at work.
    """
    options.check_installed("registry", NEEDED)
    from wattseal.registry.backup import restore_backup

    with output.progress_bar("restoring") as show:
        facts = restore_backup(file, data, database_url, show)
    words = f"{facts.name}: {facts.size} entries restored; the tree is that of the checkpoint."
    return Result({**facts.model_dump(), "data": data}, lambda: say(words))
