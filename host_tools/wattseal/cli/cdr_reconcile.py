"""`wattseal cdr reconcile`: sessions that are in doubt, for people to settle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wattseal.cli import options
from wattseal.cli.cdr_validate import check_installed
from wattseal.cli.output import print_json, say, say_facts, say_wrapped
from wattseal.cli.times import local_time
from wattseal.errors import EXIT_USAGE, ToolError

if TYPE_CHECKING:
    from wattseal.cdr.seen.reconcile import Side

app = typer.Typer()

SOME = 1


@app.command(
    epilog="\b\nExamples:\n  wattseal cdr reconcile --store seen.db\n"
    "  wattseal cdr reconcile --store postgresql://msp@db.example/seen --json\n"
    "\nExit status: 0 nothing is in doubt, 1 something is, 2 could not be asked."
)
def reconcile(
    store: Annotated[
        str,
        typer.Option(
            "--store",
            metavar="FILE|URL",
            envvar="WATTSEAL_CDR_STORE",
            help="Seen sessions, as `cdr validate` keeps them.",
        ),
    ],
    json_output: options.Json = False,
) -> None:
    """List what casts doubt on sessions that were judged before, each with both sides.

    A missing session that came later is not listed any more.
    """
    check_installed()
    from wattseal.cdr.seen.store import SeenSessions

    if "://" not in store and not Path(store).is_file():
        raise ToolError("file_unreadable", path=store, cause="there is no such file")
    count = 0
    try:
        seen = SeenSessions(store)
        if json_output:
            listed = [doubt.model_dump(mode="json") for doubt in seen.doubts()]
            count = len(listed)
            print_json({"doubts": listed})
        else:
            for doubt in seen.doubts():
                count += 1
                say(f"{doubt.session.cdr}: {doubt.finding.code}", "bold")
                say_wrapped(doubt.finding.sentence_en, indent="  ")
                say_facts(_facts("this", doubt.session), indent="  ")
                if doubt.earlier:
                    say_facts(_facts("earlier", doubt.earlier), indent="  ")
        seen.close()
    except ToolError as error:
        error.exit_status = EXIT_USAGE
        raise
    if not count and not json_output:
        say("No session is in doubt.")
    raise typer.Exit(SOME if count else 0)


def _facts(label: str, side: Side) -> list[tuple[str, str]]:
    billable = "billable by itself" if side.is_billable else "not billable by itself"
    facts = [(label, f"{side.cdr}, {billable}")]
    if side.key_fingerprint is None or side.begin_ms is None or side.end_ms is None:
        return facts
    times = f"{local_time(side.begin_ms)} to {local_time(side.end_ms)}"
    numbers = f"{side.first_pagination} to {side.last_pagination}"
    return [
        *facts,
        ("", f"{numbers}, {side.begin_wh} to {side.end_wh} Wh, {times}"),
        ("", f"meter {side.meter_serial}, key SHA-256 {side.key_fingerprint}"),
    ]
