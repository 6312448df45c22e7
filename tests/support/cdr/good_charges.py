"""Good sessions of many kinds, by name: none of them may be refused, and none is found wanting.

`NOTED` are good too, and have something that somebody should know.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from decimal import Decimal
from functools import partial

from support.cdr.charging import (
    BEGIN_MS,
    EVSE,
    Charge,
    Members,
    charge,
    in_base64,
    in_hex,
    period,
    utc,
)

Make = Callable[[], Charge]


def version_1_4(**changes: object) -> Charge:
    """With the OBIS code of the newer format."""
    return charge(station={"format_version": "1.4"}, **changes)


def in_watt_hours() -> Charge:
    """A meter that counts whole watt hours."""
    made = charge()
    for reading in made.readings:
        reading["RU"], reading["RV"] = "Wh", int(reading["RV"] * 1000)
    return made


def direct_current() -> Charge:
    """Another meter, with its loss compensated."""
    names = {"current_type": "DC", "meter_vendor": "LEM", "meter_model": "DCBM", "gateway_id": "G"}
    made = charge(station={**names, "format_version": "1.4"}, decimals=2, counter=(0, 8_143))
    for reading in made.readings:
        reading["RI"] = "01-00:B1.08.00*FF"
    return made


def written_otherwise(encode: Callable[[str], str], key: Callable[[Charge], str | None]) -> Charge:
    """Signed data and key in the forms that partners send."""
    made = charge()
    made.encode = encode
    text = key(made)
    made.cdr["signed_data"] = {"encoding_method": "OCMF"}
    if text is not None:
        made.cdr["signed_data"]["public_key"] = text
    return made


def own_key(made: Charge) -> str:
    """In hex."""
    return made.signers[0].public.hex


def evse_in_the_cdr(text: str) -> Charge:
    """Another spelling of the same charge point."""
    made = charge()
    made.cdr["cdr_location"]["evse_id"] = text
    return made


def times_in_the_cdr(begin: str, end: str) -> Charge:
    """Other ways to write the same moments, and moments that are near enough."""
    made = charge()
    made.cdr["start_date_time"], made.cdr["end_date_time"] = begin, end
    return made


def billed_energy(signed: tuple[int, int], decimals: int, billed: str) -> Charge:
    """Rounded to the decimals of the CDR."""
    made = charge(counter=signed, decimals=decimals)
    made.cdr["total_energy"] = Decimal(billed)
    return made


def time_billed(**changes: object) -> Charge:
    """A tariff that has a price for the hour."""
    made = charge(**changes)
    made.cdr["total_time_cost"] = {"excl_vat": Decimal("3.00"), "incl_vat": Decimal("3.57")}
    return made


def meter_exchanged_before() -> Charge:
    """The same key was registered twice, first with another meter."""
    made = charge()
    turn_ms = BEGIN_MS - 60_000
    older = period(until_ms=turn_ms, meter_serial="87654321")
    made.keys.put(EVSE, older, period(from_ms=turn_ms))
    return made


def just_registered() -> Charge:
    """The registry's clock is four minutes before the module's."""
    made = charge()
    made.keys.put(EVSE, period(from_ms=BEGIN_MS + 240_000))
    return made


def listed_without_gateway() -> Charge:
    """A source of keys that does not tell the module's serial number."""
    made = charge()
    made.keys.put(EVSE, period(gateway_serial=None))
    return made


def sent_twice_in_one() -> Charge:
    """One record with begin and end, sent as the one and as the other."""
    made = charge(in_one=True)
    made.natures = ["Start", "End"]
    made.spoil_texts.append(lambda texts: texts * 2)
    return made


def small_natures() -> Charge:
    """As some partners write them."""
    made = charge(between=1)
    made.natures = ["start", "INTERMEDIATE", "end"]
    return made


def in_any_order() -> Charge:
    """The values of a CDR have no order of their own."""
    made = charge(between=2)
    made.natures = list(reversed(made.natures))
    made.spoil_texts.append(lambda texts: list(reversed(texts)))
    return made


def with_changes(change: Callable[[Members], object], **plan: object) -> Charge:
    """Every payload changed alike before it is signed."""
    made = charge(**plan)
    for payload in made.payloads:
        change(payload)
    return made


def with_cdr(change: Callable[[Members], object]) -> Charge:
    """The CDR changed."""
    made = charge()
    change(made.cdr)
    return made


