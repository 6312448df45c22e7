"""Multiples of the generator by the comb: every digit of every column, and the numbers for which
its additions are no additions.
"""

import itertools
import random
from collections.abc import Callable

import pytest
from support.core import curve
from support.core.curve import N
from support.core.jacobian import JACOBIAN_BYTES, points
from support.core.library import Core
from support.core.operands import BYTES, numbers, pack, unpack
from support.core.runner import Runner, given, result

Amount = Callable[[int, int], int]
TEETH, BLOCKS, COLUMNS = 6, 4, 11
TOOTH_DISTANCE = 43  # the last block is a column shorter
PLACES = TEETH * TOOTH_DISTANCE
ODD_BYTES = BYTES + 4
EDGES = [1, 2, 3, 4, N - 1, N - 2, N - 3, (N + 1) // 2, (N - 1) // 2]
EDGES += [value for i in range(1, 256) for value in (2**i - 1, 2**i, 2**i + 1) if 0 < value < N]


def made_odd(scalar: int) -> int:
    return scalar if scalar & 1 else scalar + N


def digits(odd: int) -> list[int]:
    """The signed digits of an odd number, for all places."""
    return [1 if odd >> place + 1 & 1 else -1 for place in range(PLACES - 1)] + [1]


def multiples(runner: Runner, odd: list[int]) -> list[curve.Point]:
    arguments = [result(JACOBIAN_BYTES), given(pack(odd, ODD_BYTES), ODD_BYTES)]
    return points(runner.run("ws_comb_multiply", arguments, len(odd))[0])


def test_signed_digits_are_the_number() -> None:
    """Of the reference in this file."""
    for odd in map(made_odd, numbers(1, N - 1, 200)):
        assert sum(digit << place for place, digit in enumerate(digits(odd))) == odd


def test_make_odd_and_other_form(core_runner: Runner) -> None:
    scalars = [*EDGES, *(1 + value for value in numbers(2, N - 1, 1_000))]
    arguments = [result(ODD_BYTES), given(pack(scalars), BYTES)]
    odd = core_runner.run("ws_comb_make_odd", arguments, len(scalars))[0]
    assert unpack(odd, ODD_BYTES) == list(map(made_odd, scalars))
    arguments = [result(ODD_BYTES), given(odd, ODD_BYTES)]
    other = core_runner.run("ws_comb_other_form", arguments, len(scalars))[0]
    assert unpack(other, ODD_BYTES) == [2 * N - made_odd(scalar) for scalar in scalars]


def test_edges(core_runner: Runner, amount: Amount) -> None:
    scalars = EDGES[: amount(60, len(EDGES))]
    got = multiples(core_runner, list(map(made_odd, scalars)))
    assert got == list(map(curve.times_g, scalars))


def test_other_form_is_the_negative(core_runner: Runner) -> None:
    scalars = [1, 2, N - 1, *(1 + value for value in numbers(3, N - 1, 30))]
    got = multiples(core_runner, [2 * N - made_odd(scalar) for scalar in scalars])
    assert got == [curve.times_g(N - scalar) for scalar in scalars]


def is_column(block: int, column: int) -> bool:
    return block * COLUMNS + column < TOOTH_DISTANCE


def with_pattern(rng: random.Random, block: int, column: int, pattern: int) -> int:
    """An odd number below n whose teeth have these bits at a column of a block."""
    while True:
        odd = rng.getrandbits(256) | 1
        for tooth in range(TEETH):
            bit = tooth * TOOTH_DISTANCE + block * COLUMNS + column + 1
            if bit < 256:
                odd = odd & ~(1 << bit) | (pattern >> tooth & 1) << bit
        if odd < N:
            return odd


def test_every_entry_of_every_block_in_every_column(core_runner: Runner, amount: Amount) -> None:
    rng = random.Random(4)
    columns = [(b, c) for b in range(BLOCKS) for c in range(COLUMNS) if is_column(b, c)]
    where = [(*column, pattern) for column in columns for pattern in range(1 << TEETH)]
    odd = [with_pattern(rng, *place) for place in where]
    odd = rng.sample(odd, amount(100, len(odd)))
    assert multiples(core_runner, odd) == list(map(curve.times_g, odd))


# --- where a sum meets itself -------------------------------------------------------------------


def entry(odd: int, block: int, column: int) -> int:
    """What a column of a block adds, as a multiple of G, before the doublings behind it."""
    total = 0
    for place in range(block * COLUMNS + column, PLACES, TOOTH_DISTANCE):
        is_one = place == PLACES - 1 or odd >> place + 1 & 1
        total += (1 if is_one else -1) << place - column
    return total


def exceptional(odd: int) -> bool:
    """Whether some addition of the comb is one of equal or opposite points, or of nothing."""
    total = 0
    for column in reversed(range(COLUMNS)):
        total *= 2
        for block in range(BLOCKS - (not is_column(BLOCKS - 1, column))):
            term = entry(odd, block, column)
            if (column, block) != (COLUMNS - 1, 0) and 0 in (
                total % N,
                (total - term) % N,
                (total + term) % N,
            ):
                return True
            total += term
    return False


def entries(block: int) -> list[int]:
    """All that the last column of a block can add."""
    signs = itertools.product((1, -1), repeat=TEETH)
    return [
        sum(sign << t * TOOTH_DISTANCE + block * COLUMNS for t, sign in enumerate(row))
        for row in signs
    ]


def exceptional_numbers() -> list[int]:
    """Numbers whose last or last but one addition is of points that are equal modulo n: the sum
    before it is the term plus or minus n.
    """
    found = []
    for around, last in itertools.product((N, -N), entries(3)):
        found += [odd for odd in [2 * last + around] if entry_is(odd, 3, last)]
        sums = ((before, 2 * before + around + last) for before in entries(2))
        found += [o for before, o in sums if entry_is(o, 2, before) and entry_is(o, 3, last)]
    return found


def entry_is(odd: int, block: int, term: int) -> bool:
    """Whether this is a number of the comb, and its last column of a block adds the term."""
    return 0 < odd < 2 * N and odd & 1 == 1 and entry(odd, block, 0) == term


def test_numbers_of_which_no_sum_can_be_made_give_z_0(core_runner: Runner) -> None:
    found = exceptional_numbers()
    assert all(map(exceptional, found))
    assert found
    assert multiples(core_runner, found) == [None] * len(found)


@pytest.mark.parametrize("odd", [made_odd(scalar) for scalar in EDGES[:9]], ids=hex)
def test_numbers_that_people_try_are_none_of_them(odd: int) -> None:
    assert not exceptional(odd)
    assert not exceptional(2 * N - odd)


def test_a_key_of_which_no_sum_can_be_made_has_no_public_key(core: Core) -> None:
    """Nobody draws one; but if somebody did, there must be no point of zeros to register."""
    for odd in exceptional_numbers():
        assert core.public(odd % N)[0] == "fault"
