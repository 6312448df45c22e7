"""`wattseal cdr validate | reconcile`: CDRs by the million, and what casts doubt on them."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wattseal import __version__
from wattseal.cdr.rules import Side, as_texts, read_rules
from wattseal.cli import options
from wattseal.cli.options import Commands, argument, option
from wattseal.cli.output import (
    INDENT,
    Result,
    complain,
    local_time,
    reading_bar,
    say,
    say_facts,
    say_table,
    say_wrapped,
)
from wattseal.common.errors import EXIT_FAILED, ToolError, batch_status

if TYPE_CHECKING:
    from wattseal.cdr.batch.engines import Engine
    from wattseal.cdr.batch.run import RunFile, Summary
    from wattseal.cdr.history import reconcile as doubts
    from wattseal.cdr.keys import KeySource


app = Commands()

NEEDED = ("alembic", "sqlalchemy")
"""What the extra `bulk` brings beyond pyarrow, which is needed for some formats only."""

_STREAM = "-"
_FORMATS = "jsonl|json|csv|parquet"

EPILOG = """\b
Examples:
  wattseal cdr validate november.jsonl.zst --keys registry.json \\
    --output results.jsonl --store seen.db
  wattseal cdr validate november.parquet --output results.parquet \\
    --side msp --registry https://registry.example \\
    --store postgresql://msp@db.example/seen
  zcat november.csv.gz | wattseal cdr validate - --format csv --output - \\
    --keys registry.json
  wattseal cdr validate november.csv --output results.csv \\
    --keys registry.json --engine dask --scheduler tcp://10.0.0.5:8786

A run that was cut goes on when the same command is given again.

