"""What the signed energy costs: periods of one price each, cut at signed readings only.

A price that changes during a session can be billed where the module signed an intermediate reading
at the change; anything else would be an estimate. Amounts have four decimals, OCPI's precision,
rounded half up once for the period; a total is the sum of its periods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal

from wattseal.cdr.build_facts import Price, Tariff, rfc_3339
from wattseal.cdr.build_session import Moment, SessionRecords
from wattseal.errors import ToolError

TOLERANCE = timedelta(seconds=60)
"""How far a signed reading may be from the change of the price that it stands for."""

PRECISION = Decimal("0.0001")
_EXACT = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Period:
    """Energy at one price. `number` is that of the price in the tariff, from 1."""

    begin: datetime
    energy_kwh: Decimal
    price: Price
    number: int

    @property
    def cost(self) -> Decimal:
        """Without tax."""
        return rounded(_EXACT.multiply(self.energy_kwh, self.price.per_kwh))


def rounded(amount: Decimal) -> Decimal:
    """Four decimals, half up."""
    return amount.quantize(PRECISION, ROUND_HALF_UP, _EXACT)


def with_tax(amount: Decimal, percent: Decimal | None) -> Decimal:
    """The amount with the tax added."""
    if percent is None:
        return amount
    return amount + rounded(_EXACT.multiply(amount, percent.scaleb(-2)))


def periods_of(session: SessionRecords, tariff: Tariff) -> list[Period]:
    """The session cut at the changes of price. ToolError `price_missing`, `price_change_unsigned`.

    A price counts from the signed reading that is nearest to its change: from begin, where that is
    the begin; not at all, where that is the end.
    """
    first = tariff.prices[0]
    if first.since and first.since > session.begin.at + TOLERANCE:
        raise ToolError("price_missing", at=rfc_3339(session.begin.at), tariff=tariff.id)
    cuts = [(session.begin, _valid_at(tariff.prices, session.begin.at))]
    for at in range(cuts[0][1] + 1, len(tariff.prices)):
        change = tariff.prices[at].since
        if change is None or change >= session.end.at:
            break
        moment = _reading_at(change, session)
        if moment is session.end:
            break
        if moment is cuts[-1][0]:
            cuts.pop()
        cuts.append((moment, at))
    ends = [moment for moment, _ in cuts[1:]] + [session.end]
    return [
        Period(moment.at, end.register_kwh - moment.register_kwh, tariff.prices[at], at + 1)
        for (moment, at), end in zip(cuts, ends, strict=True)
    ]


def _valid_at(prices: Sequence[Price], moment: datetime) -> int:
    return max(at for at, one in enumerate(prices) if at == 0 or (one.since or moment) <= moment)


def _reading_at(change: datetime, session: SessionRecords) -> Moment:
    """The signed reading that is nearest to a change of price."""
    readings = (session.begin, *session.between, session.end)
    nearest = min(readings, key=lambda one: abs(one.at - change))
    if abs(nearest.at - change) > TOLERANCE:
        raise ToolError(
            "price_change_unsigned",
            at=rfc_3339(change),
            nearest=f"the nearest is of {rfc_3339(nearest.at)}",
            seconds=int(TOLERANCE.total_seconds()),
        )
    return nearest
