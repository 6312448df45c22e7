"""Doublings and additions of points against the textbook, and where the formulas break."""

import random
from collections.abc import Callable

import pytest
from support.core import curve
from support.core.curve import G, N, P, Point
from support.core.jacobian import AFFINE_BYTES, JACOBIAN_BYTES, affine, jacobian, points
from support.core.operands import number
from support.core.runner import Runner, changed, given, result

Amount = Callable[[int, int], int]


def some_points(seed: int, count: int) -> list[Point]:
    """Multiples of G, small and large ones and such with small or large x."""
    rng = random.Random(seed)
    made: list[Point] = [G, curve.times_g(N - 1), curve.times_g(2), curve.times_g((N + 1) // 2)]
    small = (point for x in range(1000) if (point := curve.lift_x(x)))
    large = (point for x in range(P - 1000, P) if (point := curve.lift_x(x)))
    while len(made) < count:
        made.append(curve.times_g(number(rng, N - 1) + 1))
        made.append(rng.choice([next(small, G), next(large, G)]))
    return made[:count]


def some_zs(seed: int, count: int) -> list[int]:
    rng = random.Random(seed)
    return [number(rng, P - 1) + 1 for _ in range(count)]


def doubled(runner: Runner, operands: list[bytes]) -> list[Point]:
    point = changed(b"".join(operands), JACOBIAN_BYTES)
    return points(runner.run("ws_point_double", [point], len(operands))[0])


def added(runner: Runner, name: str, operands: list[bytes], others: list[Point]) -> list[Point]:
    point = changed(b"".join(operands), JACOBIAN_BYTES)
    other = given(b"".join(map(affine, others)), AFFINE_BYTES)
    return points(runner.run(name, [point, other], len(operands))[0])


def negative(point: Point) -> Point:
    return None if point is None else (point[0], P - point[1])


def test_double(core_runner: Runner, amount: Amount) -> None:
    count = amount(1_000, 20_000)
    operands = some_points(1, count)
    got = doubled(core_runner, list(map(jacobian, operands, some_zs(2, count))))
    assert got == [curve.add(point, point) for point in operands]


def test_double_of_the_point_at_infinity(core_runner: Runner) -> None:
    assert doubled(core_runner, [jacobian(None, z) for z in some_zs(3, 100)]) == [None] * 100


@pytest.mark.parametrize("name", ["ws_point_add", "ws_point_add_complete"])
def test_add(name: str, core_runner: Runner, amount: Amount) -> None:
    count = amount(1_000, 20_000)
    left, right = some_points(4, count), some_points(5, count + 10)[10:]
    pairs = [(a, b) for a, b in zip(left, right, strict=True) if a != b and a != negative(b)]
    zs = some_zs(6, len(pairs))
    got = added(
        core_runner,
        name,
        [jacobian(a, z) for (a, _), z in zip(pairs, zs, strict=True)],
        [b for _, b in pairs],
    )
    assert got == [curve.add(*pair) for pair in pairs]
    assert len(pairs) > count // 2


@pytest.mark.parametrize("name", ["ws_point_add", "ws_point_add_complete"])
def test_add_where_the_formulas_break(name: str, core_runner: Runner) -> None:
    """The same point, its negative, the point at infinity: z = 0, or the sum if it is complete."""
    others = some_points(7, 200)
    zs = some_zs(8, 200)
    for what in (lambda point: point, negative, lambda _: None):
        lefts = [what(point) for point in others]
        got = added(core_runner, name, list(map(jacobian, lefts, zs)), others)
        sums = list(map(curve.add, lefts, others))
        assert got == (sums if name == "ws_point_add_complete" else [None] * len(others))


def test_to_affine(core_runner: Runner) -> None:
    operands = [*some_points(9, 200), None]
    records = b"".join(map(jacobian, operands, some_zs(10, 201)))
    arguments = [result(AFFINE_BYTES), given(records, JACOBIAN_BYTES)]
    got = core_runner.run("ws_point_to_affine", arguments, len(operands))[0]
    assert got == b"".join(map(affine, operands))


def test_on_curve(core_runner: Runner) -> None:
    on = some_points(12, 300)
    rng = random.Random(13)
    off = [(x, y ^ 1 << rng.randrange(255)) for x, y in filter(None, on)]
    off = [(x, y) for x, y in off if y < P]
    off += [(0, 0), (1, 0), (0, 1), (P - 1, P - 1)]
    for operands, expected in ((on, 1), (off, 0)):
        point = given(b"".join(map(affine, operands)), AFFINE_BYTES)
        core_runner.run("ws_point_on_curve", [point], len(operands))
        assert core_runner.returned == [expected] * len(operands)
