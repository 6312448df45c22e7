"""`wattseal registry audit`: the whole log checked from outside."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from wattseal.cli import options
from wattseal.cli.output import print_json, say, say_facts, say_wrapped
from wattseal.cli.progress import progress_bar
from wattseal.cli.registry import could_not_ask
from wattseal.computer_clock import unix_ms_now
from wattseal.registry.audit_memory import recall, remember
from wattseal.registry.audit_report import AuditReport
from wattseal.registry.log_source import open_source

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
        say_wrapped(f"error: {where}{finding.sentence} [{finding.code}]", "red", indent="  ")
    if not report.complete:
        say_wrapped("The audit ended before the end of the log.", "red", indent="  ")
