"""The fast path: verifies a session that passes every check, without making each check.

A session passes here only if every record keeps to OCMF in its plainest form, all readings are
good, and the records fit one another in every way. For such a session the full checks (records.py)
find nothing, ever; a test compares the two. Whatever is the least bit unusual is left to the full
checks, so nothing is ever refused here.

The form: begin, then intermediate values, then end, or all in one record, in the order signed;
every reading complete in itself, its members in the order of OCMF's table 7, of one billing
register in one unit, with status G, no error flag and a synchronised clock; the readings last in
each record, and all before them the same but for the pagination; signed with
ECDSA-secp256r1-SHA256 in hex. So only the first record's members have to be read as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from wattseal.cdr.ocpi import SignedData, SignedValue
from wattseal.cdr.records import Session, SignedReading, content_of
from wattseal.cdr.signers import is_plainly
from wattseal.common.exact_json import QUICK_REFUSALS, quick_reader
from wattseal.common.times import unix_ms
from wattseal.ocmf.plain_models import ID_FORMATS, VERSIONS
from wattseal.ocmf.public_key import DEFAULT_ALGORITHM, KeyPeriod, PublicKey
from wattseal.ocmf.record import HEADER
from wattseal.ocmf.transaction import (
    END_REASONS,
    ENERGY_UNITS,
    GOOD,
    is_beyond_power,
    is_billing_register,
    page_of,
)
from wattseal.wire.ocmf_tables import (
    CHARGE_POINT_TYPES,
    CURRENT_TYPES,
    IDENTIFICATION_FLAGS,
    IDENTIFICATION_LEVELS,
    IDENTIFICATION_TYPES,
    MAX_IDENTIFICATION_FLAGS,
    TRANSACTION_REASONS,
)

_HEAD_END = ',"RD":['
_READINGS_END = "]}"

_VERSIONS = frozenset((UNSET, *VERSIONS))
_BETWEEN = frozenset(TRANSACTION_REASONS) - {"B", "X"} - END_REASONS

_SECTION = re.compile(
    rf'\{{"SA":"{DEFAULT_ALGORITHM}",(?:"SE":"hex",)?"SD":"([0-9A-Fa-f]{{16,160}})"\}}'
)
_READING = re.compile(
    '"TM":"([12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2},[0-9]{3}[+-][0-9]{4}) S",'
    r'"TX":"([A-Z])","RV":((?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?),'
    f'"RI":"([0-9A-Za-z:.*-]+)","RU":"({"|".join(ENERGY_UNITS)})",'
    f'(?:"RT":"(?:{"|".join(CURRENT_TYPES)})",)?(?:"EF":"",)?"ST":"{GOOD}"'
)
_ANY_TAG = re.compile("[ -~]*")
_TAGS = {
    **{kind.value: form for kind, form in ID_FORMATS.items()},
    **dict.fromkeys(("EVCCID", "EVCOID", "ISO7812", "PHONE_NUMBER"), re.compile("(?!)")),
}
"""Formats of table 17. Of the other types any text is good; but the last four, which hardly anybody
uses, need a closer look."""
_CURVE = DEFAULT_ALGORITHM.split("-")[1]
_Text = str | UnsetType | None
_From = TypeVar("_From")
_To = TypeVar("_To")
PARSE_ERRORS = (*QUICK_REFUSALS, TypeError, LookupError, AttributeError)
"""What the code raises for text that is no plain record."""


class _Head(Struct, frozen=True, forbid_unknown_fields=True):
    """The members before RD, by OCMF's names and within the limits of its tables 1 and 3 to 6."""

    GS: Annotated[str, Meta(min_length=1)]
    PG: str
    MS: Annotated[str, Meta(min_length=1)]
    IS: bool
    IT: str
    FV: _Text = UNSET
    GI: _Text = UNSET
    GV: _Text = UNSET
    MV: _Text = UNSET
    MM: _Text = UNSET
    MF: _Text = UNSET
    IL: _Text = UNSET
    IF: list[str] | UnsetType = UNSET
    ID: _Text = UNSET
    TT: Annotated[str, Meta(max_length=250)] | UnsetType | None = UNSET
    CF: Annotated[str, Meta(max_length=25)] | UnsetType | None = UNSET
    CT: str | UnsetType = UNSET
    CI: _Text = UNSET


