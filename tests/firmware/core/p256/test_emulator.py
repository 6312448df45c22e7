"""A sample of the other tests' operands on rp2040py: the model that they run on is right."""

from dataclasses import replace

import pytest
from support.core.arm import assembler_alone, compiled
from support.core.runner import EmulatorRunner
from support.core.trials import (
    DIVSTEP_TRIALS,
    OPERATIONS,
    divstep_trial,
    field_trial,
    negate_trial,
    point_trial,
    select_trial,
    sha256_trial,
)

from hil.cortex_m0.machine import RAM_START, Machine

FEW = 200


@pytest.fixture(scope="module")
def emulator() -> EmulatorRunner:
    return EmulatorRunner(Machine(compiled(replace(assembler_alone(), start=RAM_START))))


@pytest.mark.parametrize("name", OPERATIONS)
def test_field(emulator: EmulatorRunner, name: str) -> None:
    field_trial(name, 1, FEW).check(emulator)


@pytest.mark.parametrize("name", DIVSTEP_TRIALS)
def test_division_steps(emulator: EmulatorRunner, name: str) -> None:
    divstep_trial(name, 1, FEW).check(emulator)


@pytest.mark.parametrize("name", ["ws_point_double", "ws_point_add"])
def test_points(emulator: EmulatorRunner, name: str) -> None:
    point_trial(name, 1, 20).check(emulator)


def test_the_rest(emulator: EmulatorRunner) -> None:
    for mask in (0, 0xFFFFFFFF):
        negate_trial(1, mask, FEW).check(emulator)
    for index in (0, 1, 30, 31):
        select_trial(1, index).check(emulator)
    sha256_trial(1, 0).check(emulator)
