"""What a session costs: price times signed kWh, and nothing that was not signed.

Either the driver's own prices are given, and cut at the session's signed readings as those of a CDR
are (build_prices.py); or the prices of the CDR count, period by period, where every period begins
and ends at a signed reading.

Rounding: the amount of each price has four decimals, half up. Tax is added to their sum, and the
session's amount has the two decimals of the currency, half up. A total is the sum of the sessions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from itertools import accumulate
from typing import Any

from wattseal.cdr.build_facts import Tariff
from wattseal.cdr.build_prices import periods_of, rounded, with_tax
from wattseal.cdr.build_session import SessionRecords
from wattseal.cdr.charge_record import Cdr
from wattseal.errors import ToolError

CENT = Decimal("0.01")
_EXACT = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Line:
    """Energy at one price, without tax."""

    energy_kwh: Decimal
    per_kwh: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class Cost:
    """What a session costs; `tax_percent` None: no tax is told, and none is added."""

    lines: tuple[Line, ...]
    tax_percent: Decimal | None
    currency: str

    @property
    def net(self) -> Decimal:
        """Without tax, four decimals."""
        return sum((one.net for one in self.lines), Decimal(0))

    @property
    def gross(self) -> Decimal:
        """What is to be paid, two decimals."""
        total = with_tax(self.net, self.tax_percent)
        return total.quantize(CENT, ROUND_HALF_UP, _EXACT)


def rate(
    cdr: Cdr, members: dict[str, Any], session: SessionRecords | None, tariff: Tariff | None
) -> Cost:
    """The cost of a billable session; `session` is None where nothing had to be signed.

    ToolError `tariff_missing`, `price_missing`, `price_change_unsigned`.
    """
    currency = members.get("currency")
    if not isinstance(currency, str):
        raise _missing(cdr)
    if tariff is None:
        return _by_cdr(cdr, members, session, currency)
    if session is None:
        if len(tariff.prices) > 1:
            raise _missing(cdr)
        lines: tuple[Line, ...] = (_line(cdr.energy_kwh, tariff.prices[0].per_kwh),)
    else:
        periods = periods_of(session, tariff)
        lines = tuple(_line(one.energy_kwh, one.price.per_kwh) for one in periods)
    return Cost(lines, tariff.tax_percent, currency)


def _by_cdr(
    cdr: Cdr, members: dict[str, Any], session: SessionRecords | None, currency: str
) -> Cost:
    """By the CDR's own tariffs. One price is applied to the signed energy itself."""
    prices = dict(_prices(members.get("tariffs")))
    volumes = list(_volumes(members.get("charging_periods")))
    used = {name for name, _volume in volumes}
    if not used or not used <= prices.keys() or len({prices[name][1] for name in used}) > 1:
        raise _missing(cdr)
    tax_percent = prices[volumes[0][0]][1]
    if len({prices[name][0] for name in used}) == 1:
        energy_kwh = session.energy_kwh if session else cdr.energy_kwh
        lines = [_line(energy_kwh, prices[volumes[0][0]][0])]
    else:
        _check_cuts(cdr, [volume for _name, volume in volumes], session)
        lines = [_line(volume, prices[name][0]) for name, volume in volumes]
    return Cost(tuple(lines), tax_percent, currency)


def _check_cuts(cdr: Cdr, volumes: list[Decimal], session: SessionRecords | None) -> None:
    """Every period has to end at a signed reading: no amount rests on an estimate."""
    if session is None:
        raise _missing(cdr)
    start = session.begin.register_kwh
    signed = {one.register_kwh - start for one in (*session.between, session.end)}
    sums = list(accumulate(volumes))
    if not set(sums) <= signed or sums[-1] != session.energy_kwh:
        raise _missing(cdr)


def _line(energy_kwh: Decimal, per_kwh: Decimal) -> Line:
    return Line(energy_kwh, per_kwh, rounded(_EXACT.multiply(energy_kwh, per_kwh)))


def _prices(tariffs: Any) -> Iterator[tuple[str, tuple[Decimal, Decimal | None]]]:
    """Price and tax of each tariff that has one price per kWh and charges nothing else."""
    for tariff in _objects(tariffs):
        elements = list(_objects(tariff.get("elements")))
        if len(elements) != 1 or elements[0].get("restrictions") or tariff.get("min_price"):
            continue
        components = list(_objects(elements[0].get("price_components")))
        if len(components) == 1 and components[0].get("type") == "ENERGY":
            price, vat = _number(components[0].get("price")), _number(components[0].get("vat"))
            if price is not None and isinstance(tariff.get("id"), str):
                if tariff.get("tax_included") == "YES":
                    vat = None
                yield tariff["id"], (price, vat)


def _volumes(periods: Any) -> Iterator[tuple[str, Decimal]]:
    """Tariff and energy of each period."""
    for period in _objects(periods):
        for dimension in _objects(period.get("dimensions")):
            volume = _number(dimension.get("volume"))
            if dimension.get("type") == "ENERGY" and volume is not None:
                yield str(period.get("tariff_id")), volume


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    is_short = isinstance(exponent, int) and abs(exponent) < 30 and abs(number) < 10**12
    return number if is_short else None


def _missing(cdr: Cdr) -> ToolError:
    return ToolError("tariff_missing", cdr=cdr.name)
