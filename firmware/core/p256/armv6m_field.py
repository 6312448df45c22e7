"""Arithmetic modulo p of P-256 for ARMv6-M, as sequences for straight_line.py.

Numbers are 8 words, least first, below p; products are in Montgomery's form with R = 2^256.

Multiplication: half products of 16 bits, then three levels of subtractive Karatsuba, as in
M. Düll, B. Haase, G. Hinterwälder, M. Hutter, C. Paar, A. H. Sánchez, P. Schwabe, "High-speed
Curve25519 on 8-bit, 16-bit, and 32-bit microcontrollers" (Designs, Codes and Cryptography, 2015).
Reduction: P. L. Montgomery, "Modular multiplication without trial division" (1985); p is -1 modulo
2^96, so three words at a time are their own quotient digit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from straight_line import HEADER, Allocator, Code, Policy, Value, function_text

WORDS = 8
Words = list[Value]

NEGATED_PRIME = (1, 0, 0, -1, -1, -1, -2, 0)
"""2^256 - p, word by word, as signed numbers."""


# --- chains of carries --------------------------------------------------------------------------


def add(code: Code, x: Sequence[Value], y: Sequence[Value]) -> Words:
    """x + y; the carry out is left in the carry flag."""
    return [
        code.emit("adcs" if i else "adds", *pair) for i, pair in enumerate(zip(x, y, strict=True))
    ]


def subtract(code: Code, x: Sequence[Value], y: Sequence[Value]) -> Words:
    """x - y; the carry flag is left clear if that is negative."""
    return [
        code.emit("sbcs" if i else "subs", *pair) for i, pair in enumerate(zip(x, y, strict=True))
    ]


def carry_into(code: Code, words: Sequence[Value]) -> Words:
    """words + carry flag."""
    zero = code.constant(0)
    return [code.adcs(word, zero) for word in words]


def carry_word(code: Code) -> Value:
    """The carry flag as a word, 0 or 1."""
    zero = code.constant(0)
    return code.adcs(zero, zero)


# --- products -----------------------------------------------------------------------------------


def multiply_word(code: Code, x: Value, y: Value) -> Words:
    """32 x 32 bits, from four products of halves."""
    x0, x1 = code.uxth(x), code.lsrs(x, 16)
    y0, y1 = code.uxth(y), code.lsrs(y, 16)
    low = code.muls(x0, y0)
    middles = code.muls(x0, y1), code.muls(y0, x1)
    high = code.muls(x1, y1)
    for middle in middles:
        low, high = add(code, [low, high], [code.lsls(middle, 16), code.lsrs(middle, 16)])
    return [low, high]


def square_word(code: Code, x: Value) -> Words:
    """The square of 32 bits, from three products of halves."""
    x0, x1 = code.uxth(x), code.lsrs(x, 16)
    middle = code.muls(x0, x1)
    low, high = code.muls(x0, x0), code.muls(x1, x1)
    return add(code, [low, high], [code.lsls(middle, 17), code.lsrs(middle, 15)])


def distance(code: Code, x: Sequence[Value], y: Sequence[Value]) -> tuple[Words, Value]:
    """|x - y|, and a mask that is all ones if x < y."""
    difference = subtract(code, x, y)
    mask = code.borrow_mask()
    flipped = [code.eors(word, mask) for word in difference]
    return subtract(code, flipped, [mask] * len(flipped)), mask


def distances(code: Code, x: Words, y: Words) -> tuple[tuple[Words, Words], Value]:
    """The factors of Karatsuba's middle product, (x0 - x1) (y1 - y0), and the mask of its sign."""
    half = len(x) // 2
    x_distance, x_mask = distance(code, x[:half], x[half:])
    y_distance, y_mask = distance(code, y[half:], y[:half])
    return (x_distance, y_distance), code.eors(x_mask, y_mask)


def join(code: Code, low: Words, high: Words) -> Words:
    """low + (low + high) B + high B^2 but for its lowest half, which is low's; B a half's size.

    The sum of low's upper and high's lower half is needed twice and added once.
    """
    half = len(low) // 2
    shared = add(code, low[half:], high[:half])
    top = carry_into(code, high[half:])
    second = add(code, shared, low[:half])
    third = [code.adcs(*pair) for pair in zip(shared, top, strict=True)]
    return second + third + carry_into(code, top)