PLAIN: dict[str, Make] = {
    "two records": charge,
    "version 1.4": version_1_4,
    "intermediate values": partial(charge, between=3),
    "many intermediate values": partial(charge, between=40),
    "one record": partial(charge, in_one=True),
    "one record of version 1.4": partial(version_1_4, in_one=True),
    "one record with intermediate values": partial(charge, in_one=True, between=4),
    "ended locally": partial(charge, reason="L"),
    "ended remotely": partial(charge, reason="R"),
    "aborted": partial(charge, reason="A"),
    "nothing charged": partial(charge, counter=(5, 5)),
    "first record of a module": partial(charge, page=1),
    "in another zone": partial(charge, utc_offset_min=-570),
    "one decimal": partial(charge, decimals=1, counter=(293, 410)),
    "five decimals": partial(charge, decimals=5, counter=(100_000, 1_252_000)),
    "watt hours": in_watt_hours,
    "direct current": direct_current,
    "nobody assigned": partial(charge, user={}),
    "contract id": partial(charge, user={"id_tag": "DEMSPC12345678X", "id_type": "EMAID"}),
    "phone": partial(charge, user={"id_tag": "+491701234567", "id_type": "PHONE_NUMBER"}),
    "tariff text": partial(charge, user={"id_tag": "A", "id_type": "LOCAL", "tariff_text": "0,49"}),
    "no charge point named": partial(
        charge, station={"charge_point_type": None, "charge_point_id": None}
    ),
    "charge box named": partial(
        charge, station={"charge_point_type": "CBIDC", "charge_point_id": "STEVE_01 1"}
    ),
    "charge point named without its type": lambda: with_changes(lambda one: one.pop("CT")),
    "maker's own members": lambda: with_changes(lambda one: one.update(U="of the maker")),
    "base64": lambda: written_otherwise(in_base64, own_key),
    "hex": lambda: written_otherwise(in_hex, own_key),
    "no key": lambda: written_otherwise(str, lambda _made: None),
    "key in base64": lambda: written_otherwise(
        str, lambda made: base64.b64encode(made.signers[0].public.spki).decode()
    ),
    "key in OCPP's notation": lambda: written_otherwise(
        str, lambda made: f"oca:base16:asn1:{own_key(made)}"
    ),
    "key in OCPP's notation, base64": lambda: written_otherwise(
        str, lambda made: in_base64(f"oca:base16:asn1:{own_key(made)}")
    ),
    "key in small letters": lambda: written_otherwise(str, lambda made: own_key(made).lower()),
    "small natures": small_natures,
    "EVSE-ID without stars": lambda: evse_in_the_cdr("DEABCE1234*5"),
    "EVSE-ID with hyphens": lambda: evse_in_the_cdr("de-abc-e1234-5"),
    "times without a zone": lambda: times_in_the_cdr("2026-11-21T09:00:00", "2026-11-21T10:30:00"),
    "times with fractions": lambda: times_in_the_cdr(
        "2026-11-21T09:00:00.123456Z", "2026-11-21T10:29:59.9Z"
    ),
    "times of another zone": lambda: times_in_the_cdr(
        "2026-11-21T10:00:00+01:00", "2026-11-21T05:30:00-05:00"
    ),
    "times a minute away": lambda: times_in_the_cdr(
        utc(BEGIN_MS - 60_000), utc(BEGIN_MS + 5_460_000)
    ),
    "rounded down": lambda: billed_energy((0, 100_004), 4, "10.000"),
    "rounded up": lambda: billed_energy((0, 100_006), 4, "10.001"),
    "rounded at a tie": lambda: billed_energy((0, 100_005), 4, "10.000"),
    "rounded at a tie, up": lambda: billed_energy((0, 100_005), 4, "10.001"),
    "more decimals than billed": lambda: billed_energy((0, 100_004), 4, "10.0004"),
    "time billed": time_billed,
    "time billed, measured by itself": partial(time_billed, clock="I", end_clock="R"),
    "meter exchanged before": meter_exchanged_before,
    "just registered": just_registered,
    "listed without gateway": listed_without_gateway,
    "sent twice in one": sent_twice_in_one,
    "in any order": in_any_order,
    "credit": lambda: with_cdr(lambda cdr: cdr.update(credit=True, credit_reference_id="CDR-1")),
    "no credit": lambda: with_cdr(lambda cdr: cdr.update(credit=False, credit_reference_id=None)),
}

NOTED: dict[str, tuple[Make, str]] = {
    "power failure": (
        partial(charge, reason="P", end_clock="U", end_flags="t"),
        "time_error_flag",
    ),
    "power failure in one record": (
        partial(charge, reason="P", end_clock="U", end_flags="t", in_one=True),
        "time_error_flag",
    ),
    "informative clock": (partial(charge, clock="I"), "time_not_synchronised"),
    "clock lost": (partial(charge, end_clock="U"), "time_not_synchronised"),
    "key that cannot be read": (
        lambda: written_otherwise(str, lambda _made: "none"),
        "key_unreadable",
    ),
}
