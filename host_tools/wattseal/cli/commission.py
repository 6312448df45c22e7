"""`wattseal commission`: from a boxed module to a charge point that signs, in one run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from wattseal.cli import key_files, options
from wattseal.cli.device import read_settings_file
from wattseal.cli.key_files import Permit, permit
from wattseal.cli.options import connected
from wattseal.cli.output import (
    INDENT,
    complain,
    print_json,
    progress_bar,
    say,
    say_facts,
    say_table,
    say_wrapped,
)
from wattseal.commissioning.batch import JSON, Bench, Outcome, Row, commission_all, read_list
from wattseal.commissioning.document import find_commissioned, fingerprint_words, write_document
from wattseal.commissioning.job import ANSWER, AnswerFile, Job, read_file
from wattseal.commissioning.registration import check_record, request_files, submit
from wattseal.commissioning.station import (
    QUESTIONS,
    Station,
    from_module,
    from_record,
    from_registry,
    station_of,
)
from wattseal.commissioning.steps import (
    BACK_ON_SITE,
    EXPORT,
    ON_SITE,
    ONLINE,
    go_through,
    without_test_charge,
)
from wattseal.commissioning.test_charge import WaitForEnergy, end_cut_charge
from wattseal.commissioning.workplace import (
    Found,
    Step,
    StepResult,
    Workplace,
    find_modules,
    only_module,
    port_names,
)
from wattseal.commissioning.workplace import Permit as WorkPermit
from wattseal.common.errors import EXIT_FAILED, ToolError
from wattseal.device.device import Device
from wattseal.device.models import Hello
from wattseal.ocmf.public_key import read_public_key
from wattseal.registry.client import RegistryClient
from wattseal.registry.records import Registration, Scenario

BATCH_EPILOG = """\b
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

EPILOG = """\b
Examples:
  wattseal commission --station station.toml --access-key access.key \\
    --registry https://registry.example
  wattseal commission export --station station.toml
  wattseal commission submit commission-e66138935f4c8b2a
  wattseal commission finish commission-e66138935f4c8b2a

\b
A station file holds the settings of `wattseal device configure`, and
  module_model = "Wattseal WS-1"
  [meter]
  manufacturer = "Eastron"
  model = "SDM630"
  serial = "19285703"
  calibration_mark = "DE-M 26 0102"
  calibration_year = 2026
What is missing is asked for on a terminal, unless module or registry know it."""

app = typer.Typer(
    name="commission",
    invoke_without_command=True,
    epilog=EPILOG,
    help="Commission a station: one run that can be repeated until it is through.",
)


PortOrNone = Annotated[
    str | None,
    typer.Option(
        "--port",
        "-p",
        metavar="PORT",
        envvar="WATTSEAL_PORT",
        help="The module's port. Default: the only one on which a module answers.",
    ),
]
StationFile = Annotated[
    Path | None,
    typer.Option("--station", "-s", metavar="TOML", help="What is known of the station."),
]
JobFolder = Annotated[
    Path | None,
    typer.Option(
        "--job", "-j", metavar="DIR", help="Folder of this work. Default: commission-<chip id>."
    ),
]
ScenarioName = Annotated[
    str | None,
    typer.Option(
        metavar="CASE",
        help=f"What is being done: {', '.join(one.replace('_', '-') for one in Scenario)}. "
        "Default: as in the station file, else initial.",
    ),
]
Charge = Annotated[
    float,
    typer.Option(
        metavar="SECONDS",
        min=0,
        max=3600,
        help="Test charge: how long to wait for energy to flow. It ends as soon as some has.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before the seal is closed.")]
NoCharge = Annotated[bool, typer.Option("--no-test-charge", help="Leave the test charge out.")]


@dataclass(frozen=True)
class Place:
    """Where the work is done: the module's port, and the job's folder."""

    port: str | None
    baud: int
    timeout: float | None
    job: Path | None


def read_station(file: Path | None, scenario: str | None) -> Station:
    """The station as the file has it, and the case as the option says."""
    members = read_settings_file(file) if file else {}
    if scenario is not None:
        members = {**members, "scenario": scenario}
    folder = file.parent if file else Path()
    return station_of(members, folder, str(file) if file else "the command line")


