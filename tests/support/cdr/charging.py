"""Charging sessions with the CDRs that bill them: good ones, of which anything can be spoilt.

A payload can be changed before it is signed, a record after, and the CDR at the very end.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from wattseal.common.times import utc_text
from wattseal.ocmf.evse_id import EvseIdError, read_evse_id
from wattseal.ocmf.public_key import KeyPeriod
from wattseal.wire.ocmf_payload import build_payload
from wattseal.wire.reading import Reading

from support.device.signer import Signer, signer

EVSE = "DE*ABC*E1234*5"
OTHER_EVSE = "DE*ABC*E1234*6"
GATEWAY_SERIAL = "WS000017"
METER_SERIAL = "12345678"
BEGIN_MS = 1_795_251_600_000  # 2026-11-21 10:00:00 +01:00
YEAR_MS = 366 * 86_400_000
PAGE = 17

STATION = {
    "format_version": "1.3",
    "gateway_id": "Wattseal WS-1",
    "gateway_serial": GATEWAY_SERIAL,
    "gateway_version": "0.1.0+0123456789abcdef",
    "meter_vendor": "Eastron",
    "meter_model": "SDM630",
    "meter_serial": METER_SERIAL,
    "charge_point_type": "EVSEID",
    "charge_point_id": EVSE,
    "current_type": "AC",
}
USER = {"id_tag": "04A2B1C3", "id_type": "ISO14443", "id_level": "HEARSAY"}

Members = dict[str, Any]


class Keys:
    """A KeySource of what a test says."""

    def __init__(self) -> None:
        self.listed: dict[str, tuple[KeyPeriod, ...]] = {}

    def put(self, evse_id: str, *periods: KeyPeriod) -> None:
        """List a charge point, in place of what was said of it."""
        self.listed[read_evse_id(evse_id).canonical] = periods

    def periods(self, evse_id: str) -> tuple[KeyPeriod, ...] | None:
        """As KeySource."""
        try:
            return self.listed.get(read_evse_id(evse_id).canonical)
        except EvseIdError:
            return None


def period(key: Signer | None = None, **changes: Any) -> KeyPeriod:
    """A key that has been valid for a year, and still is."""
    members: Members = {
        "key": (key or signer()).public,
        "from_ms": BEGIN_MS - YEAR_MS,
        "until_ms": None,
        "was_deactivated": False,
        "gateway_serial": GATEWAY_SERIAL,
        "meter_serial": METER_SERIAL,
        "entry": 7,
        **changes,
    }
    return KeyPeriod(**members)


@dataclass
class Charge:
    """A session on its way to a CDR.

    `payloads`, one for each record, are signed by `signers`; then `spoil_texts` may change the
    records, and `spoil_cdr` the CDR. `encode` is how signed data are written.
    """

    payloads: list[Members]
    natures: list[str]
    cdr: Members
    signers: list[Signer]
    keys: Keys = field(default_factory=Keys)
    encode: Callable[[str], str] = str
    spoil_payload: Callable[[int, str], str] = lambda _number, text: text
    spoil_texts: list[Callable[[list[str]], list[str]]] = field(default_factory=list)
    spoil_cdr: list[Callable[[Members], object]] = field(default_factory=list)
    spoil_json: Callable[[str], str | bytes] = str

    @property
    def readings(self) -> list[Members]:
        """The readings of all records."""
        return [reading for payload in self.payloads for reading in payload["RD"]]

    def texts(self) -> list[str]:
        """The records, signed and spoilt."""
        texts = [
            one.record(self.spoil_payload(number, exact_json(payload)))
            for number, (one, payload) in enumerate(zip(self.signers, self.payloads, strict=True))
        ]
        for spoil in self.spoil_texts:
            texts = spoil(texts)
        return texts

    def members(self) -> Members:
        """The CDR as an object."""
        cdr: Members = json.loads(exact_json(self.cdr), parse_float=Decimal)
        values = [
            {"nature": nature, "plain_data": "", "signed_data": self.encode(text)}
            for nature, text in zip(self.natures, self.texts(), strict=True)
        ]
        cdr["signed_data"]["signed_values"] = values
        for spoil in self.spoil_cdr:
            spoil(cdr)
        return cdr

    def json(self) -> str | bytes:
        """The CDR as it is sent."""
        return self.spoil_json(exact_json(self.members()))


def exact_json(value: Any) -> str:
    """Compact JSON with the digits of each Decimal."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        pairs = (f"{json.dumps(name)}:{exact_json(one)}" for name, one in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(exact_json, value)) + "]"
    return json.dumps(value)


