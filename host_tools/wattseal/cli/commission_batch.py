"""`wattseal commission batch`: a list of modules in, a report out."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from wattseal.cli import commission_options as given
from wattseal.cli import key_files, options, registry_options, settings
from wattseal.cli.output import complain, print_json, say, say_table
from wattseal.cli.progress import progress_bar
from wattseal.commissioning import run
from wattseal.commissioning.batch import JSON, Bench, Outcome, commission_all
from wattseal.commissioning.finding import Found, find_modules, port_names
from wattseal.commissioning.station_list import Row, read_list
from wattseal.errors import ToolError

app = typer.Typer()

EPILOG = """\b
Examples:
  wattseal commission batch stations.csv --defaults common.toml \\
    --out batch-1 --registry https://registry.example --access-key key.txt
  wattseal commission batch stations.csv --out batch-1 --offline

\b
Columns (commas or semicolons), as far as --defaults does not say it for all:
  port or chip_id; gateway_serial, module_model, charge_point_id, scenario,
  meter_serial, meter_manufacturer, meter_model, calibration_mark,
  calibration_year, and the other settings of `wattseal device configure`.
Run again, it goes on with what is left. Exit status 0: all rows are through."""


@app.command(epilog=EPILOG)
def batch(
    file: Annotated[Path, typer.Argument(metavar="CSV", help="One row for each module.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Where all files go.")],
    defaults: Annotated[
        Path | None,
        typer.Option("--defaults", metavar="TOML", help="Station file with what all rows share."),
    ] = None,
    registry: Annotated[
        str | None,
        typer.Option(
            "--registry",
            "-r",
            metavar="URL",
            envvar=registry_options.REGISTRY_URL,
            help="The public-key registry.",
        ),
    ] = None,
    access_key: registry_options.AccessKeyFile = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Write request files; leave the registry alone.")
    ] = False,
    test_charge: Annotated[
        bool, typer.Option("--test-charge", help="Begin and end a session on each module.")
    ] = False,
    owner_key: key_files.OwnerKey = None,
    password_file: key_files.OwnerPasswordFile = None,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Commission all modules of a list; one that fails does not stop the rest.

    report.csv and report.json in the output directory say what came of each row.
    """
    common = settings.read_file(defaults) if defaults else {}
    rows = read_list(file, common, defaults.parent if defaults else Path())
    if registry is None and not offline:
        raise ToolError(
            "usage", cause="A registry is needed.", help="Give --registry URL or --offline."
        )
    owner = given.owner_of(owner_key, password_file)
    steps = run.ON_SITE if offline else run.ONLINE
    opened = (
        nullcontext()
        if offline or registry is None
        else registry_options.writing_client(registry, access_key)
    )
    with opened as client:
        bench = Bench(
            folder=out,
            registry=client,
            steps=steps if test_charge else run.without_test_charge(steps),
            found=_found(rows, baud),
            baud=baud,
            timeout_s=timeout,
            permit=None
            if owner is None
            else lambda device, hello: lambda action: owner.answer(device, hello, action),
        )
        with progress_bar("commissioning") as show:
            outcomes = commission_all(rows, bench, show)
    _tell(outcomes, out, json_output=json_output)


def _found(rows: list[Row], baud: int) -> dict[str, Found]:
    """The modules of this computer, if any row has to be found by its chip id."""
    if all(row.port is not None for row in rows):
        return {}
    complain("Looking for modules.")
    return {one.hello.chip_id: one for one in find_modules(port_names(), baud)}


def _tell(outcomes: list[Outcome], out: Path, *, json_output: bool) -> None:
    failed = [one for one in outcomes if not one.done]
    if json_output:
        print_json({"total": len(outcomes), "failed": len(failed), "report": str(out / JSON)})
    else:
        say_table(
            ("ROW", "CHARGE POINT", "CHIP", "ENTRY", "RESULT"),
            [
                (
                    str(one.row),
                    one.charge_point_id or None,
                    one.chip_id,
                    None if one.entry is None else str(one.entry),
                    one.state if one.done else f"{one.error}: {one.message}",
                )
                for one in outcomes
            ],
        )
        say(f"{len(outcomes) - len(failed)} of {len(outcomes)} are through.")
    if failed:
        report = str(out / JSON)
        error = ToolError("some_failed", failed=len(failed), total=len(outcomes), report=report)
        complain(f"wattseal: {error}")
        raise typer.Exit(error.exit_status)
