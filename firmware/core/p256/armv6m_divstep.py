"""The loops of ws_inverse.h for ARMv6-M, as sequences for straight_line.py."""

from armv6m_field import FieldRoutine, Words, routine_text
from straight_line import Code, Policy, Value

Sides = tuple[tuple[Value, Words], tuple[Value, Words]]
"""Where each of the two results goes, and its factors."""

LIMBS = 19
LIMB_BITS = 14
UNUSED_BITS = 32 - LIMB_BITS


def low_limb(code: Code, word: Value) -> Value:
    """The lowest 14 bits of a word."""
    return code.lsrs(code.lsls(word, UNUSED_BITS), UNUSED_BITS)


def masked_signed(code: Code, word: Value, negative: Value, wanted: Value) -> Value:
    """0, word or -word, by two masks."""
    return code.ands(code.subs(code.eors(word, negative), negative), wanted)


def matrix_body(code: Code, pointers: list[Value]) -> None:
    """ws_divstep_next: u and v share a word, u + 2^16 v, and so do q and r.

    All that is done to them is linear, so that the sum of the two is as good as the two.
    """
    matrix, f_limbs, g_limbs = pointers
    zeta, f, g = code.load(matrix, 0), code.load(f_limbs, 0), code.load(g_limbs, 0)
    one = code.constant(1)
    upper, lower = one, code.lsls(one, 16)
    for left in reversed(range(LIMB_BITS)):
        swap = code.asrs(zeta, 31)
        odd = code.asrs(code.lsls(g, 31), 31)
        if left > 0:  # whatever becomes of f and g in the end, nobody reads
            g = code.adds(g, masked_signed(code, f, swap, odd))
        lower = code.adds(lower, masked_signed(code, upper, swap, odd))
        swap = code.ands(swap, odd)
        zeta = code.subs(code.eors(zeta, swap), 1)
        if left > 1:
            f = code.adds(f, code.ands(g, swap))
        upper = code.lsls(code.adds(upper, code.ands(lower, swap)), 1)
        if left > 0:
            g = code.lsrs(g, 1)
    code.store(zeta, matrix, 0)
    for place, pair in ((1, upper), (3, lower)):
        first = code.sxth(pair)
        code.store(first, matrix, place)
        code.store(code.asrs(code.subs(pair, first), 16), matrix, place + 1)


def load_matrix(code: Code, matrix: Value) -> list[Value]:
    """u, v, q, r."""
    return [code.load(matrix, 1 + i) for i in range(4)]


def add_row(code: Code, total: Value, factors: Words, words: Words) -> Value:
    """total + the sum of factors times words."""
    for factor, word in zip(factors, words, strict=True):
        total = code.adds(total, code.muls(factor, word))
    return total


def row(code: Code, factors: Words, words: Words) -> Value:
    """The sum of factors times words."""
    return add_row(code, code.muls(factors[0], words[0]), factors[1:], words[1:])


def apply_body(code: Code, pointers: list[Value]) -> None:
    """ws_divstep_apply."""
    f, g, matrix = pointers
    u, v, q, r = load_matrix(code, matrix)
    sides = ((f, [u, v]), (g, [q, r]))
    limbs = [code.load(f, 0), code.load(g, 0)]
    carries = [code.asrs(row(code, factors, limbs), LIMB_BITS) for _, factors in sides]
    for i in range(1, LIMBS):
        limbs = [code.load(f, i), code.load(g, i)]
        carries = store_limbs(code, sides, limbs, carries, i - 1)
    for (out, _), carry in zip(sides, carries, strict=True):
        code.store(carry, out, LIMBS - 1)


def store_limbs(code: Code, sides: Sides, limbs: Words, carries: Words, place: int) -> Words:
    """One limb of each result: the carry from the one before and a row; the new carries."""
    new_carries = []
    for (out, factors), carry in zip(sides, carries, strict=True):
        total = add_row(code, carry, factors, limbs)
        code.store(low_limb(code, total), out, place)
        new_carries.append(code.asrs(total, LIMB_BITS))
    return new_carries


def modulus_times(code: Code, pair: Words, signs: Words, total: Value, inverse: Value) -> Value:
    """How often the modulus is added to a sum, to keep its range and to make it divisible."""
    times = code.adds(code.ands(pair[0], signs[0]), code.ands(pair[1], signs[1]))
    excess = code.adds(code.muls(inverse, low_limb(code, total)), times)
    return code.subs(times, low_limb(code, excess))


def apply_modulo_body(code: Code, pointers: list[Value]) -> None:
    """ws_divstep_apply_modulo."""
    d, e, matrix, modulus = pointers
    u, v, q, r = load_matrix(code, matrix)
    signs = [code.asrs(code.load(limbs, LIMBS - 1), 31) for limbs in (d, e)]
    inverse = code.load(modulus, LIMBS)
    limbs = [code.load(d, 0), code.load(e, 0)]
    first = [row(code, pair, limbs) for pair in ([u, v], [q, r])]
    times = [
        modulus_times(code, pair, signs, total, inverse)
        for pair, total in zip(([u, v], [q, r]), first, strict=True)
    ]
    lowest = code.load(modulus, 0)
    carries = [
        code.asrs(code.adds(total, code.muls(lowest, count)), LIMB_BITS)
        for total, count in zip(first, times, strict=True)
    ]
    sides = ((d, [u, v, times[0]]), (e, [q, r, times[1]]))
    for i in range(1, LIMBS):
        limbs = [code.load(d, i), code.load(e, i), code.load(modulus, i)]
        carries = store_limbs(code, sides, limbs, carries, i - 1)
    for (out, _), carry in zip(sides, carries, strict=True):
        code.store(carry, out, LIMBS - 1)


ROUTINES = {
    "ws_divstep_next": FieldRoutine(3, matrix_body, Policy(0, 15, 0)),
    "ws_divstep_apply": FieldRoutine(3, apply_body, Policy(0, 15, 0)),
    "ws_divstep_apply_modulo": FieldRoutine(4, apply_modulo_body, Policy(4, 30, 0)),
}


def divstep_text() -> str:
    """All functions of ws_inverse.h."""
    return "".join(routine_text(*item) for item in ROUTINES.items())
