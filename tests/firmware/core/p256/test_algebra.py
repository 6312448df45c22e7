"""The field's straight-line code computes products, squares and sums: proved for all operands.

The instructions on values from which the assembler is made are executed on polynomials over the
words that go in (tests/support/core/polynomials.py). Proved, as equations between polynomials with
integer coefficients:

- multiply of 1, 2, 4 and 8 words gives x y exactly, and square gives x x, if the multiply and
  square of half the size do; so ws_words_multiply is right by induction. Karatsuba's masks are
  taken in both cases each.
- The folds of the reduction give the multiples of p + 1 that they are said to give, and reduce
  gives (product + q p) / 2^256 for a q below 2^256. That is below 2 p for a product below p^2.
- subtract_prime_once takes off p or nothing, by whether the number reaches p; ws_field_add and
  ws_field_subtract are right modulo p; ws_field_negate_if gives p - number.

Each carry that no instruction reads is proved to be 0 (or 1, where a number is taken from a larger
one by its complement), from the limits of the exact number that its chain of instructions computes.

Not proved here, but argued: of a number below 2 p, less p where it reaches p, the rest is below p.
That the assembler computes what the instructions say is test_data_flow.py's; that the division
steps and the code in C are right is only tested, in the other files beside this one.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import armv6m_field as field
import pytest
from straight_line import Code, Value
from support.core.curve import P
from support.core.polynomials import WORD, Equations, Polynomial, Result, polynomial, symbol, total

RADIX = WORD**8


def words(name: str, count: int) -> list[Value]:
    return [Value(f"{name}{i}") for i in range(count)]


def known(values: Sequence[Value]) -> dict[Value, Polynomial]:
    return {value: symbol(value.name) for value in values}


def product(half: int) -> Result:
    """What multiply gives of two numbers of so many words."""
    return Result(2 * half, lambda w: total(w[:half]) * total(w[half:]))


def half_sizes_are_right(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Put what multiply and square have to give in place of what they do within themselves."""
    if size > 1:
        result = product(size // 2)
        monkeypatch.setattr(field, "multiply", lambda code, x, y: result.emit(code, [*x, *y]))
        monkeypatch.setattr(field, "square", lambda code, x: result.emit(code, [*x, *x]))


CASES = {size: 0 if size == 1 else 1 for size in (1, 2, 4, 8)}


@pytest.mark.parametrize("size", CASES)
def test_multiply(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    multiply = field.multiply
    half_sizes_are_right(monkeypatch, size)
    x, y = words("x", size), words("y", size)
    for cases in itertools.product((0, 1), repeat=2 * CASES[size]):
        code = Code()
        out = multiply(code, x, y)
        equations = Equations(known(x + y), cases)
        equations.run(code.instructions)
        assert len(out) == 2 * size
        assert equations.value(out) == equations.value(x) * equations.value(y)


@pytest.mark.parametrize("size", CASES)
def test_square(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    square = field.square
    half_sizes_are_right(monkeypatch, size)
    x = words("x", size)
    for cases in itertools.product((0, 1), repeat=CASES[size]):
        code = Code()
        out = square(code, x)
        equations = Equations(known(x), cases)
        equations.run(code.instructions)
        assert len(out) == 2 * size
        assert equations.value(out) == equations.value(x) * equations.value(x)


# --- reduction ----------------------------------------------------------------------------------

CARRY_IN = Value("carry -1")  # named as the equations name carries: it is 0 or 1
BEYOND_P = P + 1


def three(digit: Polynomial, carry: Polynomial | int) -> Polynomial:
    """What fold_three has to give."""
    return digit * (BEYOND_P // WORD**3) + polynomial(carry) * WORD**5


def two(digit: Polynomial, carry: Polynomial | int) -> Polynomial:
    """What fold_two has to give, with its lowest word, which is 0."""
    return digit * (BEYOND_P // WORD**2) + polynomial(carry) * WORD**6


@pytest.mark.parametrize("carry", [None, CARRY_IN])
def test_fold_three(carry: Value | None) -> None:
    code, digit = Code(), words("d", 3)
    out = field.fold_three(code, digit, carry)
    equations = Equations(known([*digit, CARRY_IN]))
    equations.run(code.instructions)
    carried = symbol(CARRY_IN.name) if carry else 0
    assert len(out) == 8
    assert equations.value(out) == three(equations.value(digit), carried)


def test_fold_two() -> None:
    code, digit = Code(), words("d", 2)
    out = field.fold_two(code, digit, CARRY_IN)
    equations = Equations(known([*digit, CARRY_IN]))
    give_constants(equations, out)
    equations.run(code.instructions)
    assert len(out) == 7
    assert equations.value(out) * WORD == two(equations.value(digit), symbol(CARRY_IN.name))


def give_constants(equations: Equations, values: Sequence[Value]) -> None:
    """Make constants known that no instruction reads."""
    for value in values:
        if value.constant is not None:
            equations.words[value] = polynomial(value.constant)


class Folds:
    """What the folds have to give, in their place; and the digits that they were given."""

    def __init__(self) -> None:
        self.digits: list[list[Any]] = []

    def three(self, code: Code, digit: list[Any], carry: Any) -> list[Any]:
        self.digits.append(digit)
        size = len(digit)
        result = Result(8, lambda w: three(total(w[:size]), w[size] if len(w) > size else 0))
        return result.emit(code, [*digit, *([carry] if carry else [])])

    def two(self, code: Code, digit: list[Any], carry: Any) -> list[Any]:
        self.digits.append(digit)
        # Its lowest word is 0 and left out: WORD is a factor of all the rest.
        result = Result(7, lambda w: exact_quotient(two(total(w[:2]), w[2])))
        return result.emit(code, [*digit, carry])


def exact_quotient(number: Polynomial) -> Polynomial:
    """The number over 2^32."""
    assert all(factor % WORD == 0 for factor in number.terms.values())
    return Polynomial({monomial: factor // WORD for monomial, factor in number.terms.items()})


def test_reduce(monkeypatch: pytest.MonkeyPatch) -> None:
    folds = Folds()
    monkeypatch.setattr(field, "fold_three", folds.three)
    monkeypatch.setattr(field, "fold_two", folds.two)
    monkeypatch.setattr(field, "subtract_prime_once", lambda _, w, carry: [*w, carry])
    code, x = Code(), words("x", 16)
    out = field.reduce(code, x)
    equations = Equations(known(x))
    equations.run(code.instructions)
    quotient = equations.value(list(itertools.chain(*folds.digits)))
    assert [len(digit) for digit in folds.digits] == [3, 3, 2]  # below 2^256 together
    assert equations.value(out) * RADIX == equations.value(x) + quotient * P


@pytest.mark.parametrize("is_below", [0, 1])
def test_subtract_prime_once(is_below: int) -> None:
    """The mask is all ones where x + carry 2^256 - p has a borrow."""
    code, x = Code(), words("x", 8)
    out = field.subtract_prime_once(code, x, CARRY_IN)
    equations = Equations(known([*x, CARRY_IN]), [is_below])
    equations.run(code.instructions)
    whole = equations.put_in(equations.value(x) + symbol(CARRY_IN.name) * RADIX)
    assert equations.value(out) == whole - (0 if is_below else P)


# --- sums ---------------------------------------------------------------------------------------


def test_add(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before p is taken off."""
    monkeypatch.setattr(field, "subtract_prime_once", lambda _, w, carry: [*w, carry])
    monkeypatch.setattr(field, "store", lambda _, w, __: stored.extend(w))
    stored: list[Value] = []
    x, y, equations = of_body(field.add_body, [])
    assert equations.value(stored) == equations.value(x) + equations.value(y)


@pytest.mark.parametrize("is_negative", [0, 1])
def test_subtract(monkeypatch: pytest.MonkeyPatch, is_negative: int) -> None:
    """Modulo 2^256; of operands below p, x - y + p is from 1 to p - 1 where x - y is negative."""
    monkeypatch.setattr(field, "store", lambda _, w, __: stored.extend(w))
    stored: list[Value] = []
    x, y, equations = of_body(field.subtract_body, [is_negative])
    difference = equations.value(x) - equations.value(y) + is_negative * P
    assert (equations.value(stored) - difference).modulo(RADIX) == polynomial(0)


def of_body(body: Any, cases: list[int]) -> tuple[list[Value], list[Value], Equations]:
    """Operands and equations of a routine with two."""
    code, operands = Code(), {name: words(name, 8) for name in ("x", "y")}
    pointers = [Value(name) for name in ("out", "x", "y")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(field, "operand", lambda _, pointer: operands[pointer.name])
        body(code, pointers)
    equations = Equations(known([*operands["x"], *operands["y"]]), cases)
    equations.run(code.instructions)
    return operands["x"], operands["y"], equations


@pytest.mark.parametrize("is_wanted", [0, 1])
def test_negate_if(monkeypatch: pytest.MonkeyPatch, is_wanted: int) -> None:
    """Of a number from 1 to p - 1; modulo 2^256, below which p - number is."""
    number, mask, stored = words("x", 8), Value("mask"), []
    monkeypatch.setattr(field, "operand", lambda _, __: number)
    monkeypatch.setattr(field, "store", lambda _, w, __: stored.extend(w))
    code = Code()
    field.negate_body(code, [Value("number"), mask])
    equations = Equations({**known(number), mask: polynomial(is_wanted * (WORD - 1))})
    equations.run(code.instructions)
    x = equations.value(number)
    expected = x * -1 + P if is_wanted else x
    assert (equations.value(stored) - expected).modulo(RADIX) == polynomial(0)


# --- the proof would fail -----------------------------------------------------------------------


def test_a_carry_left_out_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(field, "carry_into", lambda _, w: list(w))
    with pytest.raises(AssertionError):
        test_multiply(monkeypatch, 2)


def test_a_wrong_multiple_of_the_prime_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(field, "NEGATED_PRIME", (1, 0, 0, -1, -1, -1, -1, 0))
    with pytest.raises(AssertionError):
        test_subtract_prime_once(0)
