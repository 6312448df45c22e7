"""Every mistake that one wrong instruction of the assembler would be is found by the operands of
the other tests.

The machine code is changed in the model's memory: with --all each instruction in all the ways of
mutants.py, otherwise each way once for each kind of instruction of each routine.
"""

import random
import struct
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

import pytest
from support.core.arm import assembler_alone, compiled
from support.core.mutants import Mutant, mutants_of
from support.core.runner import ModelRunner, StrayWriteError
from support.core.trials import (
    DIVSTEP_TRIALS,
    ENTRIES,
    OPERATIONS,
    Trial,
    divstep_trial,
    field_trial,
    negate_trial,
    point_trial,
    select_trial,
    sha256_trial,
)

from hil.cortex_m0.machine import FLASH_SIZE, FLASH_START, STACK_TOP, Machine, ModelError

LIMIT = 50_000  # instructions of a call; an addition of points has less than half
SIZES = (40, 2_000, 20_000)
"""How many operands to try one after the other, until one finds the mistake."""


def trials_of(function: str) -> list[Callable[[], list[Trial]]]:
    """What is tried, one list of trials after the other."""
    if function in OPERATIONS:
        return [partial(lambda n: [field_trial(function, 1, n)], n) for n in SIZES]
    if function in DIVSTEP_TRIALS:
        return [partial(lambda n: [divstep_trial(function, 1, n)], n) for n in SIZES]
    if function == "ws_field_negate_if":
        return [lambda: [negate_trial(1, mask, SIZES[1]) for mask in (0, 0xFFFFFFFF)]]
    if function.startswith("ws_point"):
        return [partial(lambda n: [point_trial(function, 1, n)], n) for n in (10, 100)]
    if function == "ws_sha256_blocks":
        return [lambda: [sha256_trial(seed, shift) for shift in range(4) for seed in range(2)]]
    return [lambda: [select_trial(index, index) for index in range(ENTRIES)]]


STACK_BYTES = 1024
LOAD_LITERAL = 0x09  # the upper five bits
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


Kind = tuple[str, str]  # mnemonic, change

# Mutants that compute the same, and why: for each routine how many of each kind.
CLEAR = (
    "the carry is clear there: it comes from the upper word of a product of two words, or from a "
    "chain whose exact number test_algebra.py shows to fit, or from a shift that loses zeros"
)
SET = "the carry is set there: a square less a number that is not larger, which has no borrow"
MASK = "all bits of the shifted word are alike, it is a mask; the bit that goes to the carry is one"
LOADED = "the register holds that already: a move that the allocator could save"
UNUSED = "r8 to r11 are put back by rote, and the loop does not write this one"
ORDER = "a sum of four terms, put together in another order"
SMALL = "bits 30 and 31 are alike: zeta and the last limb are far smaller than 2^30"
LOW_BITS = "of the word only the lower bits count"
EVEN = "the lowest bit, or the lowest 14, are shifted out next: 1 more changes nothing"
DISJOINT = "no bit is set in both words"
TWICE_EVEN = "it changes the sum by twice an even number, and only its two lowest bits still count"
CHANCE = "r10, which the loop does not write, has the two bits that count by chance in the model"
LEFT_THERE = "the core called before happens to leave that address in the register"
OTHER_WAY = "words that are taken byte by byte are hashed alike, only slower"

KARATSUBA = {
    ("lsrs", "to lsls"): (13, MASK),
    ("lsrs", "to asrs"): (13, MASK),
    ("lsrs", "one place more"): (13, MASK),
    ("mov", "left out"): (1, LOADED),
}
EQUIVALENT: dict[str, dict[Kind, tuple[int, str]]] = {
    "ws_words_multiply": {**KARATSUBA, ("adds", "carry taken in"): (9, CLEAR)},
    "ws_field_multiply": {
        **KARATSUBA,
        ("adds", "carry taken in"): (14, CLEAR),
        ("movs", "left out"): (2, LOADED),
    },
    "ws_field_square": {
        ("adds", "carry taken in"): (14, CLEAR),
        ("subs", "carry taken in"): (3, SET),
        ("movs", "left out"): (1, LOADED),
        ("sbcs", "another target"): (1, ORDER),
        ("adcs", "another target"): (1, ORDER),
    },
    "ws_divstep_next": {
        ("asrs", "one place less"): (14, SMALL),
        ("lsrs", "to asrs"): (13, LOW_BITS),
        ("adds", "carry taken in"): (13, EVEN),
        ("subs", "another second operand"): (2, EVEN),
        ("adds", "to the opposite"): (1, TWICE_EVEN),
        ("mov", "one more source"): (1, CHANCE),
        ("mov", "left out"): (3, UNUSED),
        ("mov", "another target"): (1, UNUSED),
    },
    "ws_divstep_apply": {
        ("adds", "carry taken in"): (3, EVEN),
        ("mov", "left out"): (1, UNUSED),
    },
    "ws_divstep_apply_modulo": {
        ("asrs", "one place less"): (2, SMALL),
        ("lsrs", "to asrs"): (2, LOW_BITS),
        ("adds", "carry taken in"): (6, EVEN),
    },
    "ws_field_select": {
        ("adds", "carry taken in"): (1, CLEAR),
        ("orrs", "to eors"): (16, DISJOINT),
    },
    "ws_point_double": {
        ("add of sp", "left out"): (7, LEFT_THERE),
        ("add of sp", "another register"): (4, LEFT_THERE),
    },
    "ws_point_add": {
        ("add of sp", "left out"): (5, LEFT_THERE),
        ("add of sp", "another register"): (4, LEFT_THERE),
    },
    "ws_sha256_blocks": {
        ("adds", "carry taken in"): (1, CLEAR),
        ("lsls", "one place less"): (1, OTHER_WAY),
        ("lsls", "left out"): (1, OTHER_WAY),
        ("orrs", "to eors"): (3, DISJOINT),
    },
}
FUNCTIONS = (*OPERATIONS, "ws_field_negate_if", "ws_field_select", *DIVSTEP_TRIALS)
FUNCTIONS += ("ws_point_double", "ws_point_add", "ws_sha256_blocks")