Exit status: 0 all billable, 1 some not, 2 unreadable or unusable,
3 as 0 or 1, but the check of some failed (finding check_failed)."""


StoreLocation = Annotated[
    str | None,
    option(
        "FILE|URL",
        "Seen sessions: a file, or postgresql://...; without it, within the input only.",
        envvar="WATTSEAL_CDR_STORE",
        show_default=False,
    ),
]


@app.command(epilog=EPILOG)
def validate(
    source: Annotated[str, argument("INPUT", "A file of CDRs; - is standard input.")],
    output: Annotated[str, option("OUT", "Where the results go.", "--output", "-o")],
    registry: options.OptionalRegistryUrl = None,
    keys: options.KeysFile = None,
    store: StoreLocation = None,
    side: Annotated[
        Side | None,
        typer.Option(help="Only a CPO sees all sessions. Default: cpo.", show_default=False),
    ] = None,
    rules: Annotated[Path | None, option("FILE", "TOML: side and tolerances.")] = None,
    format_: Annotated[
        str | None, option("FORMAT", f"Of the input: {_FORMATS}[.gz|.zst].", "--format")
    ] = None,
    output_format: Annotated[
        str | None, option("FORMAT", "Of the results, in the same words.")
    ] = None,
    engine: Annotated[
        Literal["processes", "serial", "dask"], typer.Option(help="Who judges.")
    ] = "processes",
    jobs: Annotated[
        int | None, option("N", "Processes. Default: one a core.", min=1, max=1024)
    ] = None,
    scheduler: Annotated[str | None, option("ADDRESS", "Of the Dask cluster.")] = None,
    run: Annotated[
        Path | None, option("FILE", "What is done so far; kept. Default: OUT.run, removed.")
    ] = None,
    json_output: options.Json = False,
) -> Result:
    """Validate the signed data of CDRs: JSON lines, a JSON array, CSV or Parquet.

    Each row gets a result, in the order of the input. Names tell the formats, with .gz or .zst
    behind them if compressed. CSV and Parquet have a column cdr with OCPI's JSON, or columns
    named after OCPI's members.
    """
    options.check_installed("bulk", NEEDED)
    from wattseal.cdr.batch.inputs import format_of, open_source

    forms = format_of(source, format_), format_of(output, output_format)
    if json_output and output == _STREAM:
        cause = "Results and summary cannot both go to standard output."
        raise ToolError("usage", cause=cause, help="Give --output FILE.")
    with options.failure_is_status_2():
        judging = _engine(engine, jobs, scheduler)  # first of all: its processes take a while
        from wattseal.cdr.batch.outputs import open_writer
        from wattseal.cdr.batch.run import Run
        from wattseal.cdr.history.store import SeenSessions
        from wattseal.cdr.validate import Validator

        asked = read_rules(rules, side)
        known = options.key_source(registry, keys)
        told = {**as_texts(asked), "keys": _name_of(known, registry), "store": str(store)}
        with (
            _run_file(run, output, {**told, "version": __version__}) as file,
            Run(file, lambda: SeenSessions(store or file.path), asked) as batch,
        ):
            with (
                open_source(source, forms[0]) as opened,
                reading_bar(opened.size, opened.position) as show,
            ):
                batch.judge(judging, Validator(known, asked), opened.chunks, show)
            batch.compare()
            with open_writer(output, forms[1]) as writer:
                summary = batch.write(writer)
    return Result(
        {**summary.model_dump(), "input": source, "output": output},
        lambda: _say_summary(summary, output, store),
        batch_status(summary.codes, is_bad=summary.not_billable > 0),
    )


def _engine(name: str, jobs: int | None, scheduler: str | None) -> Engine:
    from wattseal.cdr.batch.engines import ProcessEngine, SerialEngine, all_cores

    if (name == "dask") != (scheduler is not None):
        cause = "--engine dask and --scheduler belong together."
        raise ToolError("usage", cause=cause, help="Give both or neither.")
    if scheduler is not None:
        from wattseal.cdr.batch.engines import DaskEngine

        return DaskEngine(scheduler)
    processes = 1 if name == "serial" else jobs or all_cores()
    return SerialEngine() if processes == 1 else ProcessEngine(processes)


@contextmanager
def _run_file(given: Path | None, output: str, asked: dict[str, str]) -> Iterator[RunFile]:
    """The run file that was given stays; another is gone as soon as the results are there."""
    from wattseal.cdr.batch.run import RunFile

    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "run" if output == _STREAM else Path(f"{output}.run")
        path = given or own
        if output != _STREAM and Path(output).exists() and not path.exists():
            raise ToolError("file_exists", path=output)
        with closing(RunFile(path, secrets.token_hex(16), asked)) as file:
            yield file
            if given is None:
                file.remove()


def _name_of(keys: KeySource, registry: str | None) -> str:
    """Of an export, what changes with its content."""
    from wattseal.cdr.keys import ExportKeys

    return keys.index.stem if isinstance(keys, ExportKeys) else str(registry)


def _say_summary(summary: Summary, output: str, store: str | None) -> None:
    words = f"{summary.cdrs} CDRs, {summary.billable} billable, {summary.not_billable} not billable"
    if output == _STREAM:
        complain(words)
        return
    say(words, "bold red" if summary.not_billable else "bold green")
    facts = [("results", output)]
    if summary.unchecked:
        facts.append(("unchecked", f"{summary.unchecked} have no signed data"))
    if summary.doubts:
        told = f"{summary.doubts} cast doubt on earlier sessions"
        if store:
            told += f": `wattseal cdr reconcile --store {store}` lists them"
        facts.append(("doubts", told))
    say_facts(facts, indent=INDENT)
    if summary.codes:
        say_table(("CODE", "CDRS"), [(code, str(n)) for code, n in summary.codes.items()])


def _facts(label: str, side: doubts.Side) -> list[tuple[str, str]]:
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


@app.command(
    epilog="\b\nExamples:\n  wattseal cdr reconcile --store seen.db\n"
    "  wattseal cdr reconcile --store postgresql://msp@db.example/seen --json\n"
    "\nExit status: 0 nothing is in doubt, 1 something is, 2 could not be asked."
)
def reconcile(
    store: Annotated[
        str,
        option(
            "FILE|URL",
            "Seen sessions, as `cdr validate` keeps them.",
            envvar="WATTSEAL_CDR_STORE",
        ),
    ],
    json_output: options.Json = False,
) -> Result:
    """List what casts doubt on sessions that were judged before, each with both sides.

    A missing session that came later is not listed any more.
    """
    options.check_installed("bulk", NEEDED)
    from wattseal.cdr.history.store import SeenSessions

    if "://" not in store and not Path(store).is_file():
        raise ToolError("file_unreadable", path=store, cause="there is no such file")
    listed: list[doubts.Doubt] = []
    count = 0
    with options.failure_is_status_2(), closing(SeenSessions(store)) as seen:
        for doubt in seen.doubts():
            count += 1
            if json_output:
                listed.append(doubt)
            else:
                _say_doubt(doubt)

    def words() -> None:
        if not count:
            say("No session is in doubt.")

    return Result({"doubts": listed}, words, EXIT_FAILED if count else 0)


def _say_doubt(doubt: doubts.Doubt) -> None:
    say(f"{doubt.session.cdr}: {doubt.finding.code}", "bold")
    say_wrapped(doubt.finding.sentence_en, indent=INDENT)
    say_facts(_facts("this", doubt.session), indent=INDENT)
    if doubt.earlier:
        say_facts(_facts("earlier", doubt.earlier), indent=INDENT)
