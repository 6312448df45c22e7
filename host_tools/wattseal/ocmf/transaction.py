"""Judges whether authentic records make one charging transaction that can be billed.

The rules are those of the field's reference verifier on order, status and identification, and the
comparisons of serial numbers, register, unit and pagination that it leaves out. Records of other
makers in the field repeat a pagination, and carry two identifications under one, and pass there;
those findings, and gaps that intermediate records may explain, are warnings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from pyocmf.models import OBIS

from wattseal.common.findings import Finding
from wattseal.ocmf.findings import found
from wattseal.ocmf.plain_models import AnyPayload, AnyReading

Role = Literal["begin", "end"]
"""What a reading is to its transaction, as findings call it."""

END_REASONS = frozenset("ELRAP")
"""TX letters that end a transaction (OCMF table 7): ended, locally, remotely, aborted by an error,
by a power failure."""

_ROLES: dict[str, Role] = {"B": "begin", **dict.fromkeys(END_REASONS, "end")}
_MAX_DIGITS = 30
_MAX_EXPONENT = 18


class Member(NamedTuple):
    """An authentic record's place in a transaction; `times` are its TM texts as written."""

    payload: AnyPayload
    times: tuple[str | None, ...] = ()
    context: str | None = None

    def entries(self) -> list[ReadingInRecord]:
        """The record's readings."""
        readings: Sequence[AnyReading] = self.payload.RD
        times = self.times or (None,) * len(readings)
        return [
            ReadingInRecord(self, reading, time, _ROLES.get(reading.TX or ""))
            for reading, time in zip(readings, times, strict=True)
        ]


class ReadingInRecord(NamedTuple):
    """One reading with the record that it stands in; `role` is None between begin and end."""

    member: Member
    reading: AnyReading
    written_time: str | None
    role: Role | None


def is_complete(payload: AnyPayload) -> bool:
    """Whether one record holds the begin and the end of a transaction."""
    return {"begin", "end"} <= {entry.role for entry in Member(payload).entries()}


def energy_of(begin: ReadingInRecord, end: ReadingInRecord) -> Decimal | None:
    """End minus begin in the unit of both, exactly; None if units differ or a value is unusable."""
    first, last = begin.reading.RV, end.reading.RV
    if first is None or last is None or not (is_sound(first) and is_sound(last)):
        return None
    return last - first if begin.reading.RU == end.reading.RU else None


def is_sound(value: Decimal) -> bool:
    """Whether exact arithmetic on the value is possible in bounded memory."""
    _sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return False  # an infinity, or no number
    return len(digits) <= _MAX_DIGITS and abs(exponent) <= _MAX_EXPONENT


CONTEXT_BEGIN = "Transaction.Begin"
CONTEXT_END = "Transaction.End"

ENERGY_UNITS = ("kWh", "Wh")
GOOD = "G"
"""Status of a meter whose reading can be billed (OCMF table 10)."""

Page = tuple[str, int]
"""Context and number of a pagination."""

_PAGINATION = re.compile("([TF])([0-9]{1,18})")
_BAD_LEVELS = ("MISMATCH", "INVALID", "OUTDATED", "UNKNOWN")
_CLOCK_STATES = {"S": None, "R": None, "I": "informative"}

MAX_POWER_KW = 3750
"""More than any charge point delivers: 1250 V and 3000 A of the Megawatt Charging System."""

CLOCK_STEP_MS = 2000
"""How much longer a session may have been than its times say, which some meters tell in seconds."""

UNTIMED_MS = 7 * 86_400_000
"""What a session lasts at the most, where its clock was not set or its time is not to be used."""
_LAST_VERSION_WITH_EVENT_COUNTER = Decimal("0.4")


def page_of(pagination: str | None) -> Page | None:
    """Context and number of a record's pagination; None if it is not T or F and a number."""
    page = _PAGINATION.fullmatch(pagination or "")
    return (page[1], int(page[2])) if page else None