@dataclass
class Plan:
    """What a good session is to be like.

    `counter` are the register's digits at begin and end, `decimals` how many of them are behind
    the point of a kWh. `between` counts the intermediate values, which have records of their own
    unless `in_one` record holds it all.
    """

    counter: tuple[int, int] = (2_935_600, 2_947_125)
    decimals: int = 3
    minutes: int = 90
    reason: str = "E"
    between: int = 0
    in_one: bool = False
    clock: str = "S"
    end_clock: str | None = None
    end_flags: str = ""
    utc_offset_min: int = 60
    station: Members = field(default_factory=dict)
    user: Members = field(default_factory=lambda: dict(USER))
    seed: int = 1
    page: int = PAGE

    def statements(self) -> list[tuple[Reading, Members]]:
        """All readings with what is said of each."""
        steps = self.between + 1
        reasons = ["B", *["C"] * self.between, self.reason]
        clocks = [*[self.clock] * steps, self.end_clock or self.clock]
        flags = [*[""] * steps, self.end_flags]
        first, last = self.counter
        return [
            (
                Reading(first + (last - first) * step // steps, 3 - self.decimals),
                {
                    "unix_ms": BEGIN_MS + self.minutes * 60_000 * step // steps,
                    "utc_offset_min": self.utc_offset_min,
                    "synchronisation": clocks[step],
                    "reason": reasons[step],
                    "error_flags": flags[step],
                },
            )
            for step in range(steps + 1)
        ]

    @property
    def energy_kwh(self) -> Decimal:
        """Exactly, however many decimals the meter has."""
        return Decimal(self.counter[1] - self.counter[0]).scaleb(-self.decimals)


def charge(plan: Plan | None = None, **changes: Any) -> Charge:
    """A good session."""
    plan = plan or Plan(**changes)
    station = {**STATION, **plan.station}
    station = {name: value for name, value in station.items() if value is not None}
    statements = plan.statements()
    groups = [statements] if plan.in_one else [[one] for one in statements]
    payloads = [
        json.loads(build_payload(station, plan.user, plan.page + place, group), parse_float=Decimal)
        for place, group in enumerate(groups)
    ]
    natures = ["Start", *["Intermediate"] * plan.between, "End"]
    key = signer(seed=plan.seed)
    made = Charge(
        payloads=payloads,
        natures=["End"] if plan.in_one else natures,
        cdr=cdr_of(plan, key),
        signers=[key] * len(payloads),
    )
    made.keys.put(EVSE, period(key))
    return made


def cdr_of(plan: Plan, key: Signer) -> Members:
    """The CDR object of OCPI 2.2.1 without its signed values."""
    energy = plan.energy_kwh.quantize(Decimal("0.001"))
    hours = Decimal(plan.minutes) / 60
    price = {"type": "ENERGY", "price": Decimal("0.49"), "vat": Decimal("19.0"), "step_size": 1}
    cost = (energy * Decimal("0.49")).quantize(Decimal("0.01"))
    dimensions = [{"type": "ENERGY", "volume": energy}, {"type": "TIME", "volume": hours}]
    return {
        "country_code": "DE",
        "party_id": "ABC",
        "id": f"CDR-{plan.page:06d}",
        "start_date_time": utc(BEGIN_MS),
        "end_date_time": utc(BEGIN_MS + plan.minutes * 60_000),
        "session_id": f"S-{plan.page:06d}",
        "auth_method": "WHITELIST",
        "cdr_location": {"id": "LOC1", "evse_uid": "3256", "evse_id": EVSE, "connector_id": "1"},
        "currency": "EUR",
        "tariffs": [{"id": "T1", "currency": "EUR", "elements": [{"price_components": [price]}]}],
        "charging_periods": [{"start_date_time": utc(BEGIN_MS), "dimensions": dimensions}],
        "signed_data": {"encoding_method": "OCMF", "public_key": key.public.hex},
        "total_cost": {"excl_vat": cost},
        "total_energy": energy,
        "total_time": hours,
        "last_updated": utc(BEGIN_MS + plan.minutes * 60_000 + 1000),
    }


def utc(unix_ms: int) -> str:
    """RFC 3339 with Z."""
    return utc_text(unix_ms)


def in_base64(text: str) -> str:
    """As OCPP carries it."""
    return base64.b64encode(text.encode()).decode()


def in_hex(text: str) -> str:
    """As some makers carry it."""
    return text.encode().hex()
