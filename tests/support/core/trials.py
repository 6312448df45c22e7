"""Calls of the assembler's functions with operands worth trying, and what Python says they give."""

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass

from support.core import divsteps
from support.core.curve import P
from support.core.divsteps import NUMBER_BYTES, STEP_BYTES, State
from support.core.jacobian import montgomery
from support.core.operands import BYTES, RADIX, factors, numbers, pack, product_pairs
from support.core.runner import Arguments, Operand, Runner, changed, given, result

ENTRIES, ENTRY_BYTES = 32, 2 * BYTES
INVERSE = pow(RADIX, -1, P)


@dataclass(frozen=True)
class Operation:
    """A function of ws_field.h with two operands, or with one."""

    expected: Callable[[int, int], int]
    bound: int = P
    result_size: int = BYTES
    is_unary: bool = False


OPERATIONS = {
    "ws_words_multiply": Operation(lambda a, b: a * b, RADIX, 2 * BYTES),
    "ws_field_multiply": Operation(lambda a, b: a * b * INVERSE % P),
    "ws_field_square": Operation(lambda a, _: a * a * INVERSE % P, is_unary=True),
    "ws_field_add": Operation(lambda a, b: (a + b) % P),
    "ws_field_subtract": Operation(lambda a, b: (a - b) % P),
}


@dataclass(frozen=True)
class Trial:
    """Calls of a function, and the results that are right."""

    function: str | int
    arguments: Arguments
    count: int
    expected: list[bytes]

    def passes(self, runner: Runner) -> bool:
        """Whether all results are right."""
        return runner.run(self.function, self.arguments, self.count) == self.expected

    def check(self, runner: Runner) -> None:
        """AssertionError with the operands of the first result that is wrong."""
        got = runner.run(self.function, self.arguments, self.count)
        if got == self.expected:
            return
        operands = [a for a in dict.fromkeys(self.arguments) if isinstance(a, Operand)]
        sizes = [operand.size for operand in operands if operand.is_result]
        for i in range(self.count):
            for records, right, size in zip(got, self.expected, sizes, strict=True):
                of_call = slice(i * size, (i + 1) * size)
                assert records[of_call] == right[of_call], self._operands(operands, i)

    def _operands(self, operands: list[Operand], i: int) -> list[str]:
        """What call i was given, as bytes in hexadecimal."""
        return [
            operand.records[i * operand.size : (i + 1) * operand.size].hex()
            for operand in operands
            if operand.records is not None
        ]


def field_trial(name: str, seed: int, count: int) -> Trial:
    """An operation of the field."""
    operation = OPERATIONS[name]
    pairs = product_pairs(seed, operation.bound, count)
    if operation.is_unary:
        pairs = [(a, a) for a in factors(seed, count)]
    columns = [given(pack(column), BYTES) for column in zip(*pairs, strict=True)]
    arguments: Arguments = [result(operation.result_size), *columns]
    expected = pack([operation.expected(*pair) for pair in pairs], operation.result_size)
    return Trial(name, arguments[: 2 + (not operation.is_unary)], count, [expected])


def negate_trial(seed: int, mask: int, count: int) -> Trial:
    """ws_field_negate_if of numbers that are not 0."""
    values = [1 + value for value in numbers(seed, P - 1, count)]
    arguments: Arguments = [changed(pack(values), BYTES), mask]
    expected = pack([P - value if mask else value for value in values])
    return Trial("ws_field_negate_if", arguments, count, [expected])


def point_trial(name: str, seed: int, count: int) -> Trial:
    """ws_point_double or ws_point_add, of which the latter is given any points: equations between
    coordinates hold for what is on no curve, too. Expected are the textbook's formulas.
    """
    coordinates = [numbers(seed + i, P, count) for i in range(5)]
    formula = doubled if name == "ws_point_double" else added
    expected = [formula(*values) for values in zip(*coordinates, strict=True)]
    point, other = (
        b"".join([montgomery(row) for row in zip(*columns, strict=True)])
        for columns in (coordinates[:3], coordinates[3:])
    )
    arguments: Arguments = [changed(point, 3 * BYTES)]
    arguments += [given(other, 2 * BYTES)] if formula is added else []
    return Trial(name, arguments, count, [b"".join(map(montgomery, expected))])


def doubled(x: int, y: int, z: int, *_: int) -> tuple[int, int, int]:
    """The tangent, times powers of z."""
    slope = 3 * (x * x - z**4)
    x_out = slope * slope - 8 * x * y * y
    return x_out, slope * (4 * x * y * y - x_out) - 8 * y**4, 2 * y * z


