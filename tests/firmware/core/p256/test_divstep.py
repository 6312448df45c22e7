"""The loops of ws_inverse.h against division steps in Python's integers.

On the states that inversions of awkward numbers pass through, and on the ends of the ranges that
ws_inverse.h allows: 20,000 states every day, 200,000 with --all.
"""

from collections.abc import Callable

import pytest
from support.core import divsteps
from support.core.runner import Runner
from support.core.trials import DIVSTEP_TRIALS, divstep_trial

FEW, MANY, CHUNK = 20_000, 200_000, 20_000


@pytest.mark.parametrize("name", DIVSTEP_TRIALS)
def test_loop(name: str, field_runner: Runner, amount: Callable[[int, int], int]) -> None:
    count = amount(FEW, MANY)
    for start in range(0, count, CHUNK):
        divstep_trial(name, start, min(CHUNK, count - start)).check(field_runner)


def test_what_ws_inverse_h_says_of_the_ranges() -> None:
    """Of the reference, so that the tests above are about what they are to be about."""
    for state in divsteps.states(1, 5000):
        u, v, q, r = state.matrix
        assert max(abs(u) + abs(v), abs(q) + abs(r)) <= divsteps.LIMB
        after = divsteps.apply_modulo(state.matrix, state.d, state.e, state.modulus)
        for value, (x, y) in zip(after, ((u, v), (q, r)), strict=True):
            assert -2 * state.modulus < value < state.modulus
            difference = value * divsteps.LIMB - x * state.d - y * state.e
            assert difference % state.modulus == 0
