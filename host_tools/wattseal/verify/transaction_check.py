"""Judges whether authentic records make one charging transaction that can be billed.

The rules are those of the field's reference verifier on order, status and identification, and the
comparisons of serial numbers, register, unit and pagination that it leaves out. Records of other
makers in the field repeat a pagination or carry two identifications in one transaction and pass
there; those findings, and gaps that intermediate records may explain, are warnings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from wattseal.verify.findings import Code, Finding, found, shown
from wattseal.verify.transaction_parts import Member, Taking, energy_of, is_sound

CONTEXT_BEGIN = "Transaction.Begin"
CONTEXT_END = "Transaction.End"

_PAGINATION = re.compile(r"([TF])([0-9]{1,18})")
_BAD_LEVELS = ("MISMATCH", "INVALID", "OUTDATED", "UNKNOWN")
_ENERGY_UNITS = ("kWh", "Wh")
_CLOCK_STATES = {"U": "unknown", "I": "informative"}
_LAST_VERSION_WITH_EVENT_COUNTER = Decimal("0.4")

_SHARED_SERIALS = (
    ("GS", Code.GATEWAY_SERIAL_DIFFERS, "serial number of the signing module"),
    ("MS", Code.METER_SERIAL_DIFFERS, "serial number of the meter"),
)
_SHARED_IDENTIFICATION = (("ID", "identification"), ("IT", "type of the identification"))


@dataclass(frozen=True)
class Outcome:
    """The readings that a transaction is billed by, where there is exactly one of each."""

    begin: Taking | None
    end: Taking | None
    findings: tuple[Finding, ...]


def check_transaction(members: Sequence[Member], *, is_claimed: bool) -> Outcome:
    """Judge the authentic records of one transaction.

    `is_claimed`: the file calls them a transaction, so that a missing half is an error; a bare
    record that holds one half only is worth a warning.
    """
    takings = [taking for member in members for taking in member.takings]
    if not any(taking.reading.TX for taking in takings):
        return Outcome(None, None, ())  # fiscal readings: no transaction
    billable = _billable(takings)
    begins = [taking for taking in billable if taking.is_begin]
    ends = [taking for taking in billable if taking.is_end]
    findings = list(_check_presence(takings, begins, ends, is_claimed=is_claimed))
    findings += _check_contexts(members)
    for taking in begins + ends:
        findings += _check_reading(taking)
    begin = begins[0] if len(begins) == 1 else None
    end = ends[0] if len(ends) == 1 else None
    if begin and end:
        findings += _check_pair(begin, end)
    findings += _check_clocks(begin, end)
    findings += _check_order(begin, end, members)
    findings += _check_exceptions(takings)
    return Outcome(begin, end, tuple(dict.fromkeys(findings)))


def _billable(takings: Iterable[Taking]) -> list[Taking]:
    """Readings of the registers that bill; loss-compensated ones alone if there are any."""
    known = [one for one in takings if one.reading.RI and one.reading.RI.is_law_relevant]
    compensated = [one for one in known if one.reading.RI and one.reading.RI.is_loss_compensated]
    return compensated or known


def _check_presence(
    takings: Sequence[Taking], begins: list[Taking], ends: list[Taking], *, is_claimed: bool
) -> Iterator[Finding]:
    all_begins = [taking for taking in takings if taking.is_begin]
    all_ends = [taking for taking in takings if taking.is_end]
    for word, some, any_register, missing, repeated in (
        ("begin", begins, all_begins, Code.BEGIN_MISSING, Code.BEGIN_REPEATED),
        ("end", ends, all_ends, Code.END_MISSING, Code.END_REPEATED),
    ):
        if len(some) > 1:
            yield found(repeated, f"There are {len(some)} {word} readings; one is allowed.")
        elif some:
            continue
        elif any_register:
            register = shown(any_register[0].reading.RI)
            message = f"The {word} reading is of register {register}, which is not for billing."
            yield found(Code.REGISTER_NOT_BILLABLE, message)
        elif is_claimed:
            yield found(missing, f"The transaction has no {word} reading.")
        else:
            message = f"There is no {word} reading here: energy needs begin and end."
            yield found(Code.TRANSACTION_INCOMPLETE, message)


def _check_contexts(members: Sequence[Member]) -> Iterator[Finding]:
    """Begin and end apart, and each where the file says that it is."""
    if len(members) < 2:
        return
    for member in members:
        holds_begin = any(taking.is_begin for taking in member.takings)
        holds_end = any(taking.is_end for taking in member.takings)
        if holds_begin and holds_end:
            is_end_record = member.context == CONTEXT_END
            code = Code.END_HOLDS_BEGIN if is_end_record else Code.BEGIN_HOLDS_END
            yield found(code, "One of several records of the transaction holds both begin and end.")
        elif (holds_end and member.context == CONTEXT_BEGIN) or (
            holds_begin and member.context == CONTEXT_END
        ):
            word = "an end" if holds_end else "a begin"
            message = f"The record with context {member.context} holds {word} reading."
            yield found(Code.CONTEXT_MISMATCH, message)


def _check_reading(taking: Taking) -> Iterator[Finding]:
    reading, name = taking.reading, taking.name
    if reading.ST != "G":
        message = f"The meter's status at the {name} is {shown(reading.ST)}, not G (good)."
        yield found(Code.METER_STATUS, message)
    if reading.EF and "E" in reading.EF:
        message = f"The {name} reading is flagged: energy not usable for billing (EF E)."
        yield found(Code.ENERGY_ERROR_FLAG, message)
    if reading.EF and "t" in reading.EF:
        message = f"The {name} reading is flagged: time not usable for billing (EF t)."
        yield found(Code.TIME_ERROR_FLAG, message)
    if str(reading.RU) not in _ENERGY_UNITS:
        message = f"The {name} reading is in {shown(reading.RU)}; energy is in kWh or Wh."
        yield found(Code.UNIT_NOT_ENERGY, message)
    if reading.RV is None:
        yield found(Code.VALUE_MISSING, f"The {name} reading has no value.")
    elif not is_sound(reading.RV):
        message = f"The value of the {name} reading, {shown(reading.RV)}, is no meter's."
        yield found(Code.VALUE_OUT_OF_RANGE, message)
    if taking.member.payload.IL in _BAD_LEVELS:
        message = f"The user's assignment failed: IL is {taking.member.payload.IL} at the {name}."
        yield found(Code.IDENTIFICATION_LEVEL, message)
    if taking.written_time is not None and " " not in taking.written_time.strip():
        message = f"The time of the {name} has no synchronisation letter."
        yield found(Code.TIME_STATUS_WRONG, message)


def _check_clocks(begin: Taking | None, end: Taking | None) -> Iterator[Finding]:
    """Whether the clock was good enough to bill by time (OCMF table 19)."""
    if end and str(end.reading.time_status) == "R":
        return  # the duration was measured well, whatever the clock showed
    names = {
        taking.name: _CLOCK_STATES[str(taking.reading.time_status)]
        for taking in (begin, end)
        if taking and str(taking.reading.time_status) in _CLOCK_STATES
    }
    if names:
        where, kinds = " and ".join(names), " and ".join(dict.fromkeys(names.values()))
        message = f"The clock at {where} is {kinds}, not synchronised: do not bill by time."
        yield found(Code.TIME_NOT_SYNCHRONISED, message)


def _check_pair(begin: Taking, end: Taking) -> Iterator[Finding]:
    yield from _check_shared(begin, end)
    energy = energy_of(begin, end)
    if energy is not None and energy < 0:
        message = f"The energy went back from {begin.reading.RV} to {end.reading.RV}."
        yield found(Code.ENERGY_DECREASED, message)
    if str(begin.reading.time_status) == "R" and str(end.reading.time_status) != "R":
        message = "The begin's time is relative (R), the end's is not: they cannot be compared."
        yield found(Code.TIME_STATUS_WRONG, message)
    try:
        if end.reading.timestamp < begin.reading.timestamp:
            yield found(Code.TIME_REVERSED, "The end is earlier than the begin.")
    except TypeError:  # one has an offset from UTC and the other none
        message = "Only one of begin and end tells its offset from UTC: their order is unknown."
        yield found(Code.TIME_REVERSED, message)


def _check_shared(begin: Taking, end: Taking) -> Iterator[Finding]:
    first, last = begin.member.payload, end.member.payload
    for name, code, words in _SHARED_SERIALS:
        before, after = getattr(first, name), getattr(last, name)
        if before != after:
            yield found(code, f"The {words} changes from {shown(before)} to {shown(after)}.")
    for name, code, words in (
        ("RI", Code.REGISTER_DIFFERS, "register"),
        ("RU", Code.UNIT_DIFFERS, "unit"),
    ):
        before, after = getattr(begin.reading, name), getattr(end.reading, name)
        if str(before) != str(after):
            yield found(code, f"The {words} changes from {shown(before)} to {shown(after)}.")
    for name, words in _SHARED_IDENTIFICATION:
        before, after = getattr(first, name), getattr(last, name)
        if before != after:
            message = f"The {words} changes from {shown(before)} to {shown(after)}."
            yield found(Code.IDENTIFICATION_DIFFERS, message)
    before, after = _event_counter(begin), _event_counter(end)
    if after is not None and before != after:
        message = f"The event counter changes from {shown(before)} to {shown(after)}."
        yield found(Code.EVENT_COUNTER_DIFFERS, message)


def _event_counter(taking: Taking) -> str | None:
    """EI, which readings had up to OCMF 0.4."""
    try:
        version = Decimal(taking.member.payload.FV or "1")
    except ArithmeticError:
        return None
    value = (taking.reading.model_extra or {}).get("EI")
    if value is None or not version <= _LAST_VERSION_WITH_EVENT_COUNTER:
        return None
    return str(value)


def _check_order(
    begin: Taking | None, end: Taking | None, members: Sequence[Member]
) -> Iterator[Finding]:
    """The paginations of a transaction's records count on from begin to end."""
    pages = [_PAGINATION.fullmatch(member.payload.PG or "") for member in members]
    for page, member in zip(pages, members, strict=True):
        if page is None:
            message = f"The pagination {shown(member.payload.PG)} is not T or F and a number."
            yield found(Code.PAGINATION_UNREADABLE, message)
    numbers = sorted(int(page[2]) for page in pages if page)
    if len(members) < 2 or len(numbers) < len(members) or not (begin and end):
        return
    if len({page[1] for page in pages if page}) > 1:
        message = "The records count in different contexts: T is for transactions, F is fiscal."
        yield found(Code.PAGINATION_CONTEXT_DIFFERS, message)
        return
    first, last = str(begin.member.payload.PG), str(end.member.payload.PG)
    if int(last[1:]) < int(first[1:]):
        yield found(Code.PAGINATION_REVERSED, f"The end {last} comes before the begin {first}.")
    elif len(set(numbers)) < len(numbers):
        yield found(Code.PAGINATION_REPEATED, "Two records have one pagination; it counts each.")
    elif numbers[-1] - numbers[0] >= len(numbers):
        missing = numbers[-1] - numbers[0] + 1 - len(numbers)
        message = (
            f"Between {first} and {last}, {missing} record(s) are not in the file: intermediate "
            "readings, or another session."
        )
        yield found(Code.PAGINATION_GAP, message)


def _check_exceptions(takings: Iterable[Taking]) -> Iterator[Finding]:
    if any(str(taking.reading.TX) == "X" for taking in takings):
        message = "An error during charging is recorded (TX X): see the operator's records."
        yield found(Code.EXCEPTION_READING, message)