def added(x: int, y: int, z: int, x2: int, y2: int) -> tuple[int, int, int]:
    """The chord, times powers of z."""
    run, rise = x2 * z * z - x, y2 * z**3 - y
    x_out = rise * rise - run * run * (x + x2 * z * z)
    return x_out, rise * (x * run * run - x_out) - y * run**3, z * run


def select_trial(seed: int, index: int) -> Trial:
    """ws_field_select with a table of any numbers. What the result holds beforehand is junk."""
    table = pack(numbers(seed, RADIX, 2 * ENTRIES))
    point = changed(b"\xa5" * ENTRY_BYTES, ENTRY_BYTES)
    arguments: Arguments = [point, given(table, len(table)), index]
    entry = table[index * ENTRY_BYTES : (index + 1) * ENTRY_BYTES]
    return Trial("ws_field_select", arguments, 1, [entry])


SHA256_START = bytes.fromhex("6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19")
SHA256_BLOCKS = 3


def sha256_trial(seed: int, shift: int) -> Trial:
    """ws_sha256_blocks on a padded message, so that the state behind it is the digest."""
    message = random.Random(seed).randbytes(64 * SHA256_BLOCKS - 9 - seed)
    padding = b"\x80" + bytes(seed) + (8 * len(message)).to_bytes(8)
    state = changed(words_of(SHA256_START), BYTES)
    data = Operand(64 * SHA256_BLOCKS, message + padding, shift=shift)
    expected = words_of(hashlib.sha256(message).digest())
    return Trial("ws_sha256_blocks", [state, data, SHA256_BLOCKS], 1, [expected])


def words_of(digest: bytes) -> bytes:
    """Big-endian words as the machine has them."""
    return b"".join([digest[i : i + 4][::-1] for i in range(0, len(digest), 4)])


# --- division steps -----------------------------------------------------------------------------

JUNK = (0x5A5A5A5A, 1, 2, 3)  # a matrix that is only written


def _all_limbs(values: list[int]) -> bytes:
    return b"".join([divsteps.limbs(value) for value in values])


def _changed(states: list[State], name: str) -> Operand:
    return changed(_all_limbs([getattr(s, name) for s in states]), NUMBER_BYTES)


def _steps(states: list[State]) -> Operand:
    records = b"".join([divsteps.step_bytes(s.zeta_after, s.matrix) for s in states])
    return given(records, STEP_BYTES)


def next_trial(states: list[State]) -> Trial:
    """ws_divstep_next."""
    before = b"".join([divsteps.step_bytes(s.zeta, JUNK) for s in states])
    arguments: Arguments = [changed(before, STEP_BYTES)]
    for name in "fg":
        arguments.append(given(_all_limbs([getattr(s, name) for s in states]), NUMBER_BYTES))
    expected = _steps(states).records
    assert expected is not None
    return Trial("ws_divstep_next", arguments, len(states), [expected])


def apply_trial(states: list[State]) -> Trial:
    """ws_divstep_apply."""
    arguments: Arguments = [_changed(states, "f"), _changed(states, "g"), _steps(states)]
    pairs = [divsteps.apply(s.matrix, s.f, s.g) for s in states]
    expected = [_all_limbs(list(column)) for column in zip(*pairs, strict=True)]
    return Trial("ws_divstep_apply", arguments, len(states), expected)


def apply_modulo_trial(states: list[State]) -> Trial:
    """ws_divstep_apply_modulo."""
    records = b"".join([divsteps.modulus_bytes(s.modulus) for s in states])
    arguments: Arguments = [_changed(states, "d"), _changed(states, "e"), _steps(states)]
    arguments.append(given(records, NUMBER_BYTES + 4))
    pairs = [divsteps.apply_modulo(s.matrix, s.d, s.e, s.modulus) for s in states]
    expected = [_all_limbs(list(column)) for column in zip(*pairs, strict=True)]
    return Trial("ws_divstep_apply_modulo", arguments, len(states), expected)


DIVSTEP_TRIALS = {
    "ws_divstep_next": next_trial,
    "ws_divstep_apply": apply_trial,
    "ws_divstep_apply_modulo": apply_modulo_trial,
}


def divstep_trial(name: str, seed: int, count: int) -> Trial:
    """A loop of the division steps, on states of inversions and on extreme ones."""
    return DIVSTEP_TRIALS[name](divsteps.states(seed, count))