@contextmanager
def at_module(place: Place) -> Iterator[tuple[Device, Hello, str]]:
    """The module, found if no port is given, and with no session open.

    ToolError `module_not_found`, `module_ambiguous`, `session_open`.
    """
    port = place.port
    if port is None:
        names = port_names()
        port = only_module(find_modules(names, place.baud), names).port
        complain(f"The module is on {port}.")
    with connected(port, place.baud, place.timeout) as (device, hello):
        end_cut_charge(device)
        yield device, hello, port


@contextmanager
def workplace(
    place: Place,
    station: Station,
    registry: RegistryClient | None,
    owner: Permit | None,
    charge_s: float = 0,
    *,
    yes: bool = False,
) -> Iterator[Workplace]:
    """Module, station, folder and registry, with everything known that the work needs."""
    with at_module(place) as (device, hello, _port):
        known = from_module(station, device)
        if registry is not None:
            known = _with_registry(known, registry)
            if known.missing():
                vendor = _vendor(known, device)
                known = from_registry(known, registry, vendor, hello.chip_id)
        known = completed(known)
        folder = place.job or Path(f"commission-{hello.chip_id}")
        yield Workplace(
            device=device,
            hello=hello,
            station=known,
            job=Job(folder, known.slug),
            registry=registry,
            permit=_permit_of(owner, device, hello),
            charge=WaitForEnergy(charge_s, _told_energy()).wait if charge_s else None,
            confirm=_confirm_seal if sys.stdin.isatty() and not yes else None,
        )


def _with_registry(station: Station, registry: RegistryClient) -> Station:
    """The station with the registry that is asked; one that was not named is shown first."""
    facts = registry.facts()
    if "registry_key" not in station.settings:
        words = " ".join(fingerprint_words(read_public_key(facts.registry_key).fingerprint))
        complain(f"The registry is {facts.name}; its key: {words}.")
    return station.of_registry(facts)


def _confirm_seal(what: str) -> None:
    complain(what)
    if not typer.confirm("Close the seal?", err=True):
        raise ToolError("seal_left_open")


def _permit_of(owner: Permit | None, device: Device, hello: Hello) -> WorkPermit | None:
    if owner is None:
        return None
    return lambda action: owner.answer(device, hello, action)


def _vendor(station: Station, device: Device) -> str | None:
    """Who made the meter, as its label or its profile says; None while neither is known."""
    if "manufacturer" in station.meter:
        return str(station.meter["manufacturer"])
    try:
        return device.read_meter().meter_vendor
    except ToolError:  # not set up yet
        return None


def completed(station: Station) -> Station:
    """With every open question asked. ToolError `station_incomplete` if nobody can be asked."""
    missing = station.missing()
    if missing and not sys.stdin.isatty():
        raise ToolError("station_incomplete", missing=", ".join(missing))
    while missing:
        name = missing[0]
        try:
            station = station.with_answer(name, str(typer.prompt(QUESTIONS[name], err=True)))
        except ToolError as error:
            complain(str(error))
        missing = station.missing()
    return station


def owner_of(owner_key: Path | None, password_file: Path | None) -> Permit | None:
    """The owner's permission, if the key is at hand."""
    return None if owner_key is None else permit(None, owner_key, password_file)


def _told_energy() -> Callable[[str], None]:
    """Says every reading that is new, once."""
    last = [""]

    def tell(kwh: str) -> None:
        if kwh != last[0]:
            last[0] = kwh
            complain(f"  meter: {kwh} kWh")

    return tell


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


