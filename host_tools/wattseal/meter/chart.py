"""A small chart of a series for a terminal: columns of eighths of a character, and its scale."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

_EIGHTHS = " ▁▂▃▄▅▆▇█"


def chart(values: Sequence[Decimal | None], width: int, height: int, unit: str) -> list[str]:
    """Lines of a chart of the newest values, at most `width` of them; a gap where one is None."""
    shown = list(values)[-width:]
    known = [value for value in shown if value is not None]
    low = min([*known, Decimal(0)])
    high = max([*known, low + 1])
    eighths = [_eighths(value, low, high, height) for value in shown]
    rows = []
    for row in reversed(range(height)):
        label = high if row == height - 1 else low if row == 0 else None
        text = "" if label is None else f"{label:.0f} {unit}"
        columns = "".join(_EIGHTHS[min(max(one - 8 * row, 0), 8)] for one in eighths)
        rows.append(f"{text:>12} |{columns}")
    return rows


def _eighths(value: Decimal | None, low: Decimal, high: Decimal, height: int) -> int:
    if value is None:
        return 0
    return max(1, round((value - low) * 8 * height / (high - low)))
