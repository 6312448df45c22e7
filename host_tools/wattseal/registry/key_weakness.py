"""Public keys that anybody could sign for, and points that no generator made.

Whoever picks private keys at random meets none of these; a generator that returned a counter, a
constant or an example does. Multiples of the generator are kept by 64 bits of their abscissa,
which the negative of a point shares: 512 KiB, computed when the first key is judged.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from functools import cache

from wattseal.public_key import PublicKey
from wattseal.registry.published_keys import PUBLISHED_KEYS

SMALL_MULTIPLES = 65_536
_RUN = re.compile(rb"(.)\1{7}", re.DOTALL)
"""A run of 8 equal bytes in a coordinate comes up once in some 2**50 keys."""

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_BATCH = 1024

_Point = tuple[int, int]


def weakness(key: PublicKey) -> str | None:
    """What is weak about a key on secp256r1, in words; None if nothing is known."""
    published = PUBLISHED_KEYS.get(key.fingerprint)
    if published:
        return f"it is a published test key ({published})"
    x, y = key.point[1:33], key.point[33:]
    if _RUN.search(x) or _RUN.search(y):
        return "a coordinate of its point repeats one byte"
    if _is_small_multiple(int.from_bytes(x)):
        return f"its private key is a number up to {SMALL_MULTIPLES}, or the negative of one"
    return None


def _is_small_multiple(x: int) -> bool:
    table = _small_multiples()
    wanted = _shortened(x)
    at = bisect_left(table, wanted)
    return at < len(table) and table[at] == wanted


def _shortened(x: int) -> int:
    return x >> 192


@cache
def _small_multiples() -> array[int]:
    """The abscissas of 1 G to SMALL_MULTIPLES G, shortened and sorted."""
    points = [_G, _doubled(_G)]
    while len(points) < _BATCH:
        points.append(_sums([points[-1]], _G)[0])
    step, batch = points[-1], points
    shortened = [_shortened(x) for x, _y in batch]
    while len(shortened) < SMALL_MULTIPLES:
        batch = _next_batch(batch, step)
        shortened += [_shortened(x) for x, _y in batch]
    return array("Q", sorted(shortened))


def _next_batch(batch: list[_Point], step: _Point) -> list[_Point]:
    """Each point and `step` added; only in the first batch the last of them is `step` itself."""
    if batch[-1] == step:
        return [*_sums(batch[:-1], step), _doubled(step)]
    return _sums(batch, step)


def _doubled(point: _Point) -> _Point:
    x, y = point
    slope = (3 * x * x - 3) * pow(2 * y, -1, _P) % _P
    return _third(slope, point, x)


def _sums(points: list[_Point], other: _Point) -> list[_Point]:
    """Each point added to the other one, with a single inversion (Montgomery's trick)."""
    differences = [(other[0] - x) % _P for x, _y in points]
    products = [1]
    for difference in differences:
        products.append(products[-1] * difference % _P)
    inverse = pow(products[-1], -1, _P)
    sums: list[_Point] = []
    for at in range(len(points) - 1, -1, -1):
        slope = (other[1] - points[at][1]) * inverse * products[at] % _P
        inverse = inverse * differences[at] % _P
        sums.append(_third(slope, points[at], other[0]))
    sums.reverse()
    return sums


def _third(slope: int, point: _Point, other_x: int) -> _Point:
    """The sum of two points on a line of that slope."""
    x = (slope * slope - point[0] - other_x) % _P
    return x, (slope * (point[0] - x) - point[1]) % _P