@app.callback()
def commission(
    context: typer.Context,
    station: StationFile = None,
    port: PortOrNone = None,
    registry: Annotated[
        str | None,
        typer.Option(
            "--registry",
            "-r",
            metavar="URL",
            envvar=options.REGISTRY_URL,
            help="The public-key registry, such as https://registry.example.",
        ),
    ] = None,
    access_key: options.AccessKeyFile = None,
    scenario: ScenarioName = None,
    owner_key: key_files.OwnerKey = None,
    password_file: key_files.OwnerPasswordFile = None,
    job: JobFolder = None,
    test_charge: Charge = 120,
    no_test_charge: NoCharge = False,
    yes: Yes = False,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Commission a station: one run that can be repeated until it is through.

    Finds the module, checks it and the meter, sets and reads back the configuration, sets the
    clock, closes the seal, registers the key, hands the module the proof that it is published,
    charges once and prints the commissioning document. Whatever is done already is left alone.
    """
    if context.invoked_subcommand is not None:
        _refuse_options_before(context)
        return
    if registry is None:
        raise ToolError(
            "usage",
            cause="A registry is needed.",
            help="Give --registry URL; without a network, `wattseal commission export`.",
        )
    wanted = read_station(station, scenario)
    owner = owner_of(owner_key, password_file)
    place = Place(port, baud, timeout, job)
    steps = without_test_charge(ONLINE) if no_test_charge else ONLINE
    with (
        options.writing_client(registry, access_key) as client,
        workplace(place, wanted, client, owner, test_charge, yes=yes) as work,
    ):
        _go_through(work, steps, json_output=json_output)


def _refuse_options_before(context: typer.Context) -> None:
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = "--" + name.replace("_", "-")
            raise ToolError(
                "usage",
                cause=f"{option} stands before {context.invoked_subcommand}.",
                help="Give the options after the command that they are for.",
            )


@app.command(epilog="\b\nExample:\n  wattseal commission export --station station.toml")
def export(
    station: StationFile = None,
    port: PortOrNone = None,
    scenario: ScenarioName = None,
    owner_key: key_files.OwnerKey = None,
    password_file: key_files.OwnerPasswordFile = None,
    job: JobFolder = None,
    yes: Yes = False,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Do what can be done without a network, and write the request for the registry to a file.

    The station has to name the registry: registry_name and registry_key. Send the file within 30
    days (wattseal commission submit), and bring the answer back (wattseal commission finish).
    """
    wanted = read_station(station, scenario)
    owner = owner_of(owner_key, password_file)
    place = Place(port, baud, timeout, job)
    with workplace(place, wanted, None, owner, yes=yes) as work:
        _go_through(work, ON_SITE, json_output=json_output)


@app.command(
    "submit", epilog="\b\nExample:\n  wattseal commission submit commission-e66138935f4c8b2a"
)
def submit_command(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE|DIR", help="Request files, or folders that hold some."),
    ],
    registry: options.RegistryUrl,
    access_key: options.AccessKeyFile = None,
    json_output: options.Json = False,
) -> None:
    """Send request files to the registry, and write each answer beside its request.

    What is refused does not stop the rest. A request that was sent before is answered again.
    """
    paths = request_files(files)
    results: list[dict[str, Any]] = []
    with (
        options.writing_client(registry, access_key) as client,
        progress_bar("sending") as show,
    ):
        facts = client.facts()
        for done, path in enumerate(paths, 1):
            show(done - 1, len(paths))
            try:
                written, answer = submit(path, client, facts)
            except ToolError as error:
                results.append({"request": str(path), **error.as_json()})
            else:
                entry = answer.confirmation.entry
                results.append({"request": str(path), "answer": str(written), "entry": entry})
            show(done, len(paths))
    _tell_submitted(results, json_output=json_output)


def _tell_submitted(results: list[dict[str, Any]], *, json_output: bool) -> None:
    failed = [one for one in results if "error" in one]
    if json_output:
        print_json({"requests": results})
    elif not results:
        say("There is nothing to send.")
    else:
        for one in results:
            _say_submitted(one)
    if failed:
        raise typer.Exit(EXIT_FAILED)


def _say_submitted(one: dict[str, Any]) -> None:
    if "error" in one:
        say(f"{one['request']}: not taken", "bold red")
        say_wrapped(one["error"]["message"], indent=INDENT)
        say_wrapped(one["error"]["remedy"], indent=INDENT)
    else:
        say(f"{one['request']}: entry {one['entry']}", "bold green")
        say_facts([("answer", one["answer"])], indent=INDENT)