_read_head = quick_reader(_Head)


class _Record(Struct, frozen=True):
    """A record's text: its payload up to the readings, and their list; signed bytes and signature
    of the whole.
    """

    head: str
    readings: str
    signed: tuple[bytes, bytes]


class _Reading(Struct, frozen=True):
    reason: str
    register: str
    signed: SignedReading


class PlainSession(Struct, frozen=True):
    """A session, the module that it names, and signed bytes and DER signature of each record."""

    session: Session
    gateway_serial: str
    signatures: list[tuple[bytes, bytes]]


def read_plainly(charges: Sequence[Sequence[SignedValue] | None]) -> list[PlainSession | None]:
    """The session of each charge's signed values, not yet verified; None if they need a
    closer look.

    Each step is done for all of them before the next one: so its code stays in the processor's
    cache, which makes the whole a fifth faster.
    """
    records = _for_each(charges, _records)
    heads = _for_each(records, _head)
    courses = _for_each(records, _course)
    return _for_each(zip(charges, records, heads, courses, strict=True), _session)


def _for_each(some: Iterable[_From | None], step: Callable[[_From], _To]) -> list[_To | None]:
    """What a step makes of each; None where it, or one before it, raises one of PARSE_ERRORS."""
    made: list[_To | None] = []
    for one in some:
        try:
            made.append(None if one is None else step(one))
        except PARSE_ERRORS:
            made.append(None)
    return made


def _session(parts: tuple[Any, Any, Any, Any]) -> PlainSession:
    """From the values and what the steps have made of them; a None of theirs stops it."""
    values, records, (first, number), readings = parts
    session = Session(
        begin=readings[0].signed,
        end=readings[-1].signed,
        meter_serial=first.MS,
        register_code=readings[0].register,
        evse_ids=(first.CI,) if first.CT == "EVSEID" and first.CI else (),
        context="T",
        paginations=tuple(range(number, number + len(records))),
        content=content_of([value.text for value in values]),
        user=(first.IT, first.ID) if first.ID else None,
    )
    return PlainSession(session, first.GS, [record.signed for record in records])


def _require(is_so: bool) -> None:
    if not is_so:
        raise ValueError


def _records(values: Sequence[SignedValue]) -> list[_Record]:
    _require(_has_right_natures([value.nature for value in values]))
    return [_take_apart(value.text) for value in values]


def _take_apart(text: str) -> _Record:
    """No payload with a backslash passes: so each quote in it is JSON's own."""
    header, payload, section = text.split("|")
    signature = _SECTION.fullmatch(section)
    head, _, readings = payload.partition(_HEAD_END)
    if (
        header != HEADER
        or signature is None
        or not text.isascii()
        or "\\" in payload
        or not readings.endswith(_READINGS_END)
    ):
        raise ValueError
    signed = (payload.encode(), bytes.fromhex(signature[1]))
    return _Record(head, readings[: -len(_READINGS_END)], signed)


def _head(records: Sequence[_Record]) -> tuple[_Head, int]:
    """That of the first record, and its number, from which the others count.

    Where all members are texts and lists of texts, the first that reads as PG is PG. The members
    are from OCMF's lists, and fit one another.
    """
    text = records[0].head
    head = _read_head(f"{text}}}".encode())
    context, number = page_of(head.PG) or ("", 0)
    _require(context == "T")
    before, found, after = text.partition(f'"PG":"T{number}"')
    _require(bool(found))
    for place, other in enumerate(records[1:], number + 1):
        _require(other.head == f'{before}"PG":"T{place}"{after}')
    _require(head.FV in _VERSIONS)
    _require(_is_plain_user(head.IL, head.IT, *(head.IF or ())))
    _require(_is_plain_tag(head.IT, head.ID))
    _require(head.CI is UNSET if head.CT is UNSET else head.CT in CHARGE_POINT_TYPES)
    return head, number


def _has_right_natures(natures: list[str]) -> bool:
    if len(natures) == 1:
        return natures[0] in ("Start", "End")
    is_framed = natures[0] == "Start" and natures[-1] == "End"
    return is_framed and natures.count("Intermediate") == len(natures) - 2


