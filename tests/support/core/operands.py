"""Numbers of 256 bits with which arithmetic goes wrong if it does, and their bytes as words."""

import random
from collections.abc import Callable, Sequence

from support.core.curve import N, P

WORDS = 8
BYTES = 4 * WORDS
RADIX = 2**256

WORD_EDGES = (0, 1, 2, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFF0000, 0xFFFFFFFE, 0xFFFFFFFF)
ANCHORS = (0, P, N, 2 * P, 2 * N, RADIX, RADIX - P, RADIX - N, P // 2, N // 2, RADIX % P * 2)


def _near_an_anchor(rng: random.Random) -> int:
    return rng.choice(ANCHORS) + rng.randrange(-3, 4)


def _near_a_power(rng: random.Random) -> int:
    number = (1 << rng.randrange(257)) + rng.randrange(-2, 3)
    return number if rng.randrange(2) else RADIX - number


def _edge_words(rng: random.Random) -> int:
    return from_words([rng.choice(WORD_EDGES) for _ in range(WORDS)])


def _mixed_words(rng: random.Random) -> int:
    return from_words([rng.choice((*WORD_EDGES, rng.getrandbits(32))) for _ in range(WORDS)])


def _sparse(rng: random.Random) -> int:
    number = sum(1 << rng.randrange(256) for _ in range(rng.randrange(1, 5)))
    return number if rng.randrange(2) else RADIX - 1 - number


def _equal_parts(rng: random.Random) -> int:
    """Words that are alike at a distance of 1, 2 or 4, or that differ by one."""
    distance = rng.choice((1, 2, 4))
    part = [rng.choice((*WORD_EDGES, rng.getrandbits(32))) for _ in range(distance)]
    words = part * (WORDS // distance)
    if rng.randrange(2):
        words[rng.randrange(WORDS)] += rng.choice((-1, 1))
    return from_words([word & 0xFFFFFFFF for word in words])


def _any(rng: random.Random) -> int:
    return rng.getrandbits(256)


KINDS: tuple[Callable[[random.Random], int], ...] = (
    _near_an_anchor,
    _near_a_power,
    _edge_words,
    _mixed_words,
    _sparse,
    _equal_parts,
    _any,
)


def from_words(words: Sequence[int]) -> int:
    """The number of these words, the least first."""
    return sum(word << 32 * place for place, word in enumerate(words))


def number(rng: random.Random, bound: int) -> int:
    """A number below a bound that is worth trying."""
    return rng.choice(KINDS)(rng) % bound


def numbers(seed: int, bound: int, count: int) -> list[int]:
    """As many as wanted, always the same for the same seed."""
    rng = random.Random(seed)
    return [number(rng, bound) for _ in range(count)]


def pack(values: Sequence[int], size: int = BYTES) -> bytes:
    """Numbers as the core has them, one behind the other."""
    return b"".join([value.to_bytes(size, "little") for value in values])


def unpack(data: bytes | bytearray, size: int = BYTES) -> list[int]:
    """The numbers of `pack`."""
    return [int.from_bytes(data[i : i + size], "little") for i in range(0, len(data), size)]


def product_pairs(seed: int, modulus: int, count: int) -> list[tuple[int, int]]:
    """Factors below a modulus: any, alike, with a product whose lower half is worth trying, and
    with a reduced product that is.
    """
    rng = random.Random(seed)
    return [_product_pair(rng, modulus, i) for i in range(count)]


def _product_pair(rng: random.Random, modulus: int, place: int) -> tuple[int, int]:
    a = number(rng, modulus)
    match place % 16:
        case 0:
            return a, a
        case 1:
            odd = a | 1
            b = _lower_half(rng, 1) * pow(odd, -1, RADIX) % RADIX
            return (odd, b) if odd < modulus and b < modulus else (a, b % modulus)
        case 2 if a and modulus != RADIX:
            return a, number(rng, modulus) * RADIX * pow(a, -1, modulus) % modulus
        case 3:
            return a, (modulus - a + rng.randrange(-2, 3)) % modulus
    return a, number(rng, modulus)


def _lower_half(rng: random.Random, step: int) -> int:
    """A lower half of a product, 1 modulo step, that is worth trying itself or leads to a quotient
    that is: Montgomery's reduction adds p times -half / p.
    """
    half = number(rng, RADIX // step) * step + 1 if step > 1 else number(rng, RADIX)
    return half if rng.randrange(2) else -half * P % RADIX


def factors(seed: int, count: int) -> list[int]:
    """Numbers below p, among them such whose square has a lower half that is worth trying, and
    such whose reduced square is.
    """
    rng = random.Random(seed)
    return [_factor(rng, place) for place in range(count)]


def _factor(rng: random.Random, place: int) -> int:
    match place % 8:
        case 0:
            return _root_modulo_p(number(rng, P) * RADIX % P)
        case 1:
            return _root_modulo_radix(_lower_half(rng, 8)) % P
    return number(rng, P)


def _root_modulo_p(square: int) -> int:
    """The root of a square modulo p, of its negative if it is none."""
    return pow(square, (P + 1) // 4, P)


def _root_modulo_radix(square: int) -> int:
    """A root modulo 2^256 of a number that is 1 modulo 8, bit by bit from below."""
    root = 1
    for bits in range(3, 256):
        if (root * root - square) >> bits & 1:
            root += 1 << (bits - 1)
    return root