class Outcome(NamedTuple):
    """The readings that a transaction is billed by, where there is exactly one of each."""

    begin: ReadingInRecord | None
    end: ReadingInRecord | None
    findings: tuple[Finding, ...]


def check_transaction(members: Sequence[Member], *, is_claimed: bool) -> Outcome:
    """Judge the authentic records of one transaction.

    `is_claimed`: the file calls them a transaction, so that a missing half is an error; a bare
    record that holds one half only is worth a warning.
    """
    readings_of = [member.entries() for member in members]
    entries = [entry for some in readings_of for entry in some]
    if not members or (not is_claimed and all(_is_fiscal(one.payload) for one in members)):
        return Outcome(None, None, ())
    billable = _billable(entries)
    begins = [entry for entry in billable if entry.role == "begin"]
    ends = [entry for entry in billable if entry.role == "end"]
    findings = list(_check_presence(entries, begins, ends, is_claimed=is_claimed))
    findings += _check_contexts(readings_of)
    for entry in begins + ends:
        findings += _check_reading(entry)
    begin = begins[0] if len(begins) == 1 else None
    end = ends[0] if len(ends) == 1 else None
    if begin and end:
        findings += _check_pair(begin, end)
    findings += _check_clocks(begin, end)
    findings += _check_order(begin, end, members)
    if any(entry.reading.TX == "X" for entry in entries):
        findings.append(found("exception_reading"))
    return Outcome(begin, end, tuple(dict.fromkeys(findings)))


def _is_fiscal(payload: AnyPayload) -> bool:
    """Whether a record is of readings outside of transactions (OCMF tables 2 and 7)."""
    page = page_of(payload.PG)
    return page is not None and page[0] == "F" and not any(reading.TX for reading in payload.RD)


def _billable(entries: Iterable[ReadingInRecord]) -> list[ReadingInRecord]:
    """Readings of the registers that bill; loss-compensated ones alone if there are any."""
    known = [(one, _kind_of_register(str(one.reading.RI))) for one in entries if one.reading.RI]
    compensated = [one for one, kind in known if kind is _Register.COMPENSATED]
    return compensated or [one for one, kind in known if kind is _Register.BILLABLE]


class _Register(Enum):
    """Whether a register is billed by."""

    OTHER = 0
    BILLABLE = 1
    COMPENSATED = 2


@lru_cache(maxsize=32)
def _kind_of_register(obis: str) -> _Register:
    """The kind of an OBIS code; the cache is small, as a file may hold many codes."""
    register = OBIS.from_string(obis)
    if not register.is_law_relevant:
        return _Register.OTHER
    return _Register.COMPENSATED if register.is_loss_compensated else _Register.BILLABLE


def is_billing_register(obis: str) -> bool:
    """Whether an OBIS code is of a register that can be billed by. ValueError if it is none."""
    return _kind_of_register(obis) is not _Register.OTHER


def _check_presence(
    entries: Sequence[ReadingInRecord],
    begins: list[ReadingInRecord],
    ends: list[ReadingInRecord],
    *,
    is_claimed: bool,
) -> Iterator[Finding]:
    rows: tuple[tuple[Role, list[ReadingInRecord], str, str], ...] = (
        ("begin", begins, "begin_missing", "begin_repeated"),
        ("end", ends, "end_missing", "end_repeated"),
    )
    for role, some, missing, repeated in rows:
        if len(some) == 1:
            continue
        any_register = [entry for entry in entries if entry.role == role]
        if some:
            yield found(repeated, count=len(some))
        elif any_register:
            register = any_register[0].reading.RI
            yield found("register_not_billable", reading=role, register=register)
        elif is_claimed:
            yield found(missing)
        else:
            yield found("transaction_incomplete", reading=role)


