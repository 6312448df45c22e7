"""Points as the core has them, and back: coordinates in Montgomery's form."""

from collections.abc import Sequence

from support.core.curve import P, Point
from support.core.operands import BYTES, RADIX, pack, unpack

AFFINE_BYTES, JACOBIAN_BYTES = 2 * BYTES, 3 * BYTES
INVERSE = pow(RADIX, -1, P)


def montgomery(values: Sequence[int]) -> bytes:
    """Field elements as the core has them."""
    return pack([value * RADIX % P for value in values])


def plain(data: bytes) -> list[int]:
    """The field elements of these bytes."""
    return [value * INVERSE % P for value in unpack(data)]


def affine(point: Point) -> bytes:
    """ws_affine; (0, 0) for the point at infinity."""
    return montgomery(point or (0, 0))


def jacobian(point: Point, z: int) -> bytes:
    """ws_jacobian with this z, which is not 0; the point at infinity has 0 whatever is told."""
    if point is None:
        return montgomery((z * z % P, z**3 % P, 0))
    return montgomery((point[0] * z * z % P, point[1] * z**3 % P, z))


def points(data: bytes) -> list[Point]:
    """The points of many ws_jacobian."""
    numbers = plain(data)
    return [_point(*numbers[i : i + 3]) for i in range(0, len(numbers), 3)]


def _point(x: int, y: int, z: int) -> Point:
    if z == 0:
        return None
    inverse = pow(z, -1, P)
    return x * inverse**2 % P, y * inverse**3 % P
