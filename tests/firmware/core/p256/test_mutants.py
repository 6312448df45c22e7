"""Every mistake that one wrong instruction of the assembler would be is found by the operands of
the other tests.

The machine code is changed in the model's memory: with --all each instruction in all the ways of
mutants.py, otherwise each way once for each kind of instruction of each routine.
"""

import struct
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from core_harness.arm import assembler_alone, compiled
from core_harness.mutants import Mutant
from core_harness.runner import ModelRunner, StrayWriteError
from core_harness.trials import (
    DIVSTEP_TRIALS,
    ENTRIES,
    OPERATIONS,
    Trial,
    divstep_trial,
    field_trial,
    select_trial,
)

from hil.cortex_m0.machine import FLASH_SIZE, FLASH_START, STACK_TOP, Machine, ModelError

LIMIT = 20_000  # instructions of a call; the longest routine has a third
SIZES = (40, 2_000, 20_000)
"""How many operands to try one after the other, until one finds the mistake."""


def trials_of(function: str) -> list[Callable[[], list[Trial]]]:
    """What is tried, one list of trials after the other."""
    if function in OPERATIONS:
        return [partial(lambda n: [field_trial(function, 1, n)], n) for n in SIZES]
    if function in DIVSTEP_TRIALS:
        return [partial(lambda n: [divstep_trial(function, 1, n)], n) for n in SIZES]
    return [lambda: [select_trial(index, index) for index in range(ENTRIES)]]


STACK_BYTES = 1024
STUBS = FLASH_START + FLASH_SIZE // 2


def stub(function: int) -> bytes:
    """Code that calls a function with the carry set, as a caller may leave it; without it the
    model clears the flags.
    """
    instructions = (
        0x4280,  # cmp r0, r0
        0xB401,  # push {r0}
        0x4802,  # ldr r0, [pc, #8]
        0x4684,  # mov r12, r0
        0xBC01,  # pop {r0}
        0x4760,  # bx r12
        0x46C0,
        0x46C0,
    )
    return struct.pack("<8HI", *instructions, function | 1)


class Laboratory:
    """The assembler in the model, one instruction of it changed at a time."""

    def __init__(self) -> None:
        self.machine = Machine(compiled(assembler_alone()))
        self.runner = ModelRunner(self.machine, limit=LIMIT)
        self._trials: dict[str, list[list[Trial]]] = {}

    def code_of(self, function: str) -> bytes:
        """The machine code of a function."""
        place = self.machine.function(function)
        return self.machine.read(place.start, place.size)

    def survives(self, function: str, mutant: Mutant) -> bool:
        """Whether all trials pass although the instruction is changed."""
        address = self.machine.address(function) + mutant.offset
        original = self.machine.read(address, 2)
        self.machine.write(address, mutant.half.to_bytes(2, "little"))
        try:
            return self.is_right(function)
        finally:
            self.machine.write(address, original)

    def is_right(self, function: str) -> bool:
        """Whether all trials of a function pass."""
        self.machine.write(STUBS, stub(self.machine.address(function)))
        return all(self._passes(trial) for trial in self._trials_of(function))

    def _trials_of(self, function: str) -> Iterable[Trial]:
        made = self._trials.setdefault(function, [])
        for place, make in enumerate(trials_of(function)):
            if place == len(made):
                made.append(make())
                if place == 0:
                    made[0] += [replace(trial, function=STUBS) for trial in made[0]]
            yield from made[place]

    def _passes(self, trial: Trial) -> bool:
        # What earlier calls left on the stack is just what a wrong offset would need.
        self.machine.write(STACK_TOP - STACK_BYTES, b"\xa5" * STACK_BYTES)
        try:
            return trial.passes(self.runner)
        except (ModelError, StrayWriteError):
            return False