def _check_contexts(readings_of: Sequence[Sequence[ReadingInRecord]]) -> Iterator[Finding]:
    """Check that begin and end are in two records, each where the file says."""
    if len(readings_of) < 2:
        return
    for entries in readings_of:
        roles = {entry.role for entry in entries}
        context = entries[0].member.context if entries else None
        if "begin" in roles and "end" in roles:
            is_end_record = context == CONTEXT_END
            yield found("end_holds_begin" if is_end_record else "begin_holds_end")
        elif "end" in roles and context == CONTEXT_BEGIN:
            yield found("context_mismatch", expected="begin", found="end")
        elif "begin" in roles and context == CONTEXT_END:
            yield found("context_mismatch", expected="end", found="begin")


def _check_reading(entry: ReadingInRecord) -> Iterator[Finding]:
    reading, name = entry.reading, entry.role
    if reading.ST != GOOD:
        yield found("meter_status", reading=name, expected=GOOD, found=reading.ST)
    if reading.EF and "E" in reading.EF:
        yield found("energy_error_flag", reading=name)
    if reading.EF and "t" in reading.EF:
        yield found("time_error_flag", reading=name)
    if reading.RU not in ENERGY_UNITS:
        yield found("unit_not_energy", reading=name, unit=reading.RU)
    if reading.RV is None:
        yield found("value_missing", reading=name)
    elif not is_sound(reading.RV) or reading.RV < 0:
        yield found("value_out_of_range", reading=name, value=reading.RV)
    if entry.member.payload.IL in _BAD_LEVELS:
        yield found("identification_level", reading=name, level=entry.member.payload.IL)
    if entry.written_time is not None and " " not in entry.written_time.strip():
        cause = "the letter of the clock's status is missing"
        yield found("time_status_wrong", reading=name, cause=cause)


def _check_clocks(begin: ReadingInRecord | None, end: ReadingInRecord | None) -> Iterator[Finding]:
    """Whether the clock was good enough to bill by time (OCMF table 19)."""
    if end and end.reading.time_status == "R":
        return  # the duration was measured well, whatever the clock showed
    for entry in (begin, end):
        state = _CLOCK_STATES.get(entry.reading.time_status, "unknown") if entry else None
        if entry and state:
            yield found("time_not_synchronised", reading=entry.role, state=state)


def _check_pair(begin: ReadingInRecord, end: ReadingInRecord) -> Iterator[Finding]:
    yield from _check_shared(begin, end)
    energy = energy_of(begin, end)
    if energy is not None and energy < 0:
        yield found("energy_decreased", begin=begin.reading.RV, end=end.reading.RV)
    if begin.reading.time_status == "R" and end.reading.time_status != "R":
        cause = "it is not relative (R), but that of the begin is"
        yield found("time_status_wrong", reading="end", cause=cause)
    yield from check_times(begin, end)
    if energy is not None:
        yield from _check_power(begin, end, energy)


def _check_power(
    begin: ReadingInRecord, end: ReadingInRecord, energy: Decimal
) -> Iterator[Finding]:
    """Whether so much energy can have been delivered in the time."""
    try:
        lasted = end.reading.timestamp - begin.reading.timestamp
    except TypeError:
        return
    milliseconds = lasted // timedelta(milliseconds=1)
    for one in (begin.reading, end.reading):
        if one.time_status not in _CLOCK_STATES or "t" in (one.EF or ""):
            milliseconds = max(milliseconds, UNTIMED_MS)
    if milliseconds >= 0 and is_beyond_power(energy, str(begin.reading.RU), milliseconds):
        told, seconds = f"{energy:f} {begin.reading.RU}", milliseconds // 1000
        yield found("energy_implausible", energy=told, seconds=seconds, limit=MAX_POWER_KW)


def is_beyond_power(energy: Decimal, unit: str, milliseconds: int) -> bool:
    """Whether no charge point can deliver the energy, in kWh or Wh, in the time."""
    most = MAX_POWER_KW * (milliseconds + CLOCK_STEP_MS) * (1000 if unit == "Wh" else 1)
    return energy * 3_600_000 > most