def multiply(code: Code, x: Words, y: Words) -> Words:
    """x times y, twice as many words.

    The order of the parts decides how many values have to wait; it was chosen by trying all.
    """
    if len(x) == 1:
        return multiply_word(code, x[0], y[0])
    half = len(x) // 2
    distances_first = half != WORDS // 4
    if distances_first:
        factors, negative = distances(code, x, y)
    low = multiply(code, x[:half], y[:half])
    upper = join(code, low, multiply(code, x[half:], y[half:]))
    if not distances_first:
        factors, negative = distances(code, x, y)
    middle = multiply(code, *factors)
    flipped = [code.eors(word, negative) for word in middle]
    code.lsrs(negative, 1)  # its lowest bit is the carry: a negated number is its complement + 1
    added = [code.adcs(*pair) for pair in zip(upper, flipped + [negative] * half, strict=True)]
    return low[:half] + added


def square(code: Code, x: Words) -> Words:
    """x times x, twice as many words."""
    if len(x) == 1:
        return square_word(code, x[0])
    half = len(x) // 2
    low = square(code, x[:half])
    middle = square(code, distance(code, x[:half], x[half:])[0])
    upper = join(code, low, square(code, x[half:]))
    zeros = [code.constant(0)] * half
    return low[:half] + subtract(code, upper, middle + zeros)


# --- modulo p -----------------------------------------------------------------------------------


def fold_three(code: Code, digit: Words, carry: Value | None) -> Words:
    """digit (p + 1) / 2^96 + carry 2^160: 8 words for a quotient digit of three.

    (p + 1) / 2^96 = 1 + 2^96 - 2^128 + 2^160. The sum stays below 2^256, because it is below
    (p + 1) (1 - 2^-96) + 2^160.
    """
    shifted = shift_and_subtract(code, digit)
    upper = add(code, [digit[1], digit[2]], shifted[:2]) + carry_into(code, shifted[2:])
    if carry is not None:
        upper = [upper[0], code.adds(upper[1], carry), *carry_into(code, upper[2:])]
    return [*digit, digit[0], *upper]


def fold_two(code: Code, digit: Words, carry: Value) -> Words:
    """digit (p + 1) / 2^64 + carry 2^192 but for its lowest word, which is 0; seven words.

    (p + 1) / 2^64 = 2^32 + 2^128 - 2^160 + 2^192.
    """
    shifted = shift_and_subtract(code, digit)
    upper = [code.adds(digit[1], shifted[0]), *carry_into(code, shifted[1:])]
    upper = [upper[0], code.adds(upper[1], carry), *carry_into(code, upper[2:])]
    return [digit[0], digit[1], code.constant(0), digit[0], *upper]


def shift_and_subtract(code: Code, digit: Words) -> Words:
    """digit 2^32 - digit: a word more than digit has."""
    words = [code.rsbs(digit[0], 0)]
    words += [code.sbcs(*pair) for pair in pairwise(digit)]
    return [*words, code.sbcs(digit[-1], code.constant(0))]


def reduce(code: Code, product: Words) -> Words:
    """product / 2^256 modulo p, below p, for a product below p^2."""
    words = list(product)
    words[3:11] = add(code, words[3:11], fold_three(code, words[:3], None))
    carry = carry_word(code)
    words[6:14] = add(code, words[6:14], fold_three(code, words[3:6], carry))
    carry = carry_word(code)
    words[9:16] = add(code, words[9:16], fold_two(code, words[6:8], carry))
    return subtract_prime_once(code, words[8:], carry_word(code))


def subtract_prime_once(code: Code, words: Words, carry: Value) -> Words:
    """words + carry 2^256, less p unless it is below p; it has to be below 2 p."""
    zero = code.constant(0)
    ones = code.mvns(zero)
    two_less = code.lsls(ones, 1)
    constants = {1: code.constant(1), 0: zero, -1: ones, -2: two_less}
    less = add(code, words, [constants[number] for number in NEGATED_PRIME])
    enough = code.adcs(carry, zero)
    return add_prime(code, less, code.subs(enough, 1))


def add_prime(code: Code, words: Words, mask: Value) -> Words:
    """words + p where mask is all ones, words where it is 0."""
    zero = code.constant(0)
    return add(code, words, [mask, mask, mask, zero, zero, zero, code.lsrs(mask, 31), mask])


# --- the routines -------------------------------------------------------------------------------

Body = Callable[[Code, list[Value]], None]


def operand(code: Code, pointer: Value) -> Words:
    """The 8 words that a pointer names."""
    return [code.word_at(pointer, i) for i in range(WORDS)]


def store(code: Code, words: Words, pointer: Value) -> None:
    """Write words to memory."""
    for i, word in enumerate(words):
        code.store(word, pointer, i)


def product_body(code: Code, pointers: list[Value]) -> None:
    """out[16] = a b, not reduced."""
    out, a, b = pointers
    store(code, multiply(code, operand(code, a), operand(code, b)), out)


