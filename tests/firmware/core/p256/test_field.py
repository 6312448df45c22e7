"""The operations of ws_field.h on numbers where carries and reductions go wrong, against Python.

Each on 20,000 pairs every day, on a million with --all; as assembler for ARMv6-M and as C.
"""

from collections.abc import Callable

import pytest
from support.core.curve import P
from support.core.operands import BYTES, numbers, pack, product_pairs, unpack
from support.core.runner import Arguments, Runner, changed, given, result
from support.core.trials import (
    ENTRIES,
    ENTRY_BYTES,
    OPERATIONS,
    field_trial,
    negate_trial,
    select_trial,
)

FEW, MANY, CHUNK = 20_000, 1_000_000, 50_000


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation(name: str, field_runner: Runner, amount: Callable[[int, int], int]) -> None:
    count = amount(FEW, MANY)
    for start in range(0, count, CHUNK):
        field_trial(name, start, min(CHUNK, count - start)).check(field_runner)


@pytest.mark.parametrize("name", [n for n in OPERATIONS if n != "ws_words_multiply"])
@pytest.mark.parametrize("same", ["a", "b", "both"])
def test_result_in_place_of_an_operand(name: str, same: str, field_runner: Runner) -> None:
    operation = OPERATIONS[name]
    pairs = product_pairs(7, P, 500)
    if same == "both" or operation.is_unary:
        pairs = [(a, a) for a, _ in pairs]
    a, b = (pack(column) for column in zip(*pairs, strict=True))
    out = changed(b if same == "b" else a, BYTES)
    x = out if same in ("a", "both") else given(a, BYTES)
    y = out if same in ("b", "both") else given(b, BYTES)
    arguments: Arguments = [out, out] if operation.is_unary else [out, x, y]
    got = field_runner.run(name, arguments, len(pairs))[0]
    assert unpack(got) == [operation.expected(*pair) for pair in pairs]


@pytest.mark.parametrize("name", [n for n, o in OPERATIONS.items() if not o.is_unary])
def test_one_number_given_twice(name: str, field_runner: Runner) -> None:
    operation = OPERATIONS[name]
    factors = numbers(8, operation.bound, 500)
    a = given(pack(factors), BYTES)
    got = field_runner.run(name, [result(operation.result_size), a, a], len(factors))[0]
    assert unpack(got, operation.result_size) == [operation.expected(a, a) for a in factors]


@pytest.mark.parametrize("mask", [0, 0xFFFFFFFF])
def test_negate_if(mask: int, field_runner: Runner, amount: Callable[[int, int], int]) -> None:
    negate_trial(9, mask, amount(FEW, MANY // 5)).check(field_runner)


def test_select_copies_the_entry(field_runner: Runner) -> None:
    for index in range(ENTRIES):
        select_trial(index, index).check(field_runner)


def test_select_takes_every_bit_of_an_entry_from_that_entry_alone(field_runner: Runner) -> None:
    """All bits set in one entry and none in the others, and the other way about."""
    for marked in range(ENTRIES):
        for fill in (0x00, 0xFF):
            entries = [bytes([fill]) * ENTRY_BYTES] * ENTRIES
            entries[marked] = bytes([fill ^ 0xFF]) * ENTRY_BYTES
            table = given(b"".join(entries), ENTRIES * ENTRY_BYTES)
            for index in range(ENTRIES):
                arguments: Arguments = [result(ENTRY_BYTES), table, index]
                assert field_runner.run("ws_field_select", arguments, 1)[0] == entries[index]
