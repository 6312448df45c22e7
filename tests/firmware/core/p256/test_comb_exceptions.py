"""How many numbers meet an exceptional case of the comb's incomplete additions: counted.

The comb adds points whose multiples of the generator are signed sums of powers of two, each place
once. An addition goes wrong if the sum so far is the point at infinity, or if it is the added
point or its negative: if a sum over the places taken, every digit 1 or -1, is a multiple of n.
Such a sum is never 0 (its lowest term alone has its power of two), and for each multiple of n the
digits are determined: they are the bits of (multiple + sum of all places) / 2, if those lie on the
places. So all cases can be listed. Source: the layout in firmware/core/p256/ws_comb.h.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from support.core.curve import N


@dataclass(frozen=True)
class Comb:
    """A comb for a group of `order`; ws_comb.h tells what the rest means."""

    teeth: int
    blocks: int
    columns: int
    distance: int
    order: int

    @property
    def digits(self) -> int:
        """Places of a number."""
        return self.teeth * self.distance

    def places(self, column: int, block: int) -> int:
        """The places that one addition brings, as bits of a number."""
        place = self.columns * block + column
        if place >= self.distance:
            return 0
        return sum(1 << (self.distance * tooth + place) for tooth in range(self.teeth))

    def additions(self) -> Iterator[tuple[int, int, int]]:
        """(places before, places added, doublings still to come) of each addition, in order."""
        taken = 0
        for column in reversed(range(self.columns)):
            for block in range(self.blocks):
                added = self.places(column, block)
                if taken and added:
                    yield taken, added, column
                taken |= added

    def multiples_reached(self, taken: int, shift: int) -> int:
        """How many choices of digits on these places, shifted down, are multiples of the order."""
        most = taken >> shift
        found = 0
        for factor in range(-(most // self.order), most // self.order + 1):
            twice = factor * self.order + most
            found += twice % 2 == 0 and (twice // 2) & ~most == 0
        return found

    def exceptional_numbers(self) -> int:
        """The most numbers for which some addition is exceptional; digits not taken are free.

        Both signs of the added point have the same places.
        """
        total = 0
        for taken, added, shift in self.additions():
            before, after = taken.bit_count(), (taken | added).bit_count()
            total += 2 * self.multiples_reached(taken | added, shift) << (self.digits - after)
            total += self.multiples_reached(taken, shift) << (self.digits - before)
        return total


P256 = Comb(teeth=6, blocks=4, columns=11, distance=43, order=N)
SMALL = Comb(teeth=2, blocks=2, columns=3, distance=5, order=13)


def sum_of(digits: tuple[int, ...], taken: int, shift: int) -> int:
    """The signed sum of the places taken, shifted down."""
    return sum(digit << place for place, digit in enumerate(digits) if taken >> place & 1) >> shift


def test_every_place_is_taken_once() -> None:
    last_taken, last_added, _ = list(P256.additions())[-1]
    assert last_taken & last_added == 0
    assert last_taken | last_added == (1 << P256.digits) - 1


def test_counting_agrees_with_trying_all_numbers_of_a_small_comb() -> None:
    cases = 0
    for digits in itertools.product((-1, 1), repeat=SMALL.digits):
        for taken, added, shift in SMALL.additions():
            before, step = sum_of(digits, taken, shift), sum_of(digits, added, shift)
            cases += (before + step) % SMALL.order == 0
            cases += (before - step) % SMALL.order == 0
            cases += before % SMALL.order == 0
    assert cases == SMALL.exceptional_numbers() > 0


def test_of_all_2_to_the_256_nonces_at_most_eight_are_exceptional() -> None:
    assert P256.exceptional_numbers() == 8