def check_times(before: ReadingInRecord, after: ReadingInRecord) -> Iterator[Finding]:
    """Whether time goes on from a reading to the next."""
    try:
        is_reversed = after.reading.timestamp < before.reading.timestamp
    except TypeError:  # one has an offset from UTC and the other none
        is_reversed = True
    if is_reversed:
        yield found("time_reversed", begin=before.written_time, end=after.written_time)


def _check_shared(begin: ReadingInRecord, end: ReadingInRecord) -> Iterator[Finding]:
    yield from check_same_signer(begin.member, end.member)
    for code, before, after in (
        ("register_differs", str(begin.reading.RI), str(end.reading.RI)),
        ("unit_differs", begin.reading.RU, end.reading.RU),
    ):
        if before != after:
            yield found(code, begin=before, end=after)
    yield from check_same_user(begin.member, end.member)
    before, after = _event_counter(begin), _event_counter(end)
    if after is not None and before != after:
        yield found("event_counter_differs", begin=before, end=after)


def check_same_signer(one: Member, other: Member) -> Iterator[Finding]:
    """Whether two records are of the same module and meter."""
    for code, before, after in (
        ("gateway_serial_differs", one.payload.GS, other.payload.GS),
        ("meter_serial_differs", one.payload.MS, other.payload.MS),
    ):
        if before != after:
            yield found(code, begin=before, end=after)


def check_same_user(one: Member, other: Member) -> Iterator[Finding]:
    """Whether two records are of the same user. Some makers identify him in the second alone."""
    before, after = one.payload.ID, other.payload.ID
    is_another = before and after and before.upper() != after.upper()
    if is_another and one.payload.PG != other.payload.PG:
        yield found("user_differs", begin=before, end=after)
        return
    for field, before, after in (
        ("identification", one.payload.ID, other.payload.ID),
        ("type of the identification", one.payload.IT, other.payload.IT),
    ):
        if before != after:
            yield found("identification_differs", field=field, begin=before, end=after)


def _event_counter(entry: ReadingInRecord) -> str | None:
    """EI, which readings had up to OCMF 0.4."""
    value = (entry.reading.model_extra or {}).get("EI")
    if value is None:
        return None
    try:
        version = Decimal(entry.member.payload.FV or "1")
    except ArithmeticError:
        return None
    is_old = version.is_finite() and version <= _LAST_VERSION_WITH_EVENT_COUNTER
    return str(value) if is_old else None


def _check_order(
    begin: ReadingInRecord | None, end: ReadingInRecord | None, members: Sequence[Member]
) -> Iterator[Finding]:
    """Check that the paginations of a transaction's records count up from begin to end."""
    written = [member.payload.PG for member in members]
    unreadable = [text for text in written if not _PAGINATION.fullmatch(text or "")]
    for text in unreadable:
        yield found("pagination_unreadable", pagination=text)
    if unreadable or len(members) < 2 or not (begin and end):
        return
    pages = [str(text) for text in written]
    first, last = str(begin.member.payload.PG), str(end.member.payload.PG)
    for page in pages:
        if page[0] != first[0]:
            yield found("pagination_context_differs", expected=first, found=page)
            return
    if int(last[1:]) < int(first[1:]):
        yield found("pagination_reversed", begin=first, end=last)
        return
    yield from _check_counting(first, last, sorted(int(page[1:]) for page in pages))


def _check_counting(first: str, last: str, numbers: list[int]) -> Iterator[Finding]:
    """Whether each number stands once and none between them is left out."""
    missing = numbers[-1] - numbers[0] + 1 - len(numbers)
    for number, following in pairwise(numbers):
        if number == following:
            yield found("pagination_repeated", pagination=f"{first[0]}{number}")
            return
    if missing:
        yield found("pagination_gap", begin=first, end=last, count=missing)
