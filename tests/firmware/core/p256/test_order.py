"""Arithmetic modulo n, inversions by both moduli and the helpers of ws_words.h, against Python."""

import random
from collections.abc import Callable

import pytest
from support.core.curve import N, P
from support.core.operands import (
    BYTES,
    RADIX,
    WORD_EDGES,
    number,
    numbers,
    pack,
    product_pairs,
    unpack,
)
from support.core.runner import Arguments, Operand, Runner, changed, given, result

Amount = Callable[[int, int], int]
INVERSE = pow(RADIX, -1, N)


def binary(runner: Runner, name: str, pairs: list[tuple[int, int]]) -> list[int]:
    """What a function of two operands gives."""
    columns = [given(pack(column), BYTES) for column in zip(*pairs, strict=True)]
    return unpack(runner.run(name, [result(BYTES), *columns], len(pairs))[0])


def unary(runner: Runner, name: str, values: list[int]) -> list[int]:
    """What a function of one operand gives."""
    arguments: Arguments = [result(BYTES), given(pack(values), BYTES)]
    return unpack(runner.run(name, arguments, len(values))[0])


BINARY = {
    "ws_order_montgomery": lambda a, b: a * b * INVERSE % N,
    "ws_order_multiply": lambda a, b: a * b % N,
    "ws_order_add": lambda a, b: (a + b) % N,
}


@pytest.mark.parametrize("name", BINARY)
def test_operation(name: str, core_runner: Runner, amount: Amount) -> None:
    pairs = product_pairs(1, N, amount(4_000, 200_000))
    assert binary(core_runner, name, pairs) == [BINARY[name](*pair) for pair in pairs]


@pytest.mark.parametrize("name", ["ws_order_montgomery", "ws_order_multiply"])
def test_first_factor_may_be_any_number(name: str, core_runner: Runner) -> None:
    rng = random.Random(2)
    pairs = [(rng.randrange(N, RADIX), number(rng, N)) for _ in range(500)]
    pairs += [(a, b) for a in (N, N + 1, RADIX - 1) for b in (0, 1, N - 1)]
    assert binary(core_runner, name, pairs) == [BINARY[name](*pair) for pair in pairs]


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("place", [1, 2])
def test_result_in_place_of_an_operand(name: str, place: int, core_runner: Runner) -> None:
    pairs = product_pairs(3, N, 300)
    columns = [pack(column) for column in zip(*pairs, strict=True)]
    arguments: Arguments = [Operand(0), *(given(column, BYTES) for column in columns)]
    arguments[0] = arguments[place] = changed(columns[place - 1], BYTES)
    got = unpack(core_runner.run(name, arguments, len(pairs))[0])
    assert got == [BINARY[name](*pair) for pair in pairs]


def test_reduce(core_runner: Runner, amount: Amount) -> None:
    values = [*numbers(4, RADIX, amount(4_000, 200_000)), N - 1, N, N + 1, RADIX - 1, 0]
    assert unary(core_runner, "ws_order_reduce", values) == [value % N for value in values]


def test_is_scalar(core_runner: Runner) -> None:
    values = [*numbers(5, RADIX, 4_000), 0, 1, N - 1, N, N + 1, RADIX - 1, 2**224, N - 2**32]
    core_runner.run("ws_order_is_scalar", [given(pack(values), BYTES)], len(values))
    assert core_runner.returned == [int(0 < value < N) for value in values]


# --- inversion ----------------------------------------------------------------------------------

MODULI = {"ws_field_invert": P, "ws_order_invert": N}


@pytest.mark.parametrize("name", MODULI)
def test_inversion(name: str, core_runner: Runner, amount: Amount) -> None:
    modulus = MODULI[name]
    values = numbers(6, modulus, amount(300, 20_000))
    values += [0, 1, 2, modulus - 1, modulus - 2, (modulus + 1) // 2, RADIX % modulus]
    expected = [RADIX * RADIX * pow(a, -1, modulus) % modulus if a else 0 for a in values]
    assert unary(core_runner, name, values) == expected


@pytest.mark.parametrize("name", MODULI)
def test_inversion_of_each_power_of_two(name: str, core_runner: Runner) -> None:
    """And its negative and inverse: the lengths of f and g go separate ways there."""
    modulus = MODULI[name]
    powers = [pow(2, sign * i, modulus) for i in range(256) for sign in (1, -1)]
    values = powers + [modulus - power for power in powers]
    expected = [RADIX * RADIX * pow(a, -1, modulus) % modulus for a in values]
    assert unary(core_runner, name, values) == expected


@pytest.mark.parametrize("name", MODULI)
def test_inversion_in_place(name: str, core_runner: Runner) -> None:
    values = numbers(7, MODULI[name], 20)
    place = changed(pack(values), BYTES)
    got = unpack(core_runner.run(name, [place, place], len(values))[0])
    assert got == unary(core_runner, name, values)


# --- helpers ------------------------------------------------------------------------------------


def test_words_add_and_subtract(core_runner: Runner, amount: Amount) -> None:
    pairs = product_pairs(8, RADIX, amount(4_000, 200_000))
    assert binary(core_runner, "ws_words_add", pairs) == [(a + b) % RADIX for a, b in pairs]
    assert core_runner.returned == [(a + b) // RADIX for a, b in pairs]
    got = binary(core_runner, "ws_words_subtract", pairs)
    assert got == [(a - b) % RADIX for a, b in pairs]
    assert core_runner.returned == [int(a < b) for a, b in pairs]


def test_words_compare(core_runner: Runner) -> None:
    pairs = product_pairs(9, RADIX, 2_000)
    pairs += [(a, a ^ 1 << bit) for bit, a in enumerate(numbers(10, RADIX, 256))]
    columns = [given(pack(column), BYTES) for column in zip(*pairs, strict=True)]
    core_runner.run("ws_words_equal", [*columns], len(pairs))
    assert core_runner.returned == [int(a == b) for a, b in pairs]

    values = [0, *(1 << bit for bit in range(256)), *numbers(11, RADIX, 1_000)]
    values += [edge << 32 * place for edge in WORD_EDGES for place in range(8)]
    core_runner.run("ws_words_is_zero", [given(pack(values), BYTES)], len(values))
    assert core_runner.returned == [int(value == 0) for value in values]


@pytest.mark.parametrize("mask", [0, 0xFFFFFFFF])
def test_words_choose(mask: int, core_runner: Runner) -> None:
    pairs = product_pairs(12, RADIX, 500)
    a, b = (given(pack(column), BYTES) for column in zip(*pairs, strict=True))
    got = core_runner.run("ws_words_choose", [result(BYTES), mask, a, b], len(pairs))[0]
    assert got == (a if mask else b).records


def test_words_and_bytes(core_runner: Runner) -> None:
    values = numbers(13, RADIX, 500)
    big_endian = b"".join([value.to_bytes(BYTES) for value in values])
    count = len(values)
    for shift in (0, 1, 3):  # bytes may lie anywhere
        data = Operand(BYTES, big_endian, shift=shift)
        assert core_runner.run("ws_words_decode", [result(BYTES), data], count)[0] == pack(values)
        out = Operand(BYTES, is_result=True, shift=shift)
        words = given(pack(values), BYTES)
        assert core_runner.run("ws_words_encode", [out, words], count)[0] == big_endian