@app.command(
    epilog="\b\nExample:\n  wattseal commission finish commission-e66138935f4c8b2a --port "
    "/dev/ttyACM0"
)
def finish(
    answer: Annotated[
        Path, typer.Argument(metavar="FILE|DIR", help="The registry's answer, or its folder.")
    ],
    port: PortOrNone = None,
    test_charge: Charge = 120,
    no_test_charge: NoCharge = False,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Bring the registry's answer to the module, and charge once; needs no network.

    The records of the test charge are one more file to submit.
    """
    path = _answer_file(answer)
    came = read_file(path, AnswerFile)
    record = check_record(came.confirmation.publication, came.record)
    if not isinstance(record, Registration):
        cause = "it answers no registration"
        raise ToolError("job_file_malformed", path=str(path), cause=cause)
    steps = without_test_charge(BACK_ON_SITE) if no_test_charge else BACK_ON_SITE
    place = Place(port, baud, timeout, path.parent)
    with at_module(place) as (device, hello, _port):
        station = from_record(record, device).of_registry(came.registry)
        work = Workplace(
            device=device,
            hello=hello,
            station=station,
            job=Job(path.parent, path.name.removesuffix(ANSWER)),
            answer=came,
            charge=WaitForEnergy(test_charge).wait,
        )
        _go_through(work, steps, json_output=json_output)


def _answer_file(given_path: Path) -> Path:
    """The answer to a registration in a folder, or the file itself."""
    if not given_path.is_dir():
        return given_path
    found = [
        path
        for path in sorted(given_path.glob(f"*{ANSWER}"))
        if not path.name.endswith(f".test-charge{ANSWER}")
    ]
    if len(found) != 1:
        raise ToolError("answer_missing", path=str(given_path / f"*{ANSWER}"))
    return found[0]


@app.command(
    epilog="\b\nExample:\n  wattseal commission document --evse 'DE*ABC*E00017' --out documents"
)
def document(
    registry: options.RegistryUrl,
    evse: Annotated[str, typer.Option("--evse", metavar="EVSE-ID", help="The charge point.")],
    registry_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="The registry's key, as hex or file, told by somebody else than the registry.",
        ),
    ] = None,
    entry: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Entry of the registration. Default: the newest."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Where the files go.")
    ] = Path(),
    json_output: options.Json = False,
) -> None:
    """Print the commissioning document from the registry: PDF and HTML, the same every time.

    Everything in it is checked with the registry's key; without --registry-key, with the one that
    the registry itself tells.
    """
    pinned = {} if registry_key is None else {"registry_key": registry_key}
    expected = station_of(pinned, Path(), "--registry-key")
    with options.reading_client(registry) as client:
        facts = client.facts()
        expected.of_registry(facts)
        found = find_commissioned(client, evse, entry=entry, facts=facts)
    safe = "".join(c if c.isalnum() else "-" for c in found.record.evse_id).strip("-")
    files = write_document(found, out, f"{safe}-entry-{found.entry}")
    if json_output:
        print_json({"entry": found.entry, "files": [str(path) for path in files]})
    else:
        say_facts([("entry", str(found.entry)), *(("written", str(path)) for path in files)])


def _go_through(work: Workplace, steps: Sequence[Step], *, json_output: bool) -> None:
    """Carry the steps out, saying each as it is through; what came of it at the end."""
    results: list[dict[str, Any]] = []

    def tell(step: Step, result: StepResult | None) -> None:
        if result is None:
            return
        results.append(
            {
                "step": step.name,
                "changed": result.changed,
                "facts": result.facts,
                "notes": list(result.notes),
            }
        )
        if not json_output:
            _say_step(step, result)

    complain(f"Commissioning {work.station.evse_id}; the job's folder is {work.job.folder}.")
    go_through(work, steps, tell)
    state = work.device.status().state
    if json_output:
        print_json({"state": state, "folder": str(work.job.folder), "steps": results})
        return
    say(f"Done: the module is {state}.", "bold green" if state == "operational" else "bold yellow")
    fingerprint = work.device.public_key().fingerprint
    say_facts([("key", " ".join(fingerprint_words(fingerprint)))])
    if steps[-1] is EXPORT:
        say_facts([("next", f"`wattseal commission submit {work.job.folder}`")])


def _say_step(step: Step, result: StepResult) -> None:
    mark = "done" if result.changed else "ok"
    say(f"{mark:<5} {step.title}: {result.words}", "" if result.changed else "dim")
    for note in result.notes:
        say_wrapped(note, "yellow", indent="      ")


@app.command(epilog=BATCH_EPILOG)
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
            envvar=options.REGISTRY_URL,
            help="The public-key registry.",
        ),
    ] = None,
    access_key: options.AccessKeyFile = None,
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
    common = read_settings_file(defaults) if defaults else {}
    rows = read_list(file, common, defaults.parent if defaults else Path())
    if registry is None and not offline:
        raise ToolError(
            "usage", cause="A registry is needed.", help="Give --registry URL or --offline."
        )
    owner = owner_of(owner_key, password_file)
    steps = ON_SITE if offline else ONLINE
    opened = (
        nullcontext()
        if offline or registry is None
        else options.writing_client(registry, access_key)
    )
    with opened as client:
        bench = Bench(
            folder=out,
            registry=client,
            steps=steps if test_charge else without_test_charge(steps),
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
