"""A chart of numbers: its width, its scale, its gaps."""

from decimal import Decimal

from wattseal.meter.chart import chart


def numbers(*values: int) -> list[Decimal | None]:
    return [Decimal(value) for value in values]


def test_newest_values_fill_the_width_and_the_highest_the_height() -> None:
    lines = chart(numbers(1, 2, 0, 4, 8), 4, 2, "W")
    assert lines == ["         8 W |   █", "         0 W |▄▁██"]


def test_gap_and_negative_values() -> None:
    lines = chart([Decimal(-4), None, Decimal(4)], 3, 1, "W")
    assert lines == ["         4 W |▁ █"]


def test_nothing_known_yet() -> None:
    assert chart([None, None], 5, 1, "W") == ["         1 W |  "]
