"""The power fails at any flash operation: nothing acknowledged is lost, no number comes twice.

One session is recorded; then a module boots from every state that its flash had, or could have
been left in by a cut within an operation. Every day a sample spread over all of them, with --all
each one.
"""

import pytest

from hil.flash import FlashState, Moment
from hil.setup import MeterSetup, Setup
from hil.suite.cuts import Run, check_after_cut, record_run, sample_of, slots, starts, state_setup
from hil.suite.module import UNDER_TEST, MakeModule, Module, OpenModule

SAMPLE = 24

pytestmark = pytest.mark.needs("flash")


@pytest.fixture(scope="session")
def session_run(target: str, open_module: OpenModule, commissioned_flash: bytes) -> Run:
    """Two sessions after a fresh start, the second with an intermediate record."""
    setup = Setup(UNDER_TEST.meter, UNDER_TEST.chip_id, flash=commissioned_flash)
    module = open_module(target, setup)
    try:
        module.set_time()
        call = module.client.call
        steps = [module.begin, module.end, module.begin, lambda: call("intermediate"), module.end]
        return record_run(module, steps)
    finally:
        module.close()


def boot(make_module: MakeModule, run: Run, state: FlashState) -> Module:
    """A module with the flash of that state and a meter that has gone on counting."""
    meter = MeterSetup(energy_wh=run.energy_wh, power_w=11_000)
    return make_module(state_setup(meter, state))


def chosen(states: list[FlashState], slot: int, everything: bool) -> list[FlashState]:
    """One state of every SAMPLE-th part of all of them, or that whole part."""
    first, end = (len(states) * edge // SAMPLE for edge in (slot, slot + 1))
    part = states[first:end]
    # Not always the same place within an operation.
    return part if everything else part[slot % max(1, len(part)) :][:1]


@pytest.mark.parametrize("slot", slots(SAMPLE, one_of=4))
def test_a_cut_in_a_session(
    make_module: MakeModule, session_run: Run, slot: int, pytestconfig: pytest.Config
) -> None:
    states = session_run.states()
    assert len(states) >= SAMPLE
    for state in chosen(states, slot, pytestconfig.getoption("--all")):
        module = boot(make_module, session_run, state)
        check_after_cut(module, session_run, state)
        module.close()


def test_a_run_of_sessions_writes_what_it_tells(session_run: Run) -> None:
    """Each reply comes after its record's operations, and never without any."""
    counts = [each.operations for each in session_run.acknowledged]
    assert len(counts) == 5
    assert counts == sorted(set(counts))


FIRST_BOOT_SLOTS = 4


@pytest.fixture(scope="session")
def first_boot_run(target: str, open_module: OpenModule) -> Run:
    """A factory-fresh module's first start, in which its key is made."""
    module = open_module(target, UNDER_TEST)
    try:
        return record_run(module, [])
    finally:
        module.close()


@pytest.mark.parametrize("slot", slots(FIRST_BOOT_SLOTS))
def test_a_cut_while_the_key_is_made(
    make_module: MakeModule,
    first_boot_run: Run,
    slot: int,
    target: str,
    pytestconfig: pytest.Config,
) -> None:
    """A key that was whole stays, a half one is never used, and one key is there in the end."""
    states = first_boot_run.states()[slot::FIRST_BOOT_SLOTS]
    everything = pytestconfig.getoption("--all") or target == "unix"
    for state in states if everything else sample_of(states):
        module = boot(make_module, first_boot_run, state)
        key = module.client.call("public_key")
        for _ in starts(module, state):
            status = module.status()
            assert (status["state"], status["key_number"]) == ("unregistered", 1), str(state)
            module.restart()
            assert module.client.call("public_key") == key, str(state)
        module.close()


@pytest.mark.needs("cut")
@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.HALF, Moment.MARGINAL, Moment.AFTER])
def test_the_power_fails_while_a_begin_is_being_stored(own_module: Module, moment: Moment) -> None:
    """As above, but with the cut itself: RAM and lines are gone in the middle of everything."""
    module = own_module
    done = len(module.rig.flash_operations())
    module.rig.cut_power_in(done + 1, moment)
    module.client.send_request("begin", id_tag="1F2D3A4F5506C7")
    module.rig.wait_for_power_cut(limit_s=10)
    assert module.client.unasked() == b""
    module.restart()
    module.await_recovery()
    numbers = [record["pagination"] for record in module.records()]
    assert numbers in ([], [1, 2])  # nothing, or a begin and the end that recovery made
    module.set_time()
    assert module.begin()["pagination"] == len(numbers) + 1
    module.end()
