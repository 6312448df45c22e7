"""Straight-line code as exact equations: every word a polynomial over the words that go in.

A carry or borrow is a symbol of its own, and so is the upper part of a word that is shifted. What
an instruction computes is then exact: a sum is a + b + carry in - 2^32 carry out. So a claim about
a whole routine is an equation between polynomials, true for all operands at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WORD = 2**32
ONES = WORD - 1
Monomial = tuple[str, ...]


class Polynomial:
    """A polynomial with integer coefficients over named symbols."""

    def __init__(self, terms: Mapping[Monomial, int]) -> None:
        self.terms = {monomial: factor for monomial, factor in terms.items() if factor}

    def __add__(self, other: "Polynomial | int") -> "Polynomial":
        terms = dict(self.terms)
        for monomial, factor in polynomial(other).terms.items():
            terms[monomial] = terms.get(monomial, 0) + factor
        return Polynomial(terms)

    def __sub__(self, other: "Polynomial | int") -> "Polynomial":
        return self + polynomial(other) * -1

    def __mul__(self, other: "Polynomial | int") -> "Polynomial":
        terms: dict[Monomial, int] = {}
        for left, left_factor in self.terms.items():
            for right, right_factor in polynomial(other).terms.items():
                monomial = tuple(sorted(left + right))
                terms[monomial] = terms.get(monomial, 0) + left_factor * right_factor
        return Polynomial(terms)

    def with_symbol(self, symbol: str, value: "Polynomial | int") -> "Polynomial":
        """The polynomial with a value in place of a symbol."""
        result = Polynomial({m: f for m, f in self.terms.items() if symbol not in m})
        for monomial, factor in self.terms.items():
            if symbol in monomial:
                rest = list(monomial)
                rest.remove(symbol)
                part = Polynomial({tuple(rest): factor}) * value
                result += part.with_symbol(symbol, value) if symbol in rest else part
        return result

    def limits(self) -> tuple[int, int]:
        """Between which numbers it lies, carries being 0 or 1 and all other symbols words."""
        low = high = self.terms.get((), 0)
        for monomial, factor in self.terms.items():
            end = factor
            for name in monomial:
                end *= 1 if name.startswith("carry") else ONES
            if monomial:
                low, high = low + min(end, 0), high + max(end, 0)
        return low, high

    def constant(self) -> int | None:
        """Its value, if it is a number."""
        return self.terms.get((), 0) if not set(self.terms) - {()} else None

    def modulo(self, modulus: int) -> "Polynomial":
        """Its coefficients modulo a number."""
        return Polynomial({m: f % modulus for m, f in self.terms.items()})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Polynomial) and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(frozenset(self.terms.items()))


def polynomial(value: "Polynomial | int") -> Polynomial:
    """A number as a polynomial."""
    return value if isinstance(value, Polynomial) else Polynomial({(): value})


def symbol(name: str) -> Polynomial:
    """A symbol as a polynomial."""
    return Polynomial({(name,): 1})


def total(words: Sequence[Polynomial]) -> Polynomial:
    """The number of these words, the least first."""
    result = polynomial(0)
    for place, word in enumerate(words):
        result += word * WORD**place
    return result


@dataclass(frozen=True)
class Chain:
    """A chain of sums or differences: the exact number that it computes, the carry out of it."""

    carry: str
    is_sum: bool
    exact: Polynomial
    length: int  # words

    def carry_out(self, exact: Polynomial) -> int | None:
        """The carry, if the limits of the number leave but one."""
        low, high = exact.limits()
        if self.is_sum:  # of words, so not negative
            ends = (max(low, 0) // WORD**self.length, high // WORD**self.length)
        else:
            ends = (int(low >= 0), int(high >= 0))
        return ends[0] if ends[0] == ends[1] else None


class Equations:
    """Executes the instructions of a Code of straight_line.py on polynomials.

    words: what is known of the values that go in. cases: what masks are, 1 for all ones, in the
    order in which they are made; each is an assumption about a borrow, which is put in for its
    symbol. bounds: the largest number that a value can be. A carry out that nobody reads is proved
    to be what it is from the limits of the exact number of its chain, or stays a symbol.
    """

    def __init__(self, words: Mapping[Any, Polynomial], cases: Sequence[int] = ()) -> None:
        self.words = dict(words)
        self.bounds = {value: word.limits()[1] for value, word in words.items()}
        self.assumed: dict[str, Polynomial] = {}
        self.proved: dict[str, int] = {}
        """Carries out that no instruction reads, and what the limits of the chain make them."""
        self._cases = list(cases)
        self._carry: Polynomial | None = None
        self._unread: Chain | None = None
        self._chain: Chain | None = None

    def run(self, instructions: Sequence[Any]) -> None:
        """Execute them in their order."""
        for place, instruction in enumerate(instructions):
            for value in instruction.operands:
                if value.constant is not None:
                    self.words[value] = polynomial(value.constant)
                    self.bounds[value] = value.constant
            handler = getattr(self, f"_{instruction.mnemonic}")
            word, bound = handler(instruction, place)
            self.words[instruction.result] = word
            self.bounds[instruction.result] = min(bound, ONES)
        self._forget_carry()
        assert not self._cases, "fewer masks than cases"

    def value(self, words: Sequence[Any]) -> Polynomial:
        """The number of these values, with all that was assumed or proved put in."""
        return self.put_in(total([self.words[word] for word in words]))

    def put_in(self, result: Polynomial) -> Polynomial:
        """A polynomial with all that was assumed or proved put in."""
        for name, value in reversed(self.assumed.items()):
            result = result.with_symbol(name, value)
        return result

    # --- the carry flag ---

    def _set_carry(self, carry: Polynomial, chain: Chain | None = None) -> None:
        self._forget_carry()
        self._carry, self._unread, self._chain = carry, chain, chain

    def _forget_carry(self) -> None:
        if self._unread is not None:
            value = self._unread.carry_out(self.put_in(self._unread.exact))
            if value is not None:
                self.proved[self._unread.carry] = value
                self.assumed[self._unread.carry] = polynomial(value)
        self._carry = self._unread = self._chain = None

    def _read_carry(self) -> Polynomial:
        assert self._carry is not None, "a carry is read that nobody set"
        self._unread = None
        return self._carry

    def _new_carry(self, place: int, is_sum: bool, exact: Polynomial, reads: bool) -> Polynomial:
        """The symbol of a carry out of the sum or difference of two words, with what came in."""
        carry = symbol(f"carry {place}")
        before = self._chain if reads else None
        length = 1
        if before is not None:
            assert before.is_sum == is_sum
            come_in = symbol(before.carry) - (not is_sum)
            length += before.length
            exact = before.exact + (exact - come_in) * WORD**before.length
        self._set_carry(carry, Chain(f"carry {place}", is_sum, exact, length))
        return carry

    def _operands(self, instruction: Any) -> tuple[list[Polynomial], list[int]]:
        values = instruction.operands
        return [self.words[v] for v in values], [self.bounds[v] for v in values]

    # --- sums and differences ---

    def _adds(self, instruction: Any, place: int) -> Any:
        return self._sum(instruction, place, polynomial(0), reads=False)

    def _adcs(self, instruction: Any, place: int) -> Any:
        return self._sum(instruction, place, self._read_carry(), reads=True)

    def _sum(self, instruction: Any, place: int, carry: Polynomial, reads: bool) -> Any:
        (a, b), bounds = self._operands(instruction)
        exact, bound = a + b + carry, sum(bounds) + carry.limits()[1]
        known = exact.constant()
        if known is not None:
            self._set_carry(polynomial(known // WORD))
            return polynomial(known % WORD), known % WORD
        if bound < WORD:
            self._set_carry(polynomial(0))
            return exact, bound
        return exact - self._new_carry(place, True, exact, reads) * WORD, ONES

    def _subs(self, instruction: Any, place: int) -> Any:
        if instruction.number is not None:
            return self._mask_of_one_less(instruction)
        (a, b), bounds = self._operands(instruction)
        return self._difference(a, b, place, polynomial(1), bounds[0], reads=False)

    def _sbcs(self, instruction: Any, place: int) -> Any:
        (a, b), bounds = self._operands(instruction)
        return self._difference(a, b, place, self._read_carry(), bounds[0], reads=True)

    def _rsbs(self, instruction: Any, place: int) -> Any:
        (a,), _ = self._operands(instruction)
        return self._difference(polynomial(0), a, place, polynomial(1), ONES, reads=False)

    def _difference(
        self, a: Polynomial, b: Polynomial, place: int, carry: Polynomial, most: int, reads: bool
    ) -> Any:
        exact = a - b + carry - 1
        known = exact.constant()
        if known is not None:
            self._set_carry(polynomial(known >= 0))
            return polynomial(known % WORD), known % WORD
        if (b, carry) == (polynomial(0), polynomial(1)):
            self._set_carry(polynomial(1))
            return exact, most
        carry_out = self._new_carry(place, False, exact, reads)
        return exact + (carry_out * -1 + 1) * WORD, ONES

    # --- masks: a case each ---

    def _assume(self, exact: Polynomial, value: int) -> None:
        """Let a sum of carries have a value: 0 if all are 0, otherwise the latest makes it up."""
        names = sorted((m[0] for m in exact.terms if m), key=lambda name: int(name.split()[1]))
        assert all(exact.terms[(name,)] == 1 for name in names)
        if value == exact.terms.get((), 0):
            self.assumed |= dict.fromkeys(names, polynomial(0))
        else:
            self.assumed[names[-1]] = symbol(names[-1]) - exact + value

    def _borrow_mask(self, instruction: Any, place: int) -> Any:
        carry, mask = self._read_carry(), self._cases.pop(0)
        self._assume(carry, 1 - mask)
        self._set_carry(polynomial(1 - mask))
        return polynomial(mask * ONES), mask * ONES

    def _mask_of_one_less(self, instruction: Any) -> Any:
        """x - 1 for an x of 0 or 1."""
        (x,), _ = self._operands(instruction)
        assert instruction.number == 1
        mask = self._cases.pop(0)
        self._assume(x, 1 - mask)
        self._set_carry(polynomial(1 - mask))
        return polynomial(mask * ONES), mask * ONES

    def _eors(self, instruction: Any, place: int) -> Any:
        (a, b), bounds = self._operands(instruction)
        mask, known = b.constant(), a.constant()
        assert mask in (0, ONES), "not the complement of a word"
        if mask == 0:
            return a, bounds[0]
        return polynomial(ONES) - a, ONES if known is None else ONES - known

    def _mvns(self, instruction: Any, place: int) -> Any:
        known = self._operands(instruction)[0][0].constant()
        assert known is not None
        return polynomial(ONES - known), ONES - known

    # --- products and parts of words ---

    def _muls(self, instruction: Any, place: int) -> Any:
        (a, b), bounds = self._operands(instruction)
        assert bounds[0] * bounds[1] < WORD, "a product of more than 32 bits"
        return a * b, bounds[0] * bounds[1]

    def _upper(self, value: Any, shift: int) -> tuple[Polynomial, int]:
        """The bits of a value from `shift` on."""
        known = self.words[value].constant()
        if known is not None:
            return polynomial(known >> shift), known >> shift
        return symbol(f"{value.name} >> {shift}"), self.bounds[value] >> shift

    def _lsrs(self, instruction: Any, place: int) -> Any:
        value, shift = instruction.operands[0], instruction.number
        known = self.words[value].constant()
        if known is None:
            self._forget_carry()
        else:
            self._set_carry(polynomial(known >> (shift - 1) & 1))
        return self._upper(value, shift)

    def _lsls(self, instruction: Any, place: int) -> Any:
        self._forget_carry()
        value, shift = instruction.operands[0], instruction.number
        lost, _ = self._upper(value, 32 - shift)
        return self.words[value] * 2**shift - lost * WORD, ONES

    def _uxth(self, instruction: Any, place: int) -> Any:
        upper, _ = self._upper(instruction.operands[0], 16)
        return self.words[instruction.operands[0]] - upper * 2**16, 2**16 - 1

    def _opaque(self, instruction: Any, place: int) -> Any:
        """A word of a result that is right; see `Result`."""
        self._forget_carry()
        mine = instruction.number
        words = [symbol(f"opaque {mine.place} {i}") for i in range(1, mine.result.size)]
        if mine.index:
            return words[mine.index - 1], ONES
        exact = mine.result.exact([self.words[value] for value in instruction.operands])
        return exact - total(words) * WORD, ONES


@dataclass(frozen=True)
class Result:
    """What a part of the code gives that is proved elsewhere: so many words, of which nothing is
    known here but the number that they are.
    """

    size: int
    exact: Callable[[list[Polynomial]], Polynomial]

    def emit(self, code: Any, operands: Sequence[Any]) -> list[Any]:
        """Put it into a Code in place of the part; its words."""
        place = len(code.instructions)
        return [
            code.emit("opaque", *operands, number=OpaqueWord(self, place, index))
            for index in range(self.size)
        ]


@dataclass(frozen=True)
class OpaqueWord:
    """One word of a Result that stands at `place` in the code."""

    result: Result
    place: int
    index: int
