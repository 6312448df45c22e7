"""The loops of ws_divstep.h against division steps in Python's integers.

On the states that inversions of awkward numbers pass through, and on the ends of the ranges that
ws_divstep.h allows: 20,000 states every day, a million with --all.
"""

from collections.abc import Callable

import pytest
from core_harness import divsteps
from core_harness.divsteps import MODULI, NUMBER_BYTES, STEP_BYTES, State, limbs
from core_harness.runner import Arguments, Runner, changed, given

FEW, MANY, CHUNK = 20_000, 1_000_000, 20_000
MODULUS_BYTES = NUMBER_BYTES + 4


def steps(states: list[State]) -> bytes:
    return b"".join([divsteps.step_bytes(s.zeta_after, s.matrix) for s in states])


def all_limbs(values: list[int]) -> bytes:
    return b"".join([limbs(value) for value in values])


def check_next(runner: Runner, states: list[State]) -> None:
    junk = (0x5A5A5A5A, 1, 2, 3)
    before = b"".join([divsteps.step_bytes(s.zeta, junk) for s in states])
    f, g = (all_limbs([getattr(s, name) for s in states]) for name in "fg")
    arguments: Arguments = [changed(before, STEP_BYTES)]
    arguments += [given(f, NUMBER_BYTES), given(g, NUMBER_BYTES)]
    assert runner.run("ws_divstep_next", arguments, len(states)) == [steps(states)]


def check_apply(runner: Runner, states: list[State]) -> None:
    f, g = (changed(all_limbs([getattr(s, n) for s in states]), NUMBER_BYTES) for n in "fg")
    arguments: Arguments = [f, g, given(steps(states), STEP_BYTES)]
    expected = zip(*[divsteps.apply(s.matrix, s.f, s.g) for s in states], strict=True)
    got = runner.run("ws_divstep_apply", arguments, len(states))
    assert got == [all_limbs(list(column)) for column in expected]


def check_apply_modulo(runner: Runner, states: list[State]) -> None:
    d, e = (changed(all_limbs([getattr(s, n) for s in states]), NUMBER_BYTES) for n in "de")
    moduli = {modulus: divsteps.modulus_bytes(modulus) for modulus in MODULI}
    arguments: Arguments = [d, e, given(steps(states), STEP_BYTES)]
    arguments.append(given(b"".join([moduli[s.modulus] for s in states]), MODULUS_BYTES))
    expected = [divsteps.apply_modulo(s.matrix, s.d, s.e, s.modulus) for s in states]
    got = runner.run("ws_divstep_apply_modulo", arguments, len(states))
    assert got == [all_limbs(list(column)) for column in zip(*expected, strict=True)]


CHECKS = {"next": check_next, "apply": check_apply, "apply_modulo": check_apply_modulo}


@pytest.mark.parametrize("what", CHECKS)
def test_loop(what: str, field_runner: Runner, amount: Callable[[int, int], int]) -> None:
    count = amount(FEW, MANY)
    for start in range(0, count, CHUNK):
        CHECKS[what](field_runner, divsteps.states(start, min(CHUNK, count - start)))


def test_what_ws_divstep_h_says_of_the_ranges() -> None:
    """Of the reference, so that the tests above are about what they are to be about."""
    for state in divsteps.states(1, 5000):
        u, v, q, r = state.matrix
        assert max(abs(u) + abs(v), abs(q) + abs(r)) <= divsteps.LIMB
        after = divsteps.apply_modulo(state.matrix, state.d, state.e, state.modulus)
        for value, (x, y) in zip(after, ((u, v), (q, r)), strict=True):
            assert -2 * state.modulus < value < state.modulus
            difference = value * divsteps.LIMB - x * state.d - y * state.e
            assert difference % state.modulus == 0
