"""`wattseal commission`: from a boxed module to a charge point that signs, in one run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer

from wattseal.cli import options, output
from wattseal.cli.device import read_settings_file
from wattseal.cli.key_files import OwnerKey, OwnerPasswordFile, Permit, permit
from wattseal.cli.options import Commands, Module, argument, option
from wattseal.cli.output import INDENT, Result, complain, say, say_facts, say_table, say_wrapped
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

app = Commands(
    name="commission",
    invoke_without_command=True,
    epilog=EPILOG,
    help="Commission a station: one run that can be repeated until it is through.",
)

StationFile = Annotated[
    Path | None, option("TOML", "What is known of the station.", "--station", "-s")
]
JobFolder = Annotated[
    Path | None, option("DIR", "Folder of this work. Default: commission-<chip id>.", "--job", "-j")
]
ScenarioName = Annotated[
    str | None,
    option(
        "CASE",
        f"What is being done: {', '.join(one.replace('_', '-') for one in Scenario)}. "
        "Default: as in the station file, else initial.",
    ),
]
Charge = Annotated[
    float,
    option(
        "SECONDS",
        "Test charge: how long to wait for energy to flow. It ends as soon as some has.",
        min=0,
        max=3600,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before the seal is closed.")]
NoCharge = Annotated[bool, typer.Option("--no-test-charge", help="Leave the test charge out.")]


@dataclass(frozen=True)
class Place:
    """Where the module is: as in `Module`, but its port may have to be found."""

    OPTION: ClassVar = options.port_option(
        "The module's port. Default: the only one on which a module answers.", str | None, None
    )

    port: str | None
    baud: int
    timeout_s: float | None

    @contextmanager
    def connected(self) -> Iterator[tuple[Device, Hello]]:
        """The module, with no session open.

        ToolError `module_not_found`, `module_ambiguous`, `session_open`.
        """
        port = self.port
        if port is None:
            names = port_names()
            port = only_module(find_modules(names, self.baud), names).port
            complain(f"The module is on {port}.")
        with Module(port, self.baud, self.timeout_s).connected() as (device, hello):
            end_cut_charge(device)
            yield device, hello


def _read_station(file: Path | None, scenario: str | None) -> Station:
    """The station as the file has it, and the case as the option says."""
    members = read_settings_file(file) if file else {}
    if scenario is not None:
        members = {**members, "scenario": scenario}
    folder = file.parent if file else Path()
    return station_of(members, folder, str(file) if file else "the command line")


@contextmanager
def _workplace(
    module: Place,
    folder: Path | None,
    station: Station,
    registry: RegistryClient | None,
    owner: Permit | None,
    charge_s: float = 0,
    *,
    yes: bool = False,
) -> Iterator[Workplace]:
    """Module, station, folder and registry, with everything known that the work needs."""
    with module.connected() as (device, hello):
        known = from_module(station, device)
        if registry is not None:
            known = _with_registry(known, registry)
            if known.missing():
                vendor = _vendor(known, device)
                known = from_registry(known, registry, vendor, hello.chip_id)
        known = _completed(known)
        yield Workplace(
            device=device,
            hello=hello,
            station=known,
            job=Job(folder or Path(f"commission-{hello.chip_id}"), known.slug),
            registry=registry,
            permit=partial(owner.answer, device, hello) if owner else None,
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


def _vendor(station: Station, device: Device) -> str | None:
    """Who made the meter, as its label or its profile says; None while neither is known."""
    if "manufacturer" in station.meter:
        return str(station.meter["manufacturer"])
    try:
        return device.read_meter().meter_vendor
    except ToolError:  # not set up yet
        return None


def _completed(station: Station) -> Station:
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


def _told_energy() -> Callable[[str], None]:
    """Says every reading that is new, once."""
    last = ""

    def tell(kwh: str) -> None:
        nonlocal last
        if kwh != last:
            last = kwh
            complain(f"  meter: {kwh} kWh")

    return tell


def _found(rows: list[Row], baud: int) -> dict[str, Found]:
    """The modules of this computer, if any row has to be found by its chip id."""
    if all(row.port is not None for row in rows):
        return {}
    complain("Looking for modules.")
    return {one.hello.chip_id: one for one in find_modules(port_names(), baud)}


@app.callback()
def commission(
    context: typer.Context,
    *,
    station: StationFile = None,
    module: Place,
    registry: Annotated[
        str | None,
        options.registry_option("The public-key registry, such as https://registry.example."),
    ] = None,
    access_key: options.AccessKeyFile = None,
    scenario: ScenarioName = None,
    owner_key: OwnerKey = None,
    password_file: OwnerPasswordFile = None,
    job: JobFolder = None,
    test_charge: Charge = 120,
    no_test_charge: NoCharge = False,
    yes: Yes = False,
    json_output: options.Json = False,
) -> Result | None:
    """Commission a station: one run that can be repeated until it is through.

    Finds the module, checks it and the meter, sets and reads back the configuration, sets the
    clock, closes the seal, registers the key, hands the module the proof that it is published,
    charges once and prints the commissioning document. Whatever is done already is left alone.
    """
    if context.invoked_subcommand is not None:
        _refuse_options_before(context)
        return None
    if registry is None:
        raise ToolError(
            "usage",
            cause="A registry is needed.",
            help="Give --registry URL; without a network, `wattseal commission export`.",
        )
    wanted = _read_station(station, scenario)
    owner = permit(None, owner_key, password_file) if owner_key else None
    steps = without_test_charge(ONLINE) if no_test_charge else ONLINE
    with (
        RegistryClient(registry, options.access_key_of(access_key)) as client,
        _workplace(module, job, wanted, client, owner, test_charge, yes=yes) as work,
    ):
        return _go_through(work, steps, wants_json=json_output)


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


@app.command(example="wattseal commission export --station station.toml")
def export(
    *,
    station: StationFile = None,
    module: Place,
    scenario: ScenarioName = None,
    owner_key: OwnerKey = None,
    password_file: OwnerPasswordFile = None,
    job: JobFolder = None,
    yes: Yes = False,
    json_output: options.Json = False,
) -> Result:
    """Do what can be done without a network, and write the request for the registry to a file.

    The station has to name the registry: registry_name and registry_key. Send the file within 30
    days (wattseal commission submit), and bring the answer back (wattseal commission finish).
    """
    wanted = _read_station(station, scenario)
    owner = permit(None, owner_key, password_file) if owner_key else None
    with _workplace(module, job, wanted, None, owner, yes=yes) as work:
        return _go_through(work, ON_SITE, wants_json=json_output)


@app.command("submit", example="wattseal commission submit commission-e66138935f4c8b2a")
def submit_command(
    files: Annotated[list[Path], argument("FILE|DIR", "Request files, or folders that hold some.")],
    registry: options.RegistryUrl,
    access_key: options.AccessKeyFile = None,
) -> Result:
    """Send request files to the registry, and write each answer beside its request.

    What is refused does not stop the rest. A request that was sent before is answered again.
    """
    paths = request_files(files)
    results: list[dict[str, Any]] = []
    with RegistryClient(registry, options.access_key_of(access_key)) as client:
        facts = client.facts()
        for path in output.counted(paths, len(paths), "sending"):
            try:
                written, answer = submit(path, client, facts)
            except ToolError as error:
                results.append({"request": str(path), **error.as_json()})
            else:
                entry = answer.confirmation.entry
                results.append({"request": str(path), "answer": str(written), "entry": entry})

    def words() -> None:
        if not results:
            say("There is nothing to send.")
        for one in results:
            if "error" in one:
                say(f"{one['request']}: not taken", "bold red")
                say_wrapped(one["error"]["message"], indent=INDENT)
                say_wrapped(one["error"]["remedy"], indent=INDENT)
            else:
                say(f"{one['request']}: entry {one['entry']}", "bold green")
                say_facts([("answer", one["answer"])], indent=INDENT)

    has_failed = any("error" in one for one in results)
    return Result({"requests": results}, words, EXIT_FAILED if has_failed else 0)


@app.command(example="wattseal commission finish commission-e66138935f4c8b2a --port /dev/ttyACM0")
def finish(
    answer: Annotated[Path, argument("FILE|DIR", "The registry's answer, or its folder.")],
    module: Place,
    test_charge: Charge = 120,
    no_test_charge: NoCharge = False,
    json_output: options.Json = False,
) -> Result:
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
    with module.connected() as (device, hello):
        station = from_record(record, device).of_registry(came.registry)
        work = Workplace(
            device=device,
            hello=hello,
            station=station,
            job=Job(path.parent, path.name.removesuffix(ANSWER)),
            answer=came,
            charge=WaitForEnergy(test_charge).wait,
        )
        return _go_through(work, steps, wants_json=json_output)


def _answer_file(given_path: Path) -> Path:
    """The answer to a registration in a folder, or the file itself."""
    if not given_path.is_dir():
        return given_path
    answers = sorted(given_path.glob(f"*{ANSWER}"))
    found = [path for path in answers if not path.name.endswith(f".test-charge{ANSWER}")]
    if len(found) != 1:
        raise ToolError("answer_missing", path=str(given_path / f"*{ANSWER}"))
    return found[0]


@app.command(example="wattseal commission document --evse 'DE*ABC*E00017' --out documents")
def document(
    registry: options.RegistryUrl,
    evse: Annotated[str, option("EVSE-ID", "The charge point.")],
    registry_key: Annotated[
        str | None,
        option(
            "KEY", "The registry's key, as hex or file, told by somebody else than the registry."
        ),
    ] = None,
    entry: Annotated[
        int | None, option("N", "Entry of the registration. Default: the newest.", min=0)
    ] = None,
    out: Annotated[Path, option("DIR", "Where the files go.", "--out", "-o")] = Path(),
) -> Result:
    """Print the commissioning document from the registry: PDF and HTML, the same every time.

    Everything in it is checked with the registry's key; without --registry-key, with the one that
    the registry itself tells.
    """
    pinned = {} if registry_key is None else {"registry_key": registry_key}
    expected = station_of(pinned, Path(), "--registry-key")
    with RegistryClient(registry) as client:
        told = client.facts()
        expected.of_registry(told)
        found = find_commissioned(client, evse, entry=entry, facts=told)
    safe = "".join(c if c.isalnum() else "-" for c in found.record.evse_id).strip("-")
    files = write_document(found, out, f"{safe}-entry-{found.entry}")
    facts = [("entry", str(found.entry)), *output.written_facts(files)]
    return Result({"entry": found.entry, "files": files}, lambda: say_facts(facts))


def _go_through(work: Workplace, steps: Sequence[Step], *, wants_json: bool) -> Result:
    """Carry the steps out, saying each as it is through; what came of it at the end."""
    results: list[dict[str, Any]] = []

    def tell(step: Step, result: StepResult | None) -> None:
        if result is None:
            return
        told = {"changed": result.changed, "facts": result.facts, "notes": list(result.notes)}
        results.append({"step": step.name, **told})
        if not wants_json:
            _say_step(step, result)

    complain(f"Commissioning {work.station.evse_id}; the job's folder is {work.job.folder}.")
    go_through(work, steps, tell)
    state = work.device.status().state
    # Now, for the port is closed when the result is said.
    key = None if wants_json else work.device.public_key()

    def words() -> None:
        style = "bold green" if state == "operational" else "bold yellow"
        say(f"Done: the module is {state}.", style)
        if key:
            say_facts([("key", " ".join(fingerprint_words(key.fingerprint)))])
        if steps[-1] is EXPORT:
            say_facts([("next", f"`wattseal commission submit {work.job.folder}`")])

    return Result({"state": state, "folder": work.job.folder, "steps": results}, words)


def _say_step(step: Step, result: StepResult) -> None:
    mark = "done" if result.changed else "ok"
    say(f"{mark:<5} {step.title}: {result.words}", "" if result.changed else "dim")
    for note in result.notes:
        say_wrapped(note, "yellow", indent="      ")


@app.command(epilog=BATCH_EPILOG)
def batch(
    file: Annotated[Path, argument("CSV", "One row for each module.")],
    out: Annotated[Path, option("DIR", "Where all files go.", "--out", "-o")],
    defaults: Annotated[
        Path | None, option("TOML", "Station file with what all rows share.")
    ] = None,
    registry: Annotated[str | None, options.registry_option("The public-key registry.")] = None,
    access_key: options.AccessKeyFile = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Write request files; leave the registry alone.")
    ] = False,
    test_charge: Annotated[
        bool, typer.Option("--test-charge", help="Begin and end a session on each module.")
    ] = False,
    owner_key: OwnerKey = None,
    password_file: OwnerPasswordFile = None,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> Result:
    """Commission all modules of a list; one that fails does not stop the rest.

    report.csv and report.json in the output directory say what came of each row.
    """
    common = read_settings_file(defaults) if defaults else {}
    rows = read_list(file, common, defaults.parent if defaults else Path())
    if registry is None and not offline:
        raise ToolError(
            "usage", cause="A registry is needed.", help="Give --registry URL or --offline."
        )
    owner = permit(None, owner_key, password_file) if owner_key else None
    steps = ON_SITE if offline else ONLINE
    opened = (
        nullcontext()
        if offline or registry is None
        else RegistryClient(registry, options.access_key_of(access_key))
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
            else lambda device, hello: partial(owner.answer, device, hello),
        )
        with output.progress_bar("commissioning") as show:
            outcomes = commission_all(rows, bench, show)
    total, failed = len(outcomes), sum(not one.done for one in outcomes)

    def words() -> None:
        say_table(("ROW", "CHARGE POINT", "CHIP", "ENTRY", "RESULT"), map(_outcome_row, outcomes))
        say(f"{total - failed} of {total} are through.")

    shown = {"total": total, "failed": failed, "report": str(out / JSON)}
    if not failed:
        return Result(shown, words)
    error = ToolError("some_failed", **shown)
    return Result(shown, words, error.exit_status, complaint=f"wattseal: {error}")


def _outcome_row(one: Outcome) -> tuple[str | None, ...]:
    entry = None if one.entry is None else str(one.entry)
    result = one.state if one.done else f"{one.error}: {one.message}"
    return str(one.row), one.charge_point_id or None, one.chip_id, entry, result
