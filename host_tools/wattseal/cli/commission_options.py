"""Options of `wattseal commission`, and how the work that they describe is set up."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from wattseal.cli import settings
from wattseal.cli.options import connected
from wattseal.cli.output import complain
from wattseal.cli.owner_permit import Permit, permit
from wattseal.commissioning import filling
from wattseal.commissioning.finding import find_modules, only_module, port_names
from wattseal.commissioning.job import Job
from wattseal.commissioning.station import QUESTIONS, Station, station_of
from wattseal.commissioning.test_charge import WaitForEnergy, end_cut_charge
from wattseal.commissioning.words import fingerprint_words
from wattseal.commissioning.workplace import Permit as WorkPermit
from wattseal.commissioning.workplace import Workplace
from wattseal.device import Device
from wattseal.device_models import Hello
from wattseal.errors import ToolError
from wattseal.public_key import read_public_key
from wattseal.registry.records import Scenario
from wattseal.registry_client import RegistryClient

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
    members = settings.read_file(file) if file else {}
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
        known = filling.from_module(station, device)
        if registry is not None:
            known = _with_registry(known, registry)
            if known.missing():
                vendor = _vendor(known, device)
                known = filling.from_registry(known, registry, vendor, hello.chip_id)
        known = completed(known)
        folder = place.job or Path(f"commission-{hello.chip_id}")
        yield Workplace(
            device=device,
            hello=hello,
            station=known,
            job=Job(folder, known.slug),
            registry=registry,
            permit=_permit_of(owner, device, hello),
            charge=WaitForEnergy(charge_s, _told_energy()) if charge_s else None,
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
