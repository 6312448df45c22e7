"""The assembler's text does what the instructions on values say from which it is made.

Proved for every straight-line routine, by executing both on names instead of numbers
(tests/support/core/data_flow.py): each word that the function stores is computed by the same
instructions from the same words, each with the same carry; registers, stack slots and the order of
moves are free. Proved besides: the function gives back r4 to r11, the stack pointer and the return
address; addresses are the arguments and the stack pointer with constant offsets, and nothing else;
a result may lie over an operand, because no operand is read behind the first store.

Proved for the doubling and the addition of points in the same way: their field operations, taken
from the text with the addresses that they are given, are the formulas of the textbook.

Taken for granted: that the assembler encodes each line as it stands there (the tests on the machine
code would tell), and that arguments overlap only where ws_field.h allows it.
"""

import re
from collections.abc import Callable

import pytest
from armv6m_divstep import ROUTINES as DIVSTEP_ROUTINES
from armv6m_divstep import divstep_text
from armv6m_field import ROUTINES as FIELD_ROUTINES
from armv6m_field import FieldRoutine, field_text
from armv6m_point import point_text
from straight_line import Code, Value, core_name
from support.core.data_flow import Nodes, Processor, graph_of
from support.core.polynomials import Polynomial, symbol

ROUTINES = {**FIELD_ROUTINES, **DIVSTEP_ROUTINES}
IN_PLACE = [name for name in FIELD_ROUTINES if name != "ws_words_multiply"]


TEXT = field_text() + divstep_text() + point_text()


def lines_of(function: str) -> list[str]:
    """The instructions of a function as they stand in the generated file."""
    body = TEXT.split(f"\n{function}:\n")[1].split(f"    .size {function},")[0]
    return [line.strip() for line in body.splitlines()]


def built(routine: FieldRoutine) -> tuple[Code, list[Value]]:
    """A routine's instructions on values, and its arguments."""
    code = Code()
    pointers = [Value(f"pointer {n}") for n in range(routine.pointers)]
    routine.body(code, pointers)
    return code, pointers


def executed(nodes: Nodes, lines: list[str], routine: FieldRoutine) -> Processor:
    processor = Processor(nodes, routine.pointers)
    processor.run(lines)
    return processor


@pytest.mark.parametrize("name", ROUTINES)
def test_text_computes_what_the_values_say(name: str) -> None:
    nodes = Nodes()
    processor = executed(nodes, lines_of(core_name(name)), ROUTINES[name])
    expected = graph_of(*built(ROUTINES[name]), nodes)
    assert processor.memory.stores == expected
    assert len(expected) > 4
    assert processor.is_back()


@pytest.mark.parametrize("name", ROUTINES)
def test_function_for_c_calls_its_core_and_restores_the_registers(name: str) -> None:
    nodes = Nodes()
    processor = executed(nodes, lines_of(name), ROUTINES[name])
    (called,) = processor.calls
    pointers = [nodes.node("pointer", n) for n in range(ROUTINES[name].pointers)]
    assert called[0] == core_name(name)
    assert called[1][: len(pointers)] == pointers[:3]
    assert processor.restores_everything()
    assert processor.memory.stores == []


@pytest.mark.parametrize("name", IN_PLACE)
def test_no_operand_is_read_behind_the_first_store(name: str) -> None:
    processor = executed(Nodes(), lines_of(core_name(name)), ROUTINES[name])
    assert processor.memory.loads_behind_a_store == 0


def swapped(lines: list[str]) -> list[str]:
    """A shift, which sets the carry, put between two instructions of a chain."""
    at = next(i for i, line in enumerate(lines) if line.startswith("adcs"))
    return [*lines[:at], "lsrs r0, r0, #1", *lines[at:]]


def renamed(lines: list[str]) -> list[str]:
    """A word fetched from another place of the stack."""
    at = next(i for i, line in enumerate(lines) if re.match(r"ldr r\d, \[sp, #4\]", line))
    return [*lines[:at], lines[at].replace("#4", "#8"), *lines[at + 1 :]]


@pytest.mark.parametrize("change", [swapped, renamed])
def test_a_wrong_line_would_be_seen(change: Callable[[list[str]], list[str]]) -> None:
    name = "ws_field_multiply"
    nodes = Nodes()
    processor = executed(nodes, change(lines_of(core_name(name))), ROUTINES[name])
    assert processor.memory.stores != graph_of(*built(ROUTINES[name]), nodes)


# --- points -------------------------------------------------------------------------------------

COORDINATE_BYTES = 32
OPERATIONS = {
    "ws_field_multiply_core": lambda a, b: a * b,
    "ws_field_square_core": lambda a, _: a * a,
    "ws_field_add_core": lambda a, b: a + b,
    "ws_field_subtract_core": lambda a, b: a - b,
}
X, Y, Z, X2, Y2 = map(symbol, ("x", "y", "z", "x2", "y2"))


def carried_out(function: str) -> list[Polynomial]:
    """The point that a function leaves, as polynomials over the coordinates that it was given."""
    nodes = Nodes()
    processor = Processor(nodes, 2)
    processor.run(lines_of(function))
    assert processor.restores_everything()
    first, second = nodes.node("pointer", 0), nodes.node("pointer", 1)
    moved = [nodes.node("adds", first, COORDINATE_BYTES * i) for i in (1, 2)]
    memory = {first: X, moved[0]: Y, moved[1]: Z, second: X2}
    memory[nodes.node("adds", second, COORDINATE_BYTES)] = Y2
    for core, (result, a, b) in processor.calls:
        one_operand = core == "ws_field_square_core"
        memory[result] = OPERATIONS[core](memory[a], memory[a if one_operand else b])
    assert (memory[second], memory[nodes.node("adds", second, COORDINATE_BYTES)]) == (X2, Y2)
    return [memory[place] for place in (first, *moved)]


def test_doubling_is_the_tangent() -> None:
    """x'' = l^2 - 2 x and y'' = l (x - x'') - y with l = 3 (x^2 - 1) / 2 y, times z^2 and z^3."""
    x, y, z = carried_out("ws_point_double")
    slope = (X * X - Z * Z * Z * Z) * 3  # l times z
    assert z == Y * Z * 2
    assert x == slope * slope - X * Y * Y * 8
    assert y == slope * (X * Y * Y * 4 - x) - Y * Y * Y * Y * 8


def test_addition_is_the_chord() -> None:
    """x'' = l^2 - x - x' and y'' = l (x - x'') - y with l = (y' - y) / (x' - x)."""
    x, y, z = carried_out("ws_point_add")
    run = X2 * Z * Z - X
    rise = Y2 * Z * Z * Z - Y
    assert z == Z * run
    assert x == rise * rise - run * run * (X + X2 * Z * Z)
    assert y == rise * (X * run * run - x) - Y * run * run * run
