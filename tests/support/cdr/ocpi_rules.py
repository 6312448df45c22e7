"""OCPI's CDR object, as an independent reading of the specification: presence, types, lengths.

Sections of 2.2.1: CDR 10.3.1, CdrToken 10.4.5, CdrLocation 10.4.4, ChargingPeriod 10.4.6,
SignedData 10.4.2, SignedValue 10.4.3, Tariff 11.3.1, Price 16.5, DateTime 16.2. What 2.3.0 changed
is told by `_Version`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Check = Callable[[Any], bool]
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z?")


def text(longest: int) -> Check:
    return lambda value: (
        isinstance(value, str) and len(value) <= longest and (not value or value.isprintable())
    )


def one_of(*names: str) -> Check:
    return lambda value: value in names


def number(value: Any) -> bool:
    return type(value) in (int, Decimal)


def time(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 25 and bool(_TIME.fullmatch(value))


def flag(value: Any) -> bool:
    return isinstance(value, bool)


def many(rows: dict[str, tuple[bool, Any]], least: int = 1) -> Check:
    return lambda value: (
        isinstance(value, list)
        and len(value) >= least
        and not [fault for one in value for fault in faults(one, rows)]
    )


def form(rows: dict[str, tuple[bool, Any]]) -> Check:
    return lambda value: isinstance(value, dict) and not list(faults(value, rows))


MUST, MAY = True, False

TOKEN = {
    "country_code": (MUST, text(2)),
    "party_id": (MUST, text(3)),
    "uid": (MUST, text(36)),
    "type": (MUST, one_of("AD_HOC_USER", "APP_USER", "OTHER", "RFID")),
    "contract_id": (MUST, text(36)),
}
PLACE = {
    "id": (MUST, text(36)),
    "name": (MAY, text(255)),
    "address": (MUST, text(45)),
    "city": (MUST, text(45)),
    "postal_code": (MAY, text(10)),
    "state": (MAY, text(20)),
    "country": (MUST, text(3)),
    "coordinates": (MUST, form({"latitude": (MUST, text(10)), "longitude": (MUST, text(11))})),
    "evse_uid": (MUST, text(36)),
    "evse_id": (MUST, text(48)),
    "connector_id": (MUST, text(36)),
    "connector_standard": (MUST, text(100)),
    "connector_format": (MUST, one_of("SOCKET", "CABLE")),
    "connector_power_type": (MUST, text(30)),
}
PRICE_2_2 = {"excl_vat": (MUST, number), "incl_vat": (MAY, number)}
TAX = {
    "name": (MUST, text(100)),
    "account_number": (MAY, text(100)),
    "percentage": (MAY, number),
    "amount": (MUST, number),
}
PRICE_2_3 = {"before_taxes": (MUST, number), "taxes": (MAY, many(TAX, 0))}
COMPONENT = {
    "type": (MUST, one_of("ENERGY", "FLAT", "PARKING_TIME", "TIME")),
    "price": (MUST, number),
    "vat": (MAY, number),
    "step_size": (MUST, lambda value: type(value) is int),
}
TARIFF = {
    "country_code": (MUST, text(2)),
    "party_id": (MUST, text(3)),
    "id": (MUST, text(36)),
    "currency": (MUST, text(3)),
    "elements": (MUST, many({"price_components": (MUST, many(COMPONENT))})),
    "start_date_time": (MAY, time),
    "last_updated": (MUST, time),
}
PERIOD = {
    "start_date_time": (MUST, time),
    "dimensions": (
        MUST,
        many({"type": (MUST, one_of("ENERGY")), "volume": (MUST, number)}),
    ),
    "tariff_id": (MAY, text(36)),
}


@dataclass(frozen=True)
class _Version:
    price: dict[str, tuple[bool, Any]]
    tariff: dict[str, tuple[bool, Any]]
    signed_characters: int = 5000


VERSIONS = {
    "ocpi-2.2": _Version(PRICE_2_2, TARIFF, 512),
    "ocpi-2.2.1": _Version(PRICE_2_2, TARIFF),
    "ocpi-2.3.0": _Version(
        PRICE_2_3, TARIFF | {"tax_included": (MUST, one_of("YES", "NO", "N/A"))}
    ),
}


def cdr_rules(version: str) -> dict[str, tuple[bool, Any]]:
    rules = VERSIONS[version]
    signed_value = {
        "nature": (MUST, text(32)),
        "plain_data": (MUST, text(rules.signed_characters)),  # the erratum of May 2026
        "signed_data": (MUST, text(rules.signed_characters)),
    }
    signed = {
        "encoding_method": (MUST, text(36)),
        "encoding_method_version": (MAY, number),
        "public_key": (MAY, text(512)),
        "signed_values": (MUST, many(signed_value)),
        "url": (MAY, text(512)),
    }
    costs = ("fixed", "energy", "time", "parking", "reservation")
    return {
        "country_code": (MUST, text(2)),
        "party_id": (MUST, text(3)),
        "id": (MUST, text(36)),
        "start_date_time": (MUST, time),
        "end_date_time": (MUST, time),
        "session_id": (MAY, text(36)),
        "cdr_token": (MUST, form(TOKEN)),
        "auth_method": (MUST, one_of("AUTH_REQUEST", "COMMAND", "WHITELIST")),
        "authorization_reference": (MAY, text(36)),
        "cdr_location": (MUST, form(PLACE)),
        "meter_id": (MAY, text(255)),
        "currency": (MUST, text(3)),
        "tariffs": (MAY, many(rules.tariff, 0)),
        "charging_periods": (MUST, many(PERIOD)),
        "signed_data": (MAY, form(signed)),
        "total_cost": (MUST, form(rules.price)),
        **{f"total_{name}_cost": (MAY, form(rules.price)) for name in costs},
        "total_energy": (MUST, number),
        "total_time": (MUST, number),
        "total_parking_time": (MAY, number),
        "remark": (MAY, text(255)),
        "invoice_reference_id": (MAY, text(39)),
        "credit": (MAY, flag),
        "credit_reference_id": (MAY, text(39)),
        "home_charging_compensation": (MAY, flag),
        "last_updated": (MUST, time),
    }


def faults(value: Any, rows: dict[str, tuple[bool, Any]]) -> Iterator[str]:
    """What is missing, of a wrong form, or not of the specification."""
    if not isinstance(value, dict):
        yield "no object"
        return
    for name, (must, check) in rows.items():
        if name not in value:
            if must:
                yield f"{name} is missing"
        elif not check(value[name]):
            yield f"{name} is of a wrong form: {value[name]!r}"
    yield from (f"{name} is unknown" for name in value.keys() - rows.keys())


def cdr_faults(cdr: Any, version: str) -> list[str]:
    """All that speaks against a CDR."""
    return list(faults(cdr, cdr_rules(version)))
