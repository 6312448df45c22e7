"""Knows the ordinary session at a glance, so that the many good ones need no closer look.

A session passes here only if every record keeps to OCMF in its plainest form, all readings are
good, and the records fit one another in every way. For such a session the closer look
(record_checks.py) finds nothing, ever; a test holds the two against each other. Whatever is the
least bit unusual is left to the closer look, so nothing is ever refused here.

The form: begin, then intermediate values, then end, or all in one record, in the order signed;
every reading complete in itself, of one billing register in one unit, with status G, no error
flag and a synchronised clock; signed with ECDSA-secp256r1-SHA256 in hex.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from pyocmf.models import OBIS

from wattseal.cdr.charge_record import SignedValue
from wattseal.cdr.exact_json import QUICK_REFUSALS, load_quickly
from wattseal.cdr.moments import unix_ms
from wattseal.cdr.session import Session, SignedReading, content_of
from wattseal.verify.transaction_parts import END_REASONS
from wattseal.wire.ocmf_tables import (
    CHARGE_POINT_TYPES,
    CURRENT_TYPES,
    IDENTIFICATION_FLAGS,
    IDENTIFICATION_LEVELS,
    IDENTIFICATION_TYPES,
    MAX_IDENTIFICATION_FLAGS,
)

_TEXTS = ("FV", "GI", "GS", "GV", "MV", "MM", "MS", "MF", "ID", "TT", "CF", "CI")
_MEMBERS = frozenset((*_TEXTS, "PG", "IS", "IL", "IF", "IT", "CT", "RD"))
_READING_MEMBERS = frozenset(("TM", "TX", "RV", "RI", "RU", "RT", "EF", "ST"))
_TEXT_OR_NOTHING = frozenset((str, type(None)))
_BETWEEN = frozenset(("C", "S", "T"))

_SECTION = re.compile(
    r'\{"SA":"ECDSA-secp256r1-SHA256",(?:"SE":"hex",)?"SD":"([0-9A-Fa-f]{16,160})"\}'
)
_PAGINATION = re.compile("T([1-9][0-9]{0,17})")
_TIME = re.compile(
    "[12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2},[0-9]{3}[+-][0-9]{4} S"
)
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_ANY_TAG = re.compile("[ -~]*")
_TAGS = {
    **dict.fromkeys(("NONE", "DENIED", "UNDEFINED", "CARD_TXN_NR", "KEY_CODE"), _ANY_TAG),
    **dict.fromkeys(("CENTRAL", "CENTRAL_1", "CENTRAL_2"), _ANY_TAG),
    **dict.fromkeys(("LOCAL", "LOCAL_1", "LOCAL_2"), _ANY_TAG),
    "ISO14443": re.compile("[0-9A-Fa-f]{8}(?:[0-9A-Fa-f]{6})?"),
    "ISO15693": re.compile("[0-9A-Fa-f]{16}"),
    "EMAID": re.compile("[0-9A-Za-z]{14,15}"),
}
"""Formats of table 17; the other types, which hardly anybody uses, need a closer look."""
_MAX_TARIFF_CHARACTERS = 250
_MAX_CONTROLLER_FIRMWARE_CHARACTERS = 25

_Members = dict[str, Any]
_WHATEVER = (*QUICK_REFUSALS, TypeError, LookupError, AttributeError)
"""What code stumbles over that takes everything for a plain record."""


class PlainSession(NamedTuple):
    """A session, the module that it names, and signed bytes and DER signature of each record."""

    session: Session
    gateway_serial: str
    signatures: list[tuple[bytes, bytes]]


def read_plainly(values: Sequence[SignedValue]) -> PlainSession | None:
    """The session of ordinary signed values, not yet verified; None if they need a closer look."""
    try:
        return _read(values)
    except _WHATEVER:
        return None


def _read(values: Sequence[SignedValue]) -> PlainSession:
    taken = [_take_apart(value.text) for value in values]
    payloads = [payload for payload, _signature in taken]
    readings = [reading for payload in payloads for reading in payload.pop("RD")]
    first, number = payloads[0], _number(payloads[0].pop("PG"))
    _require(_has_right_natures([value.nature for value in values]) and _is_plain(first))
    for place, other in enumerate(payloads[1:], 1):
        _require(_number(other.pop("PG")) == number + place)
        _require(other == first and type(other["IS"]) is bool)
    signed = [_signed_reading(reading) for reading in readings]
    _require(_goes_on(readings, signed))
    session = Session(
        begin=signed[0],
        end=signed[-1],
        meter_serial=first["MS"],
        register_code=readings[0]["RI"],
        evse_ids=(first["CI"],) if first.get("CT") == "EVSEID" and first.get("CI") else (),
        context="T",
        paginations=tuple(range(number, number + len(payloads))),
        content=content_of([value.text for value in values]),
    )
    return PlainSession(session, first["GS"], [signature for _payload, signature in taken])


def _require(is_so: bool) -> None:
    if not is_so:
        raise ValueError


def _take_apart(text: str) -> tuple[_Members, tuple[bytes, bytes]]:
    """Payload, signed bytes and signature of a record."""
    header, payload, section = text.split("|")
    signature = _SECTION.fullmatch(section)
    if header != "OCMF" or signature is None or not text.isascii() or "\\" in payload:
        raise ValueError
    message = payload.encode()
    return load_quickly(message), (message, bytes.fromhex(signature[1]))


def _number(pagination: str) -> int:
    page = _PAGINATION.fullmatch(pagination)
    _require(page is not None)
    return int(pagination[1:])


def _has_right_natures(natures: list[str]) -> bool:
    if len(natures) == 1:
        return natures[0] in ("Start", "End")
    is_framed = natures[0] == "Start" and natures[-1] == "End"
    return is_framed and natures.count("Intermediate") == len(natures) - 2


def _is_plain(payload: _Members) -> bool:
    """Whether the members other than PG and RD keep to OCMF's tables 1 and 3 to 6."""
    return (
        payload.keys() <= _MEMBERS
        and _TEXT_OR_NOTHING.issuperset(map(type, map(payload.get, _TEXTS)))
        and bool(payload["GS"] and payload["MS"])
        and type(payload["IS"]) is bool
        and type(payload.get("IF", [])) is list
        and _is_plain_user(payload.get("IL"), payload.get("IT"), *payload.get("IF", ()))
        and _is_plain_tag(payload.get("IT"), payload.get("ID"))
        and (payload["CT"] in CHARGE_POINT_TYPES if "CT" in payload else "CI" not in payload)
        and len(payload.get("TT") or "") <= _MAX_TARIFF_CHARACTERS
        and len(payload.get("CF") or "") <= _MAX_CONTROLLER_FIRMWARE_CHARACTERS
    )


