"""Measured values, as a table for people and as one JSON object for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One value; `beside` is the same thing done by plain SQL on the same database."""

    value: float
    unit: str
    beside: float | None = None


def show(figures: dict[str, Figure], *, as_json: bool) -> None:
    """Print them."""
    if as_json:
        print(json.dumps({name: asdict(figure) for name, figure in figures.items()}, indent=2))
        return
    table = Table("figure", "value", "unit", "plain SQL")
    for column in (table.columns[1], table.columns[3]):
        column.justify = "right"
    for name, figure in figures.items():
        beside = "" if figure.beside is None else _number(figure.beside)
        table.add_row(name, _number(figure.value), figure.unit, beside)
    Console().print(table)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"
