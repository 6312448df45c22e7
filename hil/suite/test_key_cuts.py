"""The power fails while a key is replaced or given up: in the end there is exactly one whole key.

As in test_power_cuts.py a run is recorded, and a module boots from every state of the flash that a
cut in it could have left; every day a sample on the emulated chip, with --all each one.
"""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.flash import FlashState
from hil.setup import MeterSetup, Setup
from hil.suite.cuts import Run, record_run, sample_of, slots, starts, state_setup
from hil.suite.judge import judge
from hil.suite.module import UNDER_TEST, MakeModule, Module, OpenModule
from hil.suite.update import enter_boot_loader, release_of

ROLLOVER_SLOTS = 4
DECOMMISSIONING_SLOTS = 2
UPDATE_SLOTS = 2

pytestmark = pytest.mark.needs("flash", "update")


def part_of(
    states: list[FlashState], slot: int, slots: int, target: str, config: pytest.Config
) -> Iterator[FlashState]:
    """Every state of a slot, or one of them; the last slot gives the last state."""
    first, end = (len(states) * edge // slots for edge in (slot, slot + 1))
    part = states[first:end]
    everything = config.getoption("--all") or target == "unix"
    return iter(part if everything else part[-1:] if slot == slots - 1 else sample_of(part))


def kinds(module: Module) -> list[str]:
    """The types of the statements that the module keeps, in order."""
    return [json.loads(entry["statement"])["type"] for entry in module.statements()]


# --- roll-over -------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def rollover_run(
    target: str, open_module: OpenModule, commissioned_flash: bytes, next_image: Path
) -> Run:
    """The first start of another image, in the middle of a session that is the module's second."""
    module = open_module(target, dataclasses.replace(UNDER_TEST, flash=commissioned_flash))
    try:
        module.set_time()
        module.begin()
        module.end()
        module.begin()
        flash, energy_wh = module.rig.flash_image(), module.rig.meter.energy_wh
    finally:
        module.close()
    setup = Setup(MeterSetup(energy_wh=energy_wh), flash=flash)
    module = open_module(target, setup, next_image)
    try:
        module.await_recovery()
        return record_run(module, [])
    finally:
        module.close()


@pytest.mark.parametrize("slot", slots(ROLLOVER_SLOTS))
def test_a_cut_in_the_first_start_of_another_image(
    make_module: MakeModule,
    rollover_run: Run,
    next_image: Path,
    slot: int,
    target: str,
    pytestconfig: pytest.Config,
) -> None:
    states = rollover_run.states()
    assert len(states) >= 4 * ROLLOVER_SLOTS
    for state in part_of(states, slot, ROLLOVER_SLOTS, target, pytestconfig):
        meter = MeterSetup(energy_wh=rollover_run.energy_wh)
        module = make_module(state_setup(meter, state), next_image)
        for _ in starts(module, state):
            check_rolled_over(module, state)
        module.close()


