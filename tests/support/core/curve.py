"""P-256 by the textbook and by OpenSSL: the reference that the core is measured with."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)

Point = tuple[int, int] | None  # None: the point at infinity


def add(a: Point, b: Point) -> Point:
    """Sum of two points of the curve."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    if a == b:
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def multiply(scalar: int, point: Point) -> Point:
    """The point added to itself scalar times."""
    total: Point = None
    scalar %= N
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


@cache
def times_g(scalar: int) -> Point:
    """A multiple of the generator, computed by OpenSSL (the textbook takes milliseconds)."""
    if scalar % N == 0:
        return None
    numbers = ec.derive_private_key(scalar % N, ec.SECP256R1()).public_key().public_numbers()
    return numbers.x, numbers.y


def lift_x(x: int) -> Point:
    """A point with this x, None if the curve has none."""
    square = (x**3 - 3 * x + B) % P
    y = pow(square, (P + 1) // 4, P)
    return (x, y) if y * y % P == square else None


def encode(point: Point) -> bytes:
    """Uncompressed form, 65 bytes."""
    assert point is not None
    return b"\x04" + point[0].to_bytes(32) + point[1].to_bytes(32)


SPKI_HEADER = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")


def spki(point: Point) -> bytes:
    """SubjectPublicKeyInfo, 91 bytes."""
    return SPKI_HEADER + encode(point)
