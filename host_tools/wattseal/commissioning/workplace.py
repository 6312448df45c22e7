"""Holds what the steps work on: module, station, job, registry; and finds modules on ports."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattseal.commissioning.job import AnswerFile, Job, RequestFile
from wattseal.commissioning.station import Station
from wattseal.common.errors import ToolError
from wattseal.device.device import Device
from wattseal.device.link import DEFAULT_BAUD, LinkClient, SerialTransport, list_ports
from wattseal.device.models import Hello
from wattseal.registry.api_models import RegistrationRequest, TestChargeRequest
from wattseal.registry.client import RegistryClient
from wattseal.registry.records import Meter

PROBE_TIMEOUT_S = 2.0
"""How long to wait for the answer on a port that may have no module."""


@dataclass(frozen=True)
class Found:
    """A module that answers, and where."""

    port: str
    hello: Hello


def port_names() -> list[str]:
    """The ports of this computer."""
    return [one.device for one in list_ports()]


def find_modules(
    names: Iterable[str],
    baud: int = DEFAULT_BAUD,
    probe_timeout_s: float = PROBE_TIMEOUT_S,
    seen: Callable[[str], None] = lambda _port: None,
) -> list[Found]:
    """The modules that answer on some of the ports."""
    found = []
    for name in names:
        seen(name)
        try:
            with SerialTransport(name, baud) as transport:
                hello = Device(LinkClient(transport, probe_timeout_s)).connect(name)
        except ToolError:
            continue
        found.append(Found(name, hello))
    return found


def only_module(found: list[Found], names: list[str]) -> Found:
    """The one that was found. ToolError `module_not_found`, `module_ambiguous`."""
    if not found:
        raise ToolError("module_not_found", ports=", ".join(names) or "it has none")
    if len(found) > 1:
        ports = ", ".join(f"{one.port} (chip {one.hello.chip_id})" for one in found)
        raise ToolError("module_ambiguous", ports=ports)
    return found[0]


Permit = Callable[[str], str]
"""Gives the owner's signature for an action of the module, DER in hex. Raises ToolError."""


@dataclass(frozen=True)
class StepResult:
    """What a step found. changed: whether it did anything. words: for people, in one line.

    notes: what a person should look at, although the work goes on.
    """

    changed: bool
    words: str
    facts: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass
class Workplace:
    """`registry` None: the work is done where there is no network. `permit` None: no owner.

    `label` is the meter's, once it was compared with the meter. `answer` is the registry's, once
    there is one. `charge` waits until a test charge is to end; None: it ends at once. `confirm`
    asks a person whether the seal may be closed, and raises ToolError if not; None: nobody is
    asked.
    """

    device: Device
    hello: Hello
    station: Station
    job: Job
    registry: RegistryClient | None = None
    permit: Permit | None = None
    label: Meter | None = None
    answer: AnswerFile | None = None
    charge: Callable[[Device], None] | None = None
    confirm: Callable[[str], None] | None = None

    def write_request(self, ending: str, request: RegistrationRequest | TestChargeRequest) -> Path:
        """Write a request into the job's folder, with the registry that it is for."""
        settings = self.station.settings
        file = RequestFile(
            registry_name=settings["registry_name"],
            registry_key=settings["registry_key"],
            request=request,
        )
        return self.job.write(ending, file)


@dataclass(frozen=True)
class Step:
    """A step by name; `title` says to people what is being done."""

    name: str
    title: str
    run: Callable[[Workplace], StepResult]
