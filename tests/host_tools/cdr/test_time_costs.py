"""Whether a CDR bills time: by its costs, else by its tariffs, never by a duration alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from support.cdr.charging import Members, charge
from wattseal.cdr import ocpi
from wattseal.cdr.ocpi import bills_time


def cdr(**changes: Any) -> Members:
    return {**charge().members(), **changes}


def tariff(kind: str, price: Any) -> list[Members]:
    return [{"elements": [{"price_components": [{"type": kind, "price": price, "step_size": 1}]}]}]


def periods(**volumes: Any) -> list[Members]:
    return [{"dimensions": [{"type": kind, "volume": value} for kind, value in volumes.items()]}]


def test_a_duration_alone_is_no_bill() -> None:
    assert not bills_time(cdr())
    assert not bills_time(cdr(tariffs=[], charging_periods=periods(TIME=3, PARKING_TIME=2)))


@pytest.mark.parametrize("name", ["total_time_cost", "total_parking_cost"])
@pytest.mark.parametrize("amount", ["excl_vat", "incl_vat", "before_taxes"])
def test_a_cost_that_is_not_zero_is_one(name: str, amount: str) -> None:
    assert bills_time(cdr(**{name: {amount: Decimal("0.01")}}))
    assert bills_time(cdr(**{name: {amount: 3}}))
    assert not bills_time(cdr(**{name: {amount: Decimal("0.00")}}))


@pytest.mark.parametrize("kind", ["TIME", "PARKING_TIME"])
def test_a_price_counts_where_no_cost_is_told(kind: str) -> None:
    told = {"tariffs": tariff(kind, Decimal("2.40")), "charging_periods": periods(**{kind: 1})}
    assert bills_time(cdr(**told))
    assert not bills_time(cdr(**{**told, "tariffs": tariff(kind, Decimal("0.00"))}))
    assert not bills_time(cdr(**{**told, "charging_periods": periods(**{kind: 0})}))
    assert not bills_time(cdr(**{**told, "charging_periods": periods(ENERGY=5)}))


def test_many_prices_do_not_have_the_periods_searched_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    searched: list[str] = []
    monkeypatch.setattr(ocpi, "_has_volume", lambda _cdr, kind: searched.append(kind))
    assert not bills_time(cdr(tariffs=tariff("TIME", 1) * 50 + tariff("PARKING_TIME", 1) * 50))
    assert sorted(searched) == ["PARKING_TIME", "TIME"]


def test_a_cost_of_zero_says_that_the_price_was_not_applied() -> None:
    told = {"tariffs": tariff("TIME", Decimal("2.40")), "charging_periods": periods(TIME=1)}
    assert not bills_time(cdr(**told, total_time_cost={"excl_vat": Decimal("0.00")}))


def test_the_cost_of_parking_says_nothing_of_charging() -> None:
    told = {"tariffs": tariff("TIME", Decimal("2.40")), "charging_periods": periods(TIME=1)}
    assert bills_time(cdr(**told, total_parking_cost={"excl_vat": Decimal("0.00")}))


def test_a_credit_takes_it_back() -> None:
    assert bills_time(cdr(total_time_cost={"excl_vat": Decimal("-3.00")}))


@pytest.mark.parametrize("odd", [None, 17, "3.00", [], {}, [None], [{"elements": 3}], True])
def test_what_is_malformed_counts_as_absent(odd: Any) -> None:
    for name in ("total_time_cost", "total_parking_cost", "tariffs", "charging_periods"):
        assert not bills_time(cdr(**{name: odd}))
    assert not bills_time(cdr(total_time_cost={"excl_vat": odd if odd != 17 else None}))