@pytest.mark.thorough("rp2040")
def test_a_key_made_after_a_cut_is_the_one_that_stays(
    make_module: MakeModule, rollover_run: Run, next_image: Path
) -> None:
    states = rollover_run.states()
    meter = MeterSetup(energy_wh=rollover_run.energy_wh)
    module = make_module(Setup(meter, flash=states[len(states) // 3].image), next_image)
    key = module.client.call("public_key")
    module.restart()
    assert module.client.call("public_key") == key
    judge(module)


def check_rolled_over(module: Module, state: FlashState) -> None:
    """One key, the second; the history and the cut session are complete."""
    status = module.status()
    found = (status["state"], status["key_number"], status["sealed"])
    assert found == ("unregistered", 2, True), (str(state), status)
    module.await_recovery()
    assert kinds(module) == ["birth", "rollover"], str(state)
    assert module.event_names().count("key_changed") == 1, str(state)
    assert [record["pagination"] for record in module.records()] == [1, 2, 3, 4], str(state)
    judge(module)


# --- update ----------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Part:
    """What one run wrote to flash, and how many of its operations came before what is tried."""

    run: Run
    before: int

    def states(self) -> list[FlashState]:
        """The states that a cut in what is tried can leave."""
        return [each for each in self.run.states() if each.operation.index >= self.before]


def run_of(module: Module, before: int = 0) -> Part:
    """What the module has written since it was started."""
    return Part(
        Run(
            first=module.rig.flash_at_power_on(),
            operations=tuple(module.rig.flash_operations()),
            acknowledged=(),
            public_key="",
            energy_wh=module.rig.meter.energy_wh,
        ),
        before,
    )


@pytest.fixture(scope="session")
def handover_run(
    target: str, open_module: OpenModule, commissioned_flash: bytes, next_image: Path
) -> Part:
    """A session, then a hand-over up to the boot loader."""
    module = open_module(target, dataclasses.replace(UNDER_TEST, flash=commissioned_flash))
    try:
        module.set_time()
        module.begin()
        module.end()
        before = len(module.rig.flash_operations())
        enter_boot_loader(module, release_of(module, next_image))
        return run_of(module, before)
    finally:
        module.close()


def flash_after(part: Part) -> bytes:
    """The flash when the run was over."""
    return part.run.states()[-1].image


@pytest.fixture(scope="session")
def heir_run(target: str, open_module: OpenModule, handover_run: Part, next_image: Path) -> Part:
    """The first start of the image that the key was handed over to."""
    setup = Setup(MeterSetup(energy_wh=handover_run.run.energy_wh), flash=flash_after(handover_run))
    module = open_module(target, setup, next_image)
    try:
        module.status()
        return run_of(module)
    finally:
        module.close()


@pytest.fixture(scope="session")
def cancel_run(target: str, open_module: OpenModule, handover_run: Part) -> Part:
    """The old image starts again, and the owner calls the update off."""
    setup = Setup(MeterSetup(energy_wh=handover_run.run.energy_wh), flash=flash_after(handover_run))
    module = open_module(target, setup)
    try:
        before = len(module.rig.flash_operations())
        module.client.call("cancel_update", signature=module.answer("cancel_update"))
        return run_of(module, before)
    finally:
        module.close()


def booted(make_module: MakeModule, part: Part, state: FlashState, *image: Path) -> Module:
    """A module that starts from a state, perhaps with another image."""
    return make_module(Setup(MeterSetup(energy_wh=part.run.energy_wh), flash=state.image), *image)


@pytest.mark.parametrize("slot", slots(UPDATE_SLOTS))
def test_a_cut_in_a_hand_over(
    make_module: MakeModule,
    handover_run: Part,
    slot: int,
    target: str,
    pytestconfig: pytest.Config,
) -> None:
    """The old image starts again: with its key, or with none and the image that it waits for."""
    states = handover_run.states()
    assert len(states) >= 2 * UPDATE_SLOTS
    for state in part_of(states, slot, UPDATE_SLOTS, target, pytestconfig):
        module = booted(make_module, handover_run, state)
        check_kept_or_waiting(module, state)
        module.close()


def check_kept_or_waiting(module: Module, state: FlashState) -> None:
    """The first key is in use, or it is gone for good and the module says what to do."""
    status, said = module.status(), kinds(module)
    found = (status["state"], status["key_number"], status["sealed"])
    if said == ["birth"]:
        assert found == ("operational", 1, True), (str(state), status)
    else:
        assert said == ["birth", "handover"], str(state)
        assert found == ("blank", None, True), (str(state), status)
        assert status["cause"]["name"] == "update_pending", str(state)
        assert status["update"] is not None, str(state)
        assert module.event_names().count("key_handed_over") == 1, str(state)
    judge(module)


@pytest.mark.parametrize("slot", slots(UPDATE_SLOTS))
def test_a_cut_in_the_first_start_of_the_image_that_was_meant(
    make_module: MakeModule,
    heir_run: Part,
    next_image: Path,
    slot: int,
    target: str,
    pytestconfig: pytest.Config,
) -> None:
    for state in part_of(heir_run.states(), slot, UPDATE_SLOTS, target, pytestconfig):
        module = booted(make_module, heir_run, state, next_image)
        status = module.status()
        found = (status["state"], status["key_number"], status["update"])
        assert found == ("unregistered", 2, None), (str(state), status)
        assert kinds(module) == ["birth", "handover", "rollover"], str(state)
        assert module.event_names().count("key_changed") == 1, str(state)
        judge(module)
        module.close()


@pytest.mark.thorough("rp2040")
def test_a_cut_in_the_first_start_leaves_no_key_to_the_old_image(
    make_module: MakeModule, heir_run: Part, first_image: Path
) -> None:
    """Somebody puts the old image back in: a key that was being made is nobody's."""
    for state in heir_run.states():
        module = booted(make_module, heir_run, state, first_image)
        status = module.status()
        if kinds(module)[-1] == "handover":
            assert (status["state"], status["key_number"]) == ("blank", None), str(state)
        else:
            assert kinds(module)[-1] == "rollover", str(state)
            assert status["key_number"] == 3, str(state)
        judge(module)
        module.close()


@pytest.mark.parametrize("slot", slots(UPDATE_SLOTS))
def test_a_cut_while_an_update_is_called_off(
    make_module: MakeModule,
    cancel_run: Part,
    slot: int,
    target: str,
    pytestconfig: pytest.Config,
) -> None:
    states = cancel_run.states()
    assert len(states) >= 2 * UPDATE_SLOTS
    for state in part_of(states, slot, UPDATE_SLOTS, target, pytestconfig):
        module = booted(make_module, cancel_run, state)
        if kinds(module)[-1] == "handover":
            check_kept_or_waiting(module, state)
            module.client.call("cancel_update", signature=module.answer("cancel_update"))
        assert module.status()["key_number"] == 2, str(state)
        assert kinds(module) == ["birth", "handover", "rollover"], str(state)
        judge(module)
        module.close()


# --- decommissioning -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def decommissioning_run(
    target: str, open_module: OpenModule, commissioned_flash: bytes
) -> tuple[Run, int, int]:
    """A decommissioning after a session; how many operations came before it and with its reply."""
    module = open_module(target, dataclasses.replace(UNDER_TEST, flash=commissioned_flash))
    try:
        module.set_time()
        module.begin()
        module.end()
        signature = module.answer("decommission")
        before = len(module.rig.flash_operations())
        module.client.call("decommission", signature=signature)
        after = len(module.rig.flash_operations())
        run = Run(
            first=module.rig.flash_at_power_on(),
            operations=tuple(module.rig.flash_operations()),
            acknowledged=(),
            public_key="",
            energy_wh=module.rig.meter.energy_wh,
        )
    finally:
        module.close()
    return run, before, after


@pytest.mark.parametrize("slot", slots(DECOMMISSIONING_SLOTS))
def test_a_cut_in_a_decommissioning(
    make_module: MakeModule,
    decommissioning_run: tuple[Run, int, int],
    slot: int,
    target: str,
    pytestconfig: pytest.Config,
) -> None:
    run, before, _ = decommissioning_run
    states = [state for state in run.states() if state.operation.index >= before]
    assert len(states) >= 2 * DECOMMISSIONING_SLOTS
    for state in part_of(states, slot, DECOMMISSIONING_SLOTS, target, pytestconfig):
        module = make_module(state_setup(MeterSetup(energy_wh=run.energy_wh), state))
        outcomes = [check_all_or_nothing(module, state) for _ in starts(module, state)]
        assert len({tuple(said) for said in outcomes}) == 1, str(state)
        module.close()


def check_all_or_nothing(module: Module, state: FlashState) -> list[str]:
    """Either nothing happened, or the old life is over and the next has begun; the statements."""
    status = module.status()
    said = kinds(module)
    if said == ["birth"]:
        found = (status["state"], status["key_number"], status["sealed"])
        assert found == ("operational", 1, True), (str(state), status)
    else:
        assert said == ["birth", "farewell", "birth"], str(state)
        found = (status["state"], status["key_number"], status["sealed"])
        assert found == ("unregistered", 2, False), (str(state), status)
        assert module.client.call("configure")["settings"] == {}, str(state)
    judge(module)
    return said


@pytest.mark.thorough("rp2040")
def test_a_decommissioning_that_was_told_of_is_never_undone(
    make_module: MakeModule, decommissioning_run: tuple[Run, int, int]
) -> None:
    run, _, after = decommissioning_run
    assert after == len(run.operations)
    module = make_module(Setup(flash=run.states()[-1].image))
    assert kinds(module) == ["birth", "farewell", "birth"]
    assert module.status()["key_number"] == 2


@pytest.fixture(scope="session")
def rebirth_run(
    target: str, open_module: OpenModule, decommissioning_run: tuple[Run, int, int]
) -> Run:
    """The first start after a decommissioning, in which the next key is made."""
    flash = decommissioning_run[0].states()[-1].image
    module = open_module(target, dataclasses.replace(UNDER_TEST, flash=flash))
    try:
        return record_run(module, [])
    finally:
        module.close()


@pytest.mark.thorough("rp2040")
def test_a_cut_in_the_first_start_after_a_decommissioning(
    make_module: MakeModule, rebirth_run: Run
) -> None:
    for state in rebirth_run.states():
        module = make_module(state_setup(MeterSetup(), state))
        for _ in starts(module, state):
            status = module.status()
            found = (status["state"], status["key_number"])
            assert found == ("unregistered", 2), (str(state), status)
            assert kinds(module) == ["birth", "farewell", "birth"], str(state)
            judge(module)
        module.close()
