"""Measured values, as a table for people and as one JSON object for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One value; `beside` is the same thing done with nothing around it, such as by plain SQL."""

    value: float
    unit: str
    beside: float | None = None


def show(figures: dict[str, Figure], *, as_json: bool, beside: str = "plain SQL") -> None:
    """Print them. beside: what the values beside them are."""
    if as_json:
        print(json.dumps({name: asdict(figure) for name, figure in figures.items()}, indent=2))
        return
    table = Table("figure", "value", "unit", beside)
    for column in (table.columns[1], table.columns[3]):
        column.justify = "right"
    for name, figure in figures.items():
        other = "" if figure.beside is None else _number(figure.beside)
        table.add_row(name, _number(figure.value), figure.unit, other)
    Console().print(table)


def _number(value: float) -> str:
    decimals = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{decimals}f}"
