"""Division steps by Python's integers, after D. J. Bernstein and B.-Y. Yang (2019)."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from support.core.curve import N, P
from support.core.operands import RADIX, number

LIMBS, LIMB_BITS = 19, 14
LIMB = 1 << LIMB_BITS
ROUNDS = 43
NUMBER_BYTES = 4 * LIMBS
STEP_BYTES = 4 * 5
MODULI = (P, N)

Matrix = tuple[int, int, int, int]


@dataclass(frozen=True)
class State:
    """Where an inversion stands between two rounds; `matrix` is of the round to come."""

    modulus: int
    zeta: int
    f: int
    g: int
    d: int
    e: int
    zeta_after: int
    matrix: Matrix


def limbs(value: int, count: int = LIMBS) -> bytes:
    """A number as the core has it: limbs of 14 bits in words, the last with the sign."""
    words = [value >> LIMB_BITS * i & (LIMB - 1) for i in range(count - 1)]
    words.append(value >> LIMB_BITS * (count - 1))
    return b"".join([(word & 0xFFFFFFFF).to_bytes(4, "little") for word in words])


@cache
def modulus_bytes(modulus: int) -> bytes:
    """ws_divstep_modulus."""
    return limbs(modulus) + pow(modulus, -1, LIMB).to_bytes(4, "little")


def step_bytes(zeta: int, matrix: Matrix) -> bytes:
    """ws_divstep."""
    return b"".join([(word & 0xFFFFFFFF).to_bytes(4, "little") for word in (zeta, *matrix)])


def next_matrix(zeta: int, f: int, g: int) -> tuple[int, Matrix]:
    """14 steps: the new zeta and 2^14 times what they do to f and g."""
    u, v, q, r = 1, 0, 0, 1
    for _ in range(LIMB_BITS):
        if zeta < 0 and g & 1:
            zeta, f, g = -zeta - 2, g, (g - f) >> 1
            u, v, q, r = 2 * q, 2 * r, q - u, r - v
        elif g & 1:
            zeta, g = zeta - 1, (g + f) >> 1
            u, v, q, r = 2 * u, 2 * v, q + u, r + v
        else:
            zeta, g = zeta - 1, g >> 1
            u, v = 2 * u, 2 * v
    return zeta, (u, v, q, r)


def apply(matrix: Matrix, f: int, g: int) -> tuple[int, int]:
    """What the steps make of f and g."""
    u, v, q, r = matrix
    assert (u * f + v * g) % LIMB == (q * f + r * g) % LIMB == 0
    return (u * f + v * g) >> LIMB_BITS, (q * f + r * g) >> LIMB_BITS


def apply_modulo(matrix: Matrix, d: int, e: int, modulus: int) -> tuple[int, int]:
    """The same modulo a modulus; both results are from -2 to 1 times it."""
    u, v, q, r = matrix
    return _row(u, v, d, e, modulus), _row(q, r, d, e, modulus)


def _row(u: int, v: int, d: int, e: int, modulus: int) -> int:
    times = (u if d < 0 else 0) + (v if e < 0 else 0)
    total = u * d + v * e
    times -= (pow(modulus, -1, LIMB) * total + times) % LIMB
    assert (total + times * modulus) % LIMB == 0
    return (total + times * modulus) >> LIMB_BITS


def inversion(modulus: int, a: int) -> Iterator[State]:
    """The rounds of an inversion of a."""
    zeta, f, g, d, e = -1, modulus, a, 0, RADIX * RADIX % modulus
    for _ in range(ROUNDS):
        zeta_after, matrix = next_matrix(zeta, f % LIMB, g % LIMB)
        yield State(modulus, zeta, f, g, d, e, zeta_after, matrix)
        zeta = zeta_after
        f, g = apply(matrix, f, g)
        d, e = apply_modulo(matrix, d, e, modulus)
    assert g == 0
    assert f in (1, -1) or a == 0


def extreme(rng: random.Random, modulus: int) -> State:
    """A state at the ends of what the functions have to stand, whether an inversion meets it or
    not.
    """
    zeta = rng.choice((-1, 0, -2, 1, -602, 601, rng.randrange(-602, 602)))
    ends = (RADIX - 1, 1 - RADIX, 1, -1, rng.randrange(1 - RADIX, RADIX))
    f = rng.choice(ends) | 1
    g = rng.choice((*ends, 0, f, -f))
    around = (
        1 - 2 * modulus,
        modulus - 1,
        0,
        1,
        -1,
        -modulus,
        rng.randrange(-2 * modulus, modulus),
    )
    d, e = rng.choice(around), rng.choice(around)
    zeta_after, matrix = next_matrix(zeta, f % LIMB, g % LIMB)
    return State(modulus, zeta, f, g, d, e, zeta_after, matrix)


def at_a_multiple(rng: random.Random) -> State:
    """A state where the multiple of the modulus that a row adds is at the end of its range: one
    more or less would be another multiple of 2^14.
    """
    while True:
        state = extreme(rng, rng.getrandbits(256) | 1 << 255 | 1)
        d, e = (rng.randrange(-state.modulus, state.modulus) for _ in "de")
        x, y = state.matrix[:2] if rng.randrange(2) else state.matrix[2:]
        times = (x if d < 0 else 0) + (y if e < 0 else 0) + rng.randrange(2)
        low = x * d + y * e
        if low & times & 1:
            inverse = -times * pow(low, -1, LIMB) % LIMB
            modulus = state.modulus // LIMB * LIMB + pow(inverse, -1, LIMB)
            return replace(state, modulus=modulus, d=d, e=e)


def states(seed: int, count: int) -> list[State]:
    """States of inversions of numbers worth trying, by both moduli, and extreme ones."""
    rng = random.Random(seed)
    made: list[State] = []
    while len(made) < count:
        modulus = rng.choice(MODULI)
        made += [extreme(rng, modulus) for _ in range(ROUNDS // 2)]
        # Of p many limbs are alike; any odd number will do.
        made += [extreme(rng, rng.getrandbits(256) | 1) for _ in range(ROUNDS // 4)]
        made += [at_a_multiple(rng) for _ in range(ROUNDS // 4)]
        made += inversion(modulus, number(rng, modulus))
    return made[:count]