def literals(code: bytes) -> list[int]:
    """Where the constants lie that the code loads relative to its own address."""
    halves = [half for (half,) in struct.iter_unpack("<H", code)]
    return [
        (2 * i + 4 & ~3) + 4 * (half & 0xFF)
        for i, half in enumerate(halves)
        if half >> 11 == LOAD_LITERAL
    ]


class Laboratory:
    """The assembler in the model, one instruction of it changed at a time."""

    def __init__(self) -> None:
        self.machine = Machine(compiled(assembler_alone()))
        self.runner = ModelRunner(self.machine, limit=LIMIT)
        self._trials: dict[str, list[list[Trial]]] = {}

    def mutants(self, function: str) -> Iterator[Mutant]:
        """All of a function and of its core, with addresses as offsets."""
        for name in (function, f"{function}_core"):
            if name in self.machine.symbols():
                place = self.machine.function(name)
                code = self.machine.read(place.start, place.size)
                code = code[: min([len(code), *literals(code)])]  # without the constants
                for mutant in mutants_of(code):
                    yield replace(mutant, offset=place.start + mutant.offset)

    def survives(self, function: str, mutant: Mutant, thorough: bool = True) -> bool:
        """Whether all trials pass although the instruction is changed; the last and largest ones
        only if thorough.
        """
        original = self.machine.read(mutant.offset, len(mutant.code))
        self.machine.write(mutant.offset, mutant.code)
        try:
            return self.is_right(function, thorough)
        finally:
            self.machine.write(mutant.offset, original)

    def is_right(self, function: str, thorough: bool = True) -> bool:
        """Whether all trials of a function pass."""
        self.machine.write(STUBS, stub(self.machine.address(function)))
        return all(self._passes(trial) for trial in self._trials_of(function, thorough))

    def _trials_of(self, function: str, thorough: bool) -> Iterable[Trial]:
        made = self._trials.setdefault(function, [])
        trials = trials_of(function)
        for place, make in enumerate(trials if thorough else trials[: len(SIZES) - 1]):
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


@pytest.fixture(scope="module")
def laboratory() -> Laboratory:
    return Laboratory()


def by_kind(laboratory: Laboratory, function: str) -> dict[Kind, list[Mutant]]:
    kinds: dict[Kind, list[Mutant]] = defaultdict(list)
    for mutant in laboratory.mutants(function):
        kinds[mutant.mnemonic, mutant.change].append(mutant)
    return kinds


@pytest.mark.parametrize("function", FUNCTIONS)
def test_one_of_each_kind_is_found(laboratory: Laboratory, function: str) -> None:
    """The first of each kind, in an order by chance, that is not among the equivalent ones."""
    assert laboratory.is_right(function)
    rng = random.Random(function)
    equivalent = EQUIVALENT.get(function, {})
    for kind, mutants in by_kind(laboratory, function).items():
        count, _ = equivalent.get(kind, (0, ""))
        tried = rng.sample(mutants, min(count + 1, len(mutants)))
        found = any(not laboratory.survives(function, m, thorough=count == 0) for m in tried)
        assert found or count == len(mutants), (kind, tried)


def test_every_mutant_is_found(laboratory: Laboratory, pytestconfig: pytest.Config) -> None:
    """With --all."""
    if not pytestconfig.getoption("--all", False):
        pytest.skip("only with --all")
    for function in FUNCTIONS:
        survivors: dict[Kind, list[str]] = defaultdict(list)
        for mutant in laboratory.mutants(function):
            if laboratory.survives(function, mutant):
                survivors[mutant.mnemonic, mutant.change].append(f"{mutant.offset:#x}")
        found = {kind: len(places) for kind, places in survivors.items()}
        equivalent = EQUIVALENT.get(function, {})
        assert found == {kind: count for kind, (count, _) in equivalent.items()}, survivors
