"""Whether a CDR bills time, so that the module's clock has to be good for billing.

Nearly every CDR tells durations (dimensions TIME and PARKING_TIME) without having a price for
them, so a duration alone is no bill. In this order, for charging and for parking apart:

1. `total_time_cost` or `total_parking_cost` is there: time is billed if it is not zero.
2. It is not there: time is billed if a tariff of the CDR has a price for it that is not zero, and
   some charging period has a volume of it.

A CDR with neither costs nor tariffs bills no time. Sources: OCPI 2.2.1 and 2.3.0, CDR object
(section 10.3.1), Tariff object (11.3.1), Price (16.5; 2.3.0: `before_taxes` in place of
`excl_vat`).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

_KINDS = (("total_time_cost", "TIME"), ("total_parking_cost", "PARKING_TIME"))
_AMOUNTS = ("excl_vat", "before_taxes", "incl_vat")


def bills_time(cdr: dict[str, Any]) -> bool:
    """Whether some of the costs follow from a duration; what is malformed counts as absent."""
    without_cost = []
    for cost, kind in _KINDS:
        amounts = _amounts(cdr.get(cost))
        if any(amounts):
            return True
        if not amounts:
            without_cost.append(kind)
    return any(_has_volume(cdr, kind) for kind in _priced(cdr, without_cost))


def _amounts(price: Any) -> list[int | Decimal]:
    if not isinstance(price, dict):
        return []
    return [price[name] for name in _AMOUNTS if _is_number(price.get(name))]


def _has_volume(cdr: dict[str, Any], kind: str) -> bool:
    for period in _objects(cdr.get("charging_periods")):
        for dimension in _objects(period.get("dimensions")):
            if dimension.get("type") == kind and _is_more(dimension.get("volume")):
                return True
    return False


def _priced(cdr: dict[str, Any], kinds: Sequence[str]) -> set[str]:
    """Those of the kinds that a tariff has a price for."""
    return {
        component["type"]
        for tariff in _objects(cdr.get("tariffs"))
        for element in _objects(tariff.get("elements"))
        for component in _objects(element.get("price_components"))
        if component.get("type") in kinds and _is_more(component.get("price"))
    }


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if type(one) is dict] if type(value) is list else []


def _is_number(value: Any) -> bool:
    return type(value) in (int, Decimal)


def _is_more(value: Any) -> bool:
    return _is_number(value) and bool(value)
