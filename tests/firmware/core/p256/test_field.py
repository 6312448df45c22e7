"""The operations of ws_field.h on numbers where carries and reductions go wrong, against Python.

Each on 20,000 pairs every day, on a million with --all; as assembler for ARMv6-M and as C.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from core_harness.curve import P
from core_harness.operands import BYTES, RADIX, numbers, pack, product_pairs, unpack
from core_harness.runner import Operand, Runner, changed, given, result

FEW, MANY = 20_000, 1_000_000
CHUNK = 50_000
INVERSE = pow(RADIX, -1, P)


@dataclass(frozen=True)
class Operation:
    """A function of two operands, or of one that is given twice."""

    expected: Callable[[int, int], int]
    bound: int = P
    result_size: int = BYTES
    is_unary: bool = False


OPERATIONS = {
    "ws_words_multiply": Operation(lambda a, b: a * b, RADIX, 2 * BYTES),
    "ws_field_multiply": Operation(lambda a, b: a * b * INVERSE % P),
    "ws_field_square": Operation(lambda a, b: a * a * INVERSE % P, is_unary=True),
    "ws_field_add": Operation(lambda a, b: (a + b) % P),
    "ws_field_subtract": Operation(lambda a, b: (a - b) % P),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation(name: str, field_runner: Runner, amount: Callable[[int, int], int]) -> None:
    operation = OPERATIONS[name]
    count = amount(FEW, MANY)
    for start in range(0, count, CHUNK):
        pairs = product_pairs(start, operation.bound, min(CHUNK, count - start))
        a, b = (given(pack(column), BYTES) for column in zip(*pairs, strict=True))
        arguments: list[Operand | int] = [result(operation.result_size), a, b]
        got = field_runner.run(name, arguments[: 2 + (not operation.is_unary)], len(pairs))[0]
        expected = pack([operation.expected(*pair) for pair in pairs], operation.result_size)
        if got != expected:
            show_first_difference(operation, pairs, got)


def show_first_difference(
    operation: Operation, pairs: list[tuple[int, int]], got: bytes
) -> None:
    for (a, b), value in zip(pairs, unpack(got, operation.result_size), strict=True):
        assert value == operation.expected(a, b), f"a = {a:#x}, b = {b:#x}"


@pytest.mark.parametrize("name", [n for n in OPERATIONS if n != "ws_words_multiply"])
@pytest.mark.parametrize("same", ["a", "b", "both"])
def test_result_in_place_of_an_operand(name: str, same: str, field_runner: Runner) -> None:
    operation = OPERATIONS[name]
    pairs = product_pairs(7, P, 500)
    if same == "both":
        pairs = [(a, a) for a, _ in pairs]
    a, b = (pack(column) for column in zip(*pairs, strict=True))
    out = changed(b if same == "b" else a, BYTES)
    x = out if same in ("a", "both") else given(a, BYTES)
    y = out if same in ("b", "both") else given(b, BYTES)
    if operation.is_unary:
        pairs = [(b if same == "b" else a,) * 2 for a, b in pairs]
    arguments: list[Operand | int] = [out, out] if operation.is_unary else [out, x, y]
    got = field_runner.run(name, arguments, len(pairs))[0]
    assert unpack(got) == [operation.expected(*pair) for pair in pairs]


@pytest.mark.parametrize("name", [n for n, o in OPERATIONS.items() if not o.is_unary])
def test_one_number_given_twice(name: str, field_runner: Runner) -> None:
    operation = OPERATIONS[name]
    factors = numbers(8, operation.bound, 500)
    a = given(pack(factors), BYTES)
    got = field_runner.run(name, [result(operation.result_size), a, a], len(factors))[0]
    assert unpack(got, operation.result_size) == [operation.expected(a, a) for a in factors]


ENTRIES, ENTRY_BYTES = 32, 2 * BYTES


def test_select_copies_the_entry_and_nothing_else(field_runner: Runner) -> None:
    table = b"".join(pack(numbers(seed, RADIX, 2)) for seed in range(ENTRIES))
    for index in range(ENTRIES):
        # What stands in the result and beside the table beforehand must not matter.
        point = changed(b"\xa5" * ENTRY_BYTES, ENTRY_BYTES)
        arguments: list[Operand | int] = [point, given(table, len(table)), index]
        got = field_runner.run("ws_field_select", arguments, 1)[0]
        assert got == table[index * ENTRY_BYTES : (index + 1) * ENTRY_BYTES]


def test_select_takes_every_bit_of_an_entry_from_that_entry_alone(field_runner: Runner) -> None:
    """All bits set in one entry and none in the others, and the other way about."""
    for marked in range(ENTRIES):
        for fill in (0x00, 0xFF):
            entries = [bytes([fill]) * ENTRY_BYTES] * ENTRIES
            entries[marked] = bytes([fill ^ 0xFF]) * ENTRY_BYTES
            table = given(b"".join(entries), ENTRIES * ENTRY_BYTES)
            for index in range(ENTRIES):
                arguments: list[Operand | int] = [result(ENTRY_BYTES), table, index]
                assert field_runner.run("ws_field_select", arguments, 1)[0] == entries[index]
