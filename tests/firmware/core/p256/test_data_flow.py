"""The assembler's text does what the instructions on values say from which it is made.

Proved for every straight-line routine, by executing both on names instead of numbers
(core_harness/data_flow.py): each word that the function stores is computed by the same
instructions from the same words, each with the same carry; registers, stack slots and the order of
moves are free. Proved besides: the function gives back r4 to r11, the stack pointer and the return
address; addresses are the arguments and the stack pointer with constant offsets, and nothing else;
a result may lie over an operand, because no operand is read behind the first store.

Taken for granted: that the assembler encodes each line as it stands there (the tests on the machine
code would tell), and that arguments overlap only where ws_field.h allows it.
"""

import re

import pytest
from armv6m_divstep import ROUTINES as DIVSTEP_ROUTINES
from armv6m_field import ROUTINES as FIELD_ROUTINES
from armv6m_field import FieldRoutine, routine_text
from core_harness import arm  # noqa: F401 - makes the generator's modules known
from core_harness.data_flow import Nodes, Processor, graph_of
from straight_line import Code, Value

ROUTINES = {**FIELD_ROUTINES, **DIVSTEP_ROUTINES}
IN_PLACE = [name for name in FIELD_ROUTINES if name != "ws_words_multiply"]


def lines_of(name: str, routine: FieldRoutine) -> list[str]:
    """The instructions of a function as they stand in the generated file."""
    body = routine_text(name, routine).split(f"\n{name}:\n")[1]
    return [line.strip() for line in body.splitlines() if not line.strip().startswith(".")]


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
    processor = executed(nodes, lines_of(name, ROUTINES[name]), ROUTINES[name])
    expected = graph_of(*built(ROUTINES[name]), nodes)
    assert processor.memory.stores == expected
    assert len(expected) > 4
    assert processor.restores_everything()


@pytest.mark.parametrize("name", IN_PLACE)
def test_no_operand_is_read_behind_the_first_store(name: str) -> None:
    processor = executed(Nodes(), lines_of(name, ROUTINES[name]), ROUTINES[name])
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
def test_a_wrong_line_would_be_seen(change) -> None:
    name = "ws_field_multiply"
    nodes = Nodes()
    processor = executed(nodes, change(lines_of(name, ROUTINES[name])), ROUTINES[name])
    assert processor.memory.stores != graph_of(*built(ROUTINES[name]), nodes)