@lru_cache(maxsize=256)
def _is_plain_user(level: object, kind: object, *flags: object) -> bool:
    return (
        level in (None, *IDENTIFICATION_LEVELS)
        and kind in (None, *IDENTIFICATION_TYPES)
        and len(flags) <= MAX_IDENTIFICATION_FLAGS
        and all(flag in IDENTIFICATION_FLAGS for flag in flags)
    )


def _is_plain_tag(kind: object, tag: str | None) -> bool:
    if not tag:
        return True
    form = _TAGS.get(kind) if isinstance(kind, str) else None
    return form is not None and form.fullmatch(tag) is not None


def _signed_reading(reading: _Members) -> SignedReading:
    """A good reading; anything else raises ValueError, or what it stumbles over."""
    time, value, unit = reading["TM"], reading["RV"], reading["RU"]
    exact = Decimal(value) if type(value) is int else value
    if not (
        reading.keys() <= _READING_MEMBERS
        and _is_good(reading["RI"], unit, reading.get("RT"), reading.get("EF", ""), reading["ST"])
        and type(exact) is Decimal
        and _PLAIN_NUMBER.fullmatch(str(exact))
        and _TIME.fullmatch(time)
    ):
        raise ValueError
    at_ms = unix_ms(datetime.fromisoformat(time[:-2]))
    shown = f"{time[:26].replace(',', '.')}:{time[26:28]}"
    return SignedReading(exact, unit, shown, at_ms, True)


@lru_cache(maxsize=256)
def _is_good(register: object, unit: object, current: object, flags: object, state: object) -> bool:
    return (
        isinstance(register, str)
        and OBIS.from_string(register).is_law_relevant
        and unit in ("kWh", "Wh")
        and current in (None, *CURRENT_TYPES)
        and flags in (None, "")
        and state == "G"
    )


def _goes_on(readings: Sequence[_Members], signed: Sequence[SignedReading]) -> bool:
    """From begin to end on one register, never back."""
    reasons = [reading["TX"] for reading in readings]
    if len(reasons) < 2 or reasons[0] != "B" or reasons[-1] not in END_REASONS:
        return False
    if len(reasons) > 2 and not _BETWEEN.issuperset(reasons[1:-1]):
        return False
    register, unit = readings[0]["RI"], signed[0].unit
    for reading in readings[1:]:
        if reading["RI"] != register or reading["RU"] != unit:
            return False
    for before, after in pairwise(signed):
        if after.value < before.value or after.at_ms < before.at_ms:
            return False
    return True
