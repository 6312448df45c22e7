"""`wattseal commission`: from a boxed module to a charge point that signs, in one run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from wattseal.cli import commission_options as given
from wattseal.cli import key_files, options, registry_options
from wattseal.cli.groups import group_with
from wattseal.cli.output import INDENT, complain, print_json, say, say_facts, say_wrapped
from wattseal.cli.progress import progress_bar
from wattseal.commissioning import filling, run
from wattseal.commissioning.document import find_commissioned
from wattseal.commissioning.documents import write_document
from wattseal.commissioning.job import ANSWER, AnswerFile, Job, read_file
from wattseal.commissioning.proof import check_record
from wattseal.commissioning.station import station_of
from wattseal.commissioning.submitting import request_files, submit
from wattseal.commissioning.test_charge import WaitForEnergy
from wattseal.commissioning.words import fingerprint_words
from wattseal.commissioning.workplace import Step, StepResult, Workplace
from wattseal.errors import EXIT_FAILED, ToolError
from wattseal.registry.records import Registration

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
    cls=group_with({"commission_batch": ("batch",)}),
    invoke_without_command=True,
    epilog=EPILOG,
    help="Commission a station: one run that can be repeated until it is through.",
)


@app.callback()
def commission(
    context: typer.Context,
    station: given.StationFile = None,
    port: given.PortOrNone = None,
    registry: Annotated[
        str | None,
        typer.Option(
            "--registry",
            "-r",
            metavar="URL",
            envvar=registry_options.REGISTRY_URL,
            help="The public-key registry, such as https://registry.example.",
        ),
    ] = None,
    access_key: registry_options.AccessKeyFile = None,
    scenario: given.ScenarioName = None,
    owner_key: key_files.OwnerKey = None,
    password_file: key_files.OwnerPasswordFile = None,
    job: given.JobFolder = None,
    test_charge: given.Charge = 120,
    no_test_charge: given.NoCharge = False,
    yes: given.Yes = False,
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
    wanted = given.read_station(station, scenario)
    owner = given.owner_of(owner_key, password_file)
    place = given.Place(port, baud, timeout, job)
    steps = run.without_test_charge(run.ONLINE) if no_test_charge else run.ONLINE
    with (
        registry_options.writing_client(registry, access_key) as client,
        given.workplace(place, wanted, client, owner, test_charge, yes=yes) as work,
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
    station: given.StationFile = None,
    port: given.PortOrNone = None,
    scenario: given.ScenarioName = None,
    owner_key: key_files.OwnerKey = None,
    password_file: key_files.OwnerPasswordFile = None,
    job: given.JobFolder = None,
    yes: given.Yes = False,
    json_output: options.Json = False,
    baud: options.Baud = options.BAUD,
    timeout: options.Timeout = None,
) -> None:
    """Do what can be done without a network, and write the request for the registry to a file.

    The station has to name the registry: registry_name and registry_key. Send the file within 30
    days (wattseal commission submit), and bring the answer back (wattseal commission finish).
    """
    wanted = given.read_station(station, scenario)
    owner = given.owner_of(owner_key, password_file)
    place = given.Place(port, baud, timeout, job)
    with given.workplace(place, wanted, None, owner, yes=yes) as work:
        _go_through(work, run.ON_SITE, json_output=json_output)


@app.command(
    "submit", epilog="\b\nExample:\n  wattseal commission submit commission-e66138935f4c8b2a"
)
def submit_command(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE|DIR", help="Request files, or folders that hold some."),
    ],
    registry: registry_options.RegistryUrl,
    access_key: registry_options.AccessKeyFile = None,
    json_output: options.Json = False,
) -> None:
    """Send request files to the registry, and write each answer beside its request.

    What is refused does not stop the rest. A request that was sent before is answered again.
    """
    paths = request_files(files)
    results: list[dict[str, Any]] = []
    with (
        registry_options.writing_client(registry, access_key) as client,
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
    port: given.PortOrNone = None,
    test_charge: given.Charge = 120,
    no_test_charge: given.NoCharge = False,
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
    steps = run.without_test_charge(run.BACK_ON_SITE) if no_test_charge else run.BACK_ON_SITE
    place = given.Place(port, baud, timeout, path.parent)
    with given.at_module(place) as (device, hello, _port):
        station = filling.from_record(record, device).of_registry(came.registry)
        work = Workplace(
            device=device,
            hello=hello,
            station=station,
            job=Job(path.parent, path.name.removesuffix(ANSWER)),
            answer=came,
            charge=WaitForEnergy(test_charge),
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
    registry: registry_options.RegistryUrl,
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
    with registry_options.reading_client(registry) as client:
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
    run.go_through(work, steps, tell)
    state = work.status().state
    if json_output:
        print_json({"state": state, "folder": str(work.job.folder), "steps": results})
        return
    say(f"Done: the module is {state}.", "bold green" if state == "operational" else "bold yellow")
    fingerprint = work.device.public_key().fingerprint
    say_facts([("key", " ".join(fingerprint_words(fingerprint)))])
    if steps[-1] is run.EXPORT:
        say_facts([("next", f"`wattseal commission submit {work.job.folder}`")])


def _say_step(step: Step, result: StepResult) -> None:
    mark = "done" if result.changed else "ok"
    say(f"{mark:<5} {step.title}: {result.words}", "" if result.changed else "dim")
    for note in result.notes:
        say_wrapped(note, "yellow", indent="      ")