@lru_cache(maxsize=256)
def _is_plain_user(level: object, kind: object, *flags: object) -> bool:
    return (
        level in (None, UNSET, *IDENTIFICATION_LEVELS)
        and kind in (None, UNSET, *IDENTIFICATION_TYPES)
        and len(flags) <= MAX_IDENTIFICATION_FLAGS
        and all(flag in IDENTIFICATION_FLAGS for flag in flags)
    )


def _is_plain_tag(kind: object, tag: _Text) -> bool:
    form = _TAGS.get(kind, _ANY_TAG) if isinstance(kind, str) else None
    return not tag or (form is not None and form.fullmatch(tag) is not None)


def _course(records: Sequence[_Record]) -> list[_Reading]:
    readings = []
    for record in records:
        listed = record.readings  # begins and ends with a brace; no other is in a plain one
        _require(listed[:1] == "{" and listed[-1:] == "}")
        readings += [_reading(text) for text in listed[1:-1].split("},{")]
    _require(_goes_on(readings))
    return readings


def _reading(text: str) -> _Reading:
    """A good reading; anything else raises one of PARSE_ERRORS."""
    told = _READING.fullmatch(text)
    if told is None:
        raise ValueError
    time, reason, value, register, unit = told.groups()
    at_ms = unix_ms(datetime.fromisoformat(time))
    shown = f"{time[:19]}.{time[20:26]}:{time[26:]}"
    return _Reading(reason, register, SignedReading(Decimal(value), unit, shown, at_ms, True))


def _goes_on(readings: Sequence[_Reading]) -> bool:
    """From begin to end on one register, never back."""
    reasons = [reading.reason for reading in readings]
    if len(reasons) < 2 or reasons[0] != "B" or reasons[-1] not in END_REASONS:
        return False
    if len(reasons) > 2 and not _BETWEEN.issuperset(reasons[1:-1]):
        return False
    for before, after in pairwise(readings):
        earlier, later = before.signed, after.signed
        if after.register != before.register or later.unit != earlier.unit:
            return False
        if later.value < earlier.value or later.at_ms < earlier.at_ms:
            return False
    first, last = readings[0].signed, readings[-1].signed
    energy, lasted_ms = last.value - first.value, last.at_ms - first.at_ms
    is_usual = lasted_ms > 100_000 and energy < 100  # of either unit; saves the multiplications
    if not is_usual and is_beyond_power(energy, first.unit, lasted_ms):
        return False
    return is_billing_register(readings[0].register)


class FastPathSession(Struct, frozen=True):
    """A session that passes every check if this key signed its records."""

    session: Session
    key: PublicKey
    signatures: list[tuple[bytes, bytes]]

    def is_authentic(self) -> bool:
        """Whether the key has signed all of them."""
        return self.key.verify_all(self.signatures)


def fast_path_sessions(
    charges: Sequence[tuple[SignedData | None, Sequence[KeyPeriod]]], tolerance_ms: int
) -> list[FastPathSession | None]:
    """Of each charge, with the periods of its charge point: the session that passes every check
    but for its signatures, which are not verified yet; None for any other.
    """
    read = read_plainly([signed.values if signed and known else None for signed, known in charges])
    return [
        _with_key(signed, plain, periods, tolerance_ms) if signed and plain else None
        for (signed, periods), plain in zip(charges, read, strict=True)
    ]


def _with_key(
    signed: SignedData, plain: PlainSession, periods: Sequence[KeyPeriod], tolerance_ms: int
) -> FastPathSession | None:
    """With the key of the newest period that covers the session and has its module and meter; None
    if the key that came along is another one."""
    session, own = plain.session, signed.public_key
    for period in reversed(periods):
        if (
            period.covers(session.begin.at_ms, session.end.at_ms, tolerance_ms)
            and period.meter_serial == session.meter_serial
            and period.gateway_serial in (None, plain.gateway_serial)
            and period.key.curve.name == _CURVE
        ):
            is_its_own = own is None or is_plainly(own, period.key)
            return FastPathSession(session, period.key, plain.signatures) if is_its_own else None
    return None
