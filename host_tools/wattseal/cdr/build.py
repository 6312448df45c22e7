"""Makes the CDRs of OCPI 2.2.1 and 2.3.0 from a session's signed records.

Times and energy come from the signed readings and from nowhere else. The object is that of section
10.3.1; 2.3.0 differs in the form of amounts (`before_taxes` and `taxes`) and in the tariff's
`tax_included`.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from decimal import Decimal
from typing import Any

from wattseal.cdr.build_facts import Facts, Tariff, rfc_3339
from wattseal.cdr.build_limits import ENCODING_METHOD, OCPI, OcpiLimits, check_length
from wattseal.cdr.build_prices import Period, periods_of, rounded, with_tax
from wattseal.cdr.build_session import SessionRecords, Signed
from wattseal.errors import ToolError
from wattseal.evse_id import EvseIdError, read_evse_id

_SECONDS_OF_AN_HOUR = 3600
_NEWEST = "2.3.0"
_NEW_TOKEN = "EMAID"  # noqa: S105 - a type of token, new in 2.3.0


def build_cdr(session: SessionRecords, facts: Facts, form: str, now: datetime) -> dict[str, Any]:
    """A CDR as an object whose numbers are Decimal or int; build_json.py writes it.

    `form` is one of build_limits.OCPI. ToolError `cdr_field_too_long`, `evse_id_missing`,
    `price_missing`, `price_change_unsigned`.
    """
    limits = OCPI[form]
    if facts.token.type == _NEW_TOKEN and limits.version != _NEWEST:
        limit = f"one that OCPI {limits.version} knows"
        raise ToolError("bad_value", field="token.type", limit=limit, found=_NEW_TOKEN)
    periods = periods_of(session, facts.tariff)
    updated = rfc_3339(facts.last_updated or now)
    seconds = Decimal(int((session.end.at - session.begin.at).total_seconds() * 1000)).scaleb(-3)
    cost = _price(sum((one.cost for one in periods), Decimal(0)), facts.tariff, limits)
    cdr = {
        **facts.party.model_dump(),
        "id": facts.id or _id_of(session),
        "start_date_time": rfc_3339(session.begin.at),
        "end_date_time": rfc_3339(session.end.at),
        "session_id": facts.session_id,
        "cdr_token": facts.token.model_dump(),
        "auth_method": facts.auth_method,
        "authorization_reference": facts.authorization_reference,
        "cdr_location": _location(session, facts),
        "meter_id": session.meter_serial,
        "currency": facts.currency,
        "tariffs": [_tariff(one, facts, limits, updated) for one in _priced(periods)],
        "charging_periods": [_period(one, facts.tariff) for one in periods],
        "signed_data": _signed_data(session, limits, form),
        "total_cost": cost,
        "total_energy": session.energy_kwh,
        "total_energy_cost": cost,
        "total_time": rounded(seconds / _SECONDS_OF_AN_HOUR),
        "remark": facts.remark,
        "last_updated": updated,
    }
    return {name: value for name, value in cdr.items() if value is not None}


def _id_of(session: SessionRecords) -> str:
    """Made of the records, so that the same session always gives the same CDR."""
    texts = "\n".join(one.text for one in session.records)
    return hashlib.sha256(texts.encode()).hexdigest()[:36]


def _location(session: SessionRecords, facts: Facts) -> dict[str, Any]:
    evse_id = facts.location.evse_id or session.evse_id
    if evse_id is None:
        raise ToolError("evse_id_missing")
    try:
        evse_id = read_evse_id(evse_id).text
    except EvseIdError as error:
        raise ToolError("bad_value", field="evse_id", limit="an EVSE-ID", found=error) from None
    members = facts.location.model_dump() | {"evse_id": evse_id}
    return {name: value for name, value in members.items() if value is not None}


def _priced(periods: list[Period]) -> list[Period]:
    """One period of each price, in the order of time."""
    return list({one.number: one for one in reversed(periods)}.values())[::-1]


def _tariff_id(period: Period, tariff: Tariff) -> str:
    """A tariff of OCPI has one price for each kind of cost, so each price is a tariff."""
    return tariff.id if len(tariff.prices) == 1 else f"{tariff.id}-{period.number}"


def _tariff(period: Period, facts: Facts, limits: OcpiLimits, updated: str) -> dict[str, Any]:
    component: dict[str, Any] = {"type": "ENERGY", "price": period.price.per_kwh}
    if facts.tariff.tax_percent is not None:
        component["vat"] = facts.tariff.tax_percent
    made: dict[str, Any] = {
        **facts.party.model_dump(),
        "id": _tariff_id(period, facts.tariff),
        "currency": facts.currency,
        "elements": [{"price_components": [component | {"step_size": 1}]}],
        "last_updated": updated,
    }
    if limits.version == _NEWEST:
        made["tax_included"] = "NO"
    if period.price.since is not None:
        made["start_date_time"] = rfc_3339(period.price.since)
    return made


def _period(period: Period, tariff: Tariff) -> dict[str, Any]:
    return {
        "start_date_time": rfc_3339(period.begin),
        "dimensions": [{"type": "ENERGY", "volume": period.energy_kwh}],
        "tariff_id": _tariff_id(period, tariff),
    }


def _price(amount: Decimal, tariff: Tariff, limits: OcpiLimits) -> dict[str, Any]:
    """An amount without tax and, if the tax is known, with it."""
    gross = with_tax(amount, tariff.tax_percent)
    if limits.version != _NEWEST:
        taxed = {} if tariff.tax_percent is None else {"incl_vat": gross}
        return {"excl_vat": amount} | taxed
    if tariff.tax_percent is None:
        return {"before_taxes": amount}
    tax = {
        "name": tariff.tax_name,
        "percentage": tariff.tax_percent,
        "amount": gross - amount,
    }
    return {"before_taxes": amount, "taxes": [tax]}


def _signed_data(session: SessionRecords, limits: OcpiLimits, form: str) -> dict[str, Any]:
    key = base64.b64encode(session.key.spki).decode()
    check_length("signed_data.public_key", key, limits.public_key, form)
    records = _fitting(session, limits, form)
    return {
        "encoding_method": ENCODING_METHOD,
        "public_key": key,
        "signed_values": [_signed_value(one, limits) for one in records],
    }


def _fitting(session: SessionRecords, limits: OcpiLimits, form: str) -> tuple[Signed, ...]:
    """The records; the combined one instead where one of them is too long and it is not."""
    if session.combined and any(len(one.text) > limits.signed_data for one in session.records):
        field = "signed_data of the record with begin and end"
        check_length(field, session.combined.text, limits.signed_data, form)
        return (session.combined,)
    for one in session.records:
        field = f"signed_data of the {one.nature} value"
        check_length(field, one.text, limits.signed_data, form)
    return session.records


def _signed_value(signed: Signed, limits: OcpiLimits) -> dict[str, str]:
    """`plain_data` must be there, and is empty where the payload is longer than it may be."""
    plain = signed.payload_text if len(signed.payload_text) <= limits.plain_data else ""
    return {"nature": signed.nature, "plain_data": plain, "signed_data": signed.text}