def multiply_body(code: Code, pointers: list[Value]) -> None:
    """out = a b / 2^256 modulo p."""
    out, a, b = pointers
    store(code, reduce(code, multiply(code, operand(code, a), operand(code, b))), out)


def square_body(code: Code, pointers: list[Value]) -> None:
    """out = a a / 2^256 modulo p."""
    out, a = pointers
    store(code, reduce(code, square(code, operand(code, a))), out)


def add_body(code: Code, pointers: list[Value]) -> None:
    """out = a + b modulo p."""
    out, a, b = pointers
    words = add(code, operand(code, a), operand(code, b))
    store(code, subtract_prime_once(code, words, carry_word(code)), out)


def subtract_body(code: Code, pointers: list[Value]) -> None:
    """out = a - b modulo p."""
    out, a, b = pointers
    words = subtract(code, operand(code, a), operand(code, b))
    store(code, add_prime(code, words, code.borrow_mask()), out)


def negate_body(code: Code, pointers: list[Value]) -> None:
    """number = p - number where mask is all ones: the complement, plus p + 1."""
    number, mask = pointers
    words = [code.eors(word, mask) for word in operand(code, number)]
    zero, one = code.constant(0), code.lsrs(mask, 31)
    words[3:] = add(code, words[3:], [one, zero, zero, one, mask])
    store(code, words, number)


@dataclass(frozen=True)
class FieldRoutine:
    """A function of ws_field.h: arguments are in r0 and on; policy was found by trying."""

    pointers: int
    body: Body
    policy: Policy


ROUTINES = {
    "ws_words_multiply": FieldRoutine(3, product_body, Policy(0, 80, 4)),
    "ws_field_multiply": FieldRoutine(3, multiply_body, Policy(6, 80, 10)),
    "ws_field_square": FieldRoutine(2, square_body, Policy(6, 80, 12)),
    "ws_field_add": FieldRoutine(3, add_body, Policy(0, 30, 0)),
    "ws_field_subtract": FieldRoutine(3, subtract_body, Policy(0, 15, 0)),
    "ws_field_negate_if": FieldRoutine(2, negate_body, Policy(0, 15, 0)),
}


def routine_text(name: str, routine: FieldRoutine) -> str:
    """One function as assembler text."""
    code = Code()
    pointers = [Value(f"pointer {i}") for i in range(routine.pointers)]
    routine.body(code, pointers)
    arguments = {f"r{i}": pointer for i, pointer in enumerate(pointers)}
    placed = Allocator(code, arguments, routine.policy).run()
    return function_text(name, placed)


def field_text() -> str:
    """All functions of ws_field.h."""
    return HEADER + "".join(routine_text(*item) for item in ROUTINES.items()) + SELECT


# --- look-up ------------------------------------------------------------------------------------


def select_entry() -> str:
    """Take four words of one entry into r4 to r7 under the mask that r12 has come to 0.

    ldmia takes three cycles for two words, where ldr takes four.
    """
    lines = ["mov r3, r12", "subs r3, #1", "mov r12, r3", "sbcs r3, r3"]
    for first, second in ((4, 5), (6, 7)):
        lines += ["ldmia r1!, {r0, r2}", "ands r0, r3", f"orrs r{first}, r0"]
        lines += ["ands r2, r3", f"orrs r{second}, r2"]
    return "".join(f"    {line}\n" for line in [*lines, "adds r1, #48"])


ENTRIES_UNROLLED = 4

SELECT = f"""
@ r0: point, r1: table, r2: index. Four passes over the table, for four words each; the masks come
@ from counting the index down. Both branches are on counters: r1 and lr.
    .section .text.ws_field_select, "ax", %progbits
    .global ws_field_select
    .type ws_field_select, %function
    .thumb_func
ws_field_select:
    push {{r4-r7, lr}}
    mov r4, r8
    mov r5, r9
    mov r6, r10
    push {{r4-r6}}
    mov r8, r0
    mov r9, r2
    movs r3, #4
    mov lr, r3
1:  movs r4, #0
    movs r5, #0
    movs r6, #0
    movs r7, #0
    mov r12, r9
    movs r3, #8
    lsls r3, #8
    adds r3, r1
    mov r10, r3
2:
{select_entry() * ENTRIES_UNROLLED}    cmp r1, r10
    bne 2b
    mov r0, r8
    stmia r0!, {{r4-r7}}
    mov r8, r0
    movs r3, #127
    lsls r3, #4
    subs r1, r3
    mov r3, lr
    subs r3, #1
    mov lr, r3
    bne 1b
    pop {{r4-r6}}
    mov r8, r4
    mov r9, r5
    mov r10, r6
    pop {{r4-r7, pc}}
    .size ws_field_select, . - ws_field_select
"""
