"""What one run wrote to flash, when it told of each record, and what every cut of it must leave."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from hil.flash import FlashOperation, FlashState, MarginalCells, states
from hil.setup import MeterSetup, Setup
from hil.suite.module import Module
from hil.suite.ocmf import verified

MARGINAL_STARTS = 3
"""How often a module is started whose flash reads otherwise at each start."""


@dataclass(frozen=True)
class Acknowledged:
    """A record that the module has told of, when so many flash operations were done."""

    operations: int
    pagination: int
    text: str


@dataclass(frozen=True)
class Run:
    """The flash before, the operations, what was acknowledged after which of them."""

    first: bytes
    operations: tuple[FlashOperation, ...]
    acknowledged: tuple[Acknowledged, ...]
    public_key: str
    energy_wh: int
    """The meter's energy when the run was over."""

    def states(self) -> list[FlashState]:
        """Every distinct state of the flash that a power cut in the run could have left."""
        return list(states(self.first, self.operations))

    def acknowledged_before(self, state: FlashState) -> list[Acknowledged]:
        """What the module had told of before the power failed: operations before this one."""
        return [each for each in self.acknowledged if each.operations <= state.operation.index]


def slots(count: int, one_of: int = 2) -> list[Any]:
    """Numbers of slots; on the emulated chip one of so many, but for thorough runs."""
    slow = pytest.mark.thorough("rp2040")
    chosen = range(one_of - 1, count, one_of)
    return [slot if slot in chosen else pytest.param(slot, marks=slow) for slot in range(count)]


def state_setup(meter: MeterSetup, state: FlashState) -> Setup:
    """A module that boots from a state; for one module only, see FlashState."""
    return Setup(meter, flash=state.image, marginal=state.marginal or MarginalCells())


def sample_of(states: list[FlashState]) -> list[FlashState]:
    """One of some states: the first with marginal cells, if there is any."""
    return [state for state in states if state.marginal is not None][:1] or states[:1]


def record_run(module: Module, steps: list[Callable[[], dict[str, Any]]]) -> Run:
    """Do steps that give records, on a module that was just started."""
    acknowledged = []
    for step in steps:
        reply = step()
        if "record" in reply:
            done = len(module.rig.flash_operations())
            acknowledged.append(Acknowledged(done, reply["pagination"], reply["record"]))
    return Run(
        first=module.rig.flash_at_power_on(),
        operations=tuple(module.rig.flash_operations()),
        acknowledged=tuple(acknowledged),
        public_key=module.client.call("public_key")["public_key"],
        energy_wh=module.rig.meter.energy_wh,
    )


def starts(module: Module, state: FlashState) -> Iterator[int]:
    """Number the starts at which to look at a module: again and again if it has marginal cells."""
    yield 0
    for number in range(1, MARGINAL_STARTS if state.marginal is not None else 1):
        module.restart()
        yield number


def check_after_cut(module: Module, run: Run, state: FlashState) -> None:
    """What must hold after booting from a state; ends with a record that goes on from there.

    Raises AssertionError naming the state.
    """
    told = run.acknowledged_before(state)
    for _ in starts(module, state):
        begun = _check_start(module, run, state, told)
        told.append(Acknowledged(len(run.operations), begun["pagination"], begun["record"]))


def _check_start(
    module: Module, run: Run, state: FlashState, told: list[Acknowledged]
) -> dict[str, Any]:
    status = module.status()
    assert status["state"] == "operational", (str(state), status)  # noqa: S101
    module.await_recovery()
    kept = {record["pagination"]: record["record"] for record in module.records()}
    for each in told:
        assert kept.get(each.pagination) == each.text, f"{state}: record lost or changed"  # noqa: S101
    assert sorted(kept) == list(range(1, len(kept) + 1)), str(state)  # noqa: S101
    records = [verified(text, run.public_key) for text in kept.values()]
    assert [record.pagination for record in records] == sorted(kept), str(state)  # noqa: S101
    _check_sessions(records, state)

    module.set_time()
    begun = module.begin()
    assert begun["pagination"] == len(kept) + 1, str(state)  # noqa: S101
    verified(begun["record"], run.public_key)
    return begun


def _check_sessions(records: list[Any], state: FlashState) -> None:
    """Sessions follow each other whole; a cut one was ended with TX P, unset clock and EF t."""
    is_open = False
    for record in records:
        reason = record.reading["TX"]
        assert is_open is (reason != "B"), f"{state}: {reason} out of place"  # noqa: S101
        is_open = reason in "BC"
        if reason == "P":
            assert record.reading["EF"] == "t", str(state)  # noqa: S101
            assert record.reading["TM"][-1] == "U", str(state)  # noqa: S101
    assert not is_open, f"{state}: the cut session was not ended"  # noqa: S101
