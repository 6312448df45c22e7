"""What the steps work with: a module, what is known of its station, the job, the registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from wattseal.commissioning.job import AnswerFile, Job
from wattseal.commissioning.station import Station
from wattseal.device import Device
from wattseal.device_models import Hello, Status
from wattseal.registry.records import Meter
from wattseal.registry_client import RegistryClient

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
    there is one. `charge` None: a test charge ends at once. `confirm` asks a person whether the
    seal may be closed, and raises ToolError if not; None: the station file is word enough.
    """

    device: Device
    hello: Hello
    station: Station
    job: Job
    registry: RegistryClient | None = None
    permit: Permit | None = None
    label: Meter | None = None
    answer: AnswerFile | None = None
    charge: ChargePlan | None = None
    confirm: Callable[[str], None] | None = None

    def status(self) -> Status:
        """The module's state now."""
        return self.device.status()


class ChargePlan(Protocol):
    """How a test charge is waited for."""

    def wait(self, workplace: Workplace) -> None:
        """Returns when the session is to be ended."""


@dataclass(frozen=True)
class Step:
    """A step by name; `title` says to people what is being done."""

    name: str
    title: str
    run: Callable[[Workplace], StepResult]
