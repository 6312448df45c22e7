"""Takes the signed values of a CDR apart and judges the transaction that they make.

What one record or a pair of them must be is judged by wattseal.verify. What a bill asks beyond
that stands here and in intermediates.py: the natures, and the values between begin and end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from wattseal.cdr.charge_record import Cdr, SignedValue
from wattseal.cdr.findings import Finding, found
from wattseal.cdr.intermediates import Page, check_intermediates, page_of
from wattseal.cdr.moments import unix_ms
from wattseal.cdr.record_effects import of_verify
from wattseal.cdr.session import Session, SignedReading, content_of
from wattseal.evse_id import EvseIdError, read_evse_id
from wattseal.verify.codes import Code
from wattseal.verify.findings import Finding as VerifyFinding
from wattseal.verify.findings import found as verify_found
from wattseal.verify.findings import shown
from wattseal.verify.record import Record, RecordMalformedError, read_record
from wattseal.verify.transaction_check import CONTEXT_END, Outcome, check_transaction
from wattseal.verify.transaction_parts import Member, Taking, is_sound

_SET_CLOCKS = frozenset(("S", "I", "R"))
_ENERGY_UNITS = frozenset(("kWh", "Wh"))
_NATURES = {"begin": "Start", "end": "End"}


class OpenRecord(NamedTuple):
    """One record of a CDR, the number of its value from 1, and what the CDR calls it.

    There is more than one nature where the same text was sent for more than one. `takings` are
    its readings, none if its payload cannot be read; `holds` says `begin`, `end`, both or neither.
    """

    number: int
    natures: tuple[str, ...]
    record: Record
    takings: list[Taking]
    holds: tuple[str, ...]

    @property
    def subject(self) -> str:
        """What findings call it."""
        return " and ".join(self.holds) or f"value {self.number}"

    def signed_at_ms(self, cdr: Cdr) -> int:
        """When it was signed by its own clock; if that was not set, by the CDR."""
        at_ms = _time_of(self.takings[-1]) if self.takings else None
        if at_ms is not None:
            return at_ms
        return cdr.begin_ms if self.holds == ("begin",) else cdr.end_ms


def open_records(values: Sequence[SignedValue]) -> tuple[list[OpenRecord], list[Finding]]:
    """The records, each text once, and what cannot be read."""
    opened: dict[str, OpenRecord] = {}
    findings: list[Finding] = []
    for number, value in enumerate(values, 1):
        nature = value.nature.lower()
        try:
            record = read_record(value.text)
        except RecordMalformedError as error:
            malformed = verify_found(Code.RECORD_MALFORMED, cause=error)
            findings.append(of_verify(malformed, f"value {number}"))
            continue
        first = opened.get(record.text)
        if first is None:
            opened[record.text] = _open(number, nature, record)
        elif len(first.holds) > 1 and nature not in first.natures:
            opened[record.text] = first._replace(natures=(*first.natures, nature))
        else:
            again = verify_found(Code.RECORD_REPEATED, number=first.number)
            findings.append(of_verify(again, f"value {number}"))
    return list(opened.values()), findings


def _open(number: int, nature: str, record: Record) -> OpenRecord:
    if record.payload is None:
        return OpenRecord(number, (nature,), record, [], ())
    context = CONTEXT_END if nature == "end" else None
    takings = Member(record.payload, record.times, context).takings()
    roles = [taking.role for taking in takings]
    holds = tuple([role for role in ("begin", "end") if role in roles])
    return OpenRecord(number, (nature,), record, takings, holds)


def check_content(records: Sequence[OpenRecord]) -> tuple[list[Finding], Session | None]:
    """Judge authentic records together. The session is None if it is not clear what it was."""
    findings = [of_verify(said, one.subject) for one in records for said in one.record.findings]
    members = [one.takings[0].member for one in records if one.takings]
    if len(members) < len(records) or any(finding.effect.is_error for finding in findings):
        return findings or [of_verify(verify_found(Code.BEGIN_MISSING))], None
    outcome = check_transaction(members, is_claimed=True)
    findings += [of_verify(said) for said in _judged_here(outcome)]
    findings += _check_natures(records)
    findings += _check_zones(outcome)
    if outcome.begin is None or outcome.end is None:
        return findings, None
    pages = [page_of(member) for member in members]
    if sum([len(one.takings) for one in records]) > 2:
        findings += check_intermediates(members, pages, outcome.begin, outcome.end)
    return findings, _session(records, pages, outcome.begin, outcome.end)


def _judged_here(outcome: Outcome) -> Iterable[VerifyFinding]:
    """The findings but for the contexts, which a CDR has natures for."""
    if outcome.begin is None and outcome.end is None and not outcome.findings:
        return (verify_found(Code.BEGIN_MISSING), verify_found(Code.END_MISSING))  # fiscal readings
    return [said for said in outcome.findings if said.code is not Code.CONTEXT_MISMATCH]


def _check_natures(records: Iterable[OpenRecord]) -> Iterator[Finding]:
    for one in records:
        right = [_NATURES[name] for name in one.holds] or ["Intermediate"]
        for nature in one.natures:
            if nature.capitalize() not in right:
                expected, said = "/".join(right), shown(nature.capitalize())
                subject = f"value {one.number}"
                yield found("nature_wrong", subject=subject, expected=expected, found=said)


def _check_zones(outcome: Outcome) -> Iterator[Finding]:
    """A time without its zone is no moment: no key can be chosen by it, and nothing compared."""
    for taking in (outcome.begin, outcome.end):
        if taking and taking.reading.timestamp.tzinfo is None:
            cause = "its offset from UTC is missing"
            said = verify_found(Code.TIME_STATUS_WRONG, reading=taking.role, cause=cause)
            yield of_verify(said)


def _session(
    records: Sequence[OpenRecord], pages: Sequence[Page | None], first: Taking, last: Taking
) -> Session | None:
    """The session, None unless it can be told from others and its energy computed."""
    begin, end = _signed_reading(first), _signed_reading(last)
    known = [(page, one) for page, one in zip(pages, records, strict=True) if page]
    if not begin or not end or begin.unit != end.unit or len(known) < len(records):
        return None
    known.sort(key=lambda pair: pair[0])
    if known[0][0][0] != known[-1][0][0]:
        return None
    payload = first.member.payload
    return Session(
        begin=begin,
        end=end,
        meter_serial=payload.MS or "",
        register_code=str(first.reading.RI),
        evse_ids=tuple(evse_ids_of(records)),
        context=known[0][0][0],
        paginations=tuple([page[1] for page, _one in known]),
        content=content_of([one.record.text for _page, one in known]),
    )


def _signed_reading(taking: Taking) -> SignedReading | None:
    reading = taking.reading
    moment = reading.timestamp
    if moment.tzinfo is None or reading.RV is None or not is_sound(reading.RV):
        return None
    if reading.RU not in _ENERGY_UNITS:
        return None
    return SignedReading(
        value=reading.RV,
        unit=str(reading.RU),
        time=moment.isoformat(timespec="milliseconds"),
        at_ms=unix_ms(moment),
        has_time=reading.time_status in _SET_CLOCKS and "t" not in (reading.EF or ""),
    )


def _time_of(taking: Taking) -> int | None:
    """Unix milliseconds of a reading; None if the clock was not set, or its zone is not known."""
    reading = taking.reading
    if reading.time_status not in _SET_CLOCKS:
        return None
    moment = reading.timestamp
    return unix_ms(moment) if moment.tzinfo else None


def evse_ids_of(records: Iterable[OpenRecord]) -> list[str]:
    """The charge points that the records name, each once; a charge box and its connector (CBIDC)
    are not among them, since a CDR does not tell them."""
    named: list[str] = []
    for one in records:
        payload = one.record.payload
        if payload is None or not payload.CI or payload.CI in named:
            continue
        if payload.CT == "EVSEID" or (payload.CT is None and _is_evse_id(payload.CI)):
            named.append(payload.CI)
    return named


def _is_evse_id(text: str) -> bool:
    try:
        read_evse_id(text)
    except EvseIdError:
        return False
    return True
