"""Takes the signed values of a CDR apart and judges the transaction that they make.

What one record or a pair of them must be is judged by wattseal.ocmf. What a bill asks beyond
that stands here: the natures, and the values between begin and end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Context, Decimal
from hashlib import blake2b
from itertools import pairwise
from typing import NamedTuple

from msgspec import Struct

from wattseal.cdr.findings import SessionFacts, found, of_verify
from wattseal.cdr.ocpi import Cdr, SignedValue
from wattseal.common.findings import Finding
from wattseal.common.times import unix_ms
from wattseal.ocmf.evse_id import canonical_name
from wattseal.ocmf.findings import found as verify_found
from wattseal.ocmf.findings import shown
from wattseal.ocmf.plain_models import AnyPayload
from wattseal.ocmf.record import Record, RecordMalformedError, read_record
from wattseal.ocmf.transaction import (
    CONTEXT_END,
    ENERGY_UNITS,
    Member,
    Outcome,
    Page,
    ReadingInRecord,
    check_same_signer,
    check_same_user,
    check_times,
    check_transaction,
    is_sound,
    page_of,
)


def check_intermediates(
    members: Sequence[Member],
    pages: Sequence[Page | None],
    begin: ReadingInRecord,
    end: ReadingInRecord,
) -> Iterator[Finding]:
    """Judge the records beside those of begin and end, and the course of all readings."""
    paged = [(page, member) for page, member in zip(pages, members, strict=True) if page]
    if len(paged) < len(members):
        return  # there is no order to judge by, and wattseal.ocmf says so
    ends = [page for page, member in paged if member is begin.member or member is end.member]
    for page, member in paged:
        if member is begin.member or member is end.member:
            continue
        first, name = begin.member, shown(member.payload.PG)
        for said in (*check_same_signer(first, member), *check_same_user(first, member)):
            yield of_verify(said, f"record {name}")
        if page[0] == ends[0][0] and not min(ends) <= page <= max(ends):
            between = f"{first.payload.PG} - {end.member.payload.PG}"
            yield found("intermediate_outside", expected=between, found=name)
    paged.sort(key=lambda pair: pair[0])
    entries = [entry for _page, member in paged for entry in member.entries()]
    yield from _check_course([entry for entry in entries if _is_comparable(entry, begin)])


def _is_comparable(entry: ReadingInRecord, begin: ReadingInRecord) -> bool:
    """Whether a reading is of the register, and in the unit, that the session is billed by."""
    reading, first = entry.reading, begin.reading
    is_same = str(reading.RI) == str(first.RI) and reading.RU == first.RU
    return is_same and reading.RV is not None and is_sound(reading.RV)


def _check_course(entries: Sequence[ReadingInRecord]) -> Iterator[Finding]:
    """Energy and time from reading to reading; the first of each that goes back is told."""
    for check in (_check_energy, check_times):
        pairs = ((after, list(check(before, after))) for before, after in pairwise(entries))
        for after, said in pairs:
            if said:
                yield of_verify(said[0], f"record {shown(after.member.payload.PG)}")
                break


def _check_energy(before: ReadingInRecord, after: ReadingInRecord) -> Iterator[Finding]:
    first, last = before.reading.RV, after.reading.RV
    if first is not None and last is not None and last < first:
        yield verify_found("energy_decreased", begin=first, end=last)


_EXACT = Context(prec=120)  # is_sound leaves at most 30 digits, E-18 to E18


class SignedReading(Struct, frozen=True, gc=False):
    """A begin or end reading. `value` in `unit` (kWh or Wh) with the digits as signed.

    `time` is RFC 3339, `at_ms` the same in Unix milliseconds. `has_time`: the clock was set, and
    no flag says that the time is not to be used.
    """

    value: Decimal
    unit: str
    time: str
    at_ms: int
    has_time: bool

    @property
    def watt_hours(self) -> Decimal:
        """The register in Wh, exactly."""
        return self.value if self.unit == "Wh" else _EXACT.scaleb(self.value, 3)


class Session(Struct, frozen=True):
    """A session of authentic records with one begin and one end, in one unit.

    `evse_ids` are those that the records name, as written. `paginations` count in `context` (T or
    F), in the order signed. `content` is that of the records (content_of). `user` is the type and
    the text of the identification, where there is one.
    """

    begin: SignedReading
    end: SignedReading
    meter_serial: str
    register_code: str
    evse_ids: tuple[str, ...]
    context: str
    paginations: tuple[int, ...]
    content: str
    user: tuple[str, str] | None = None

    @property
    def energy_kwh(self) -> Decimal:
        """End minus begin, exactly."""
        energy = _EXACT.subtract(self.end.value, self.begin.value)
        return energy if self.begin.unit == "kWh" else _EXACT.scaleb(energy, -3)

    def facts(self, key_fingerprint: str) -> SessionFacts:
        """What later sessions are compared with."""
        return SessionFacts(
            key_fingerprint=key_fingerprint,
            meter_serial=self.meter_serial,
            register_code=self.register_code,
            context=self.context,
            paginations=self.paginations,
            begin_wh=f"{self.begin.watt_hours:f}",
            end_wh=f"{self.end.watt_hours:f}",
            begin_ms=self.begin.at_ms,
            end_ms=self.end.at_ms,
            time_is_good=self.begin.has_time and self.end.has_time,
            content=self.content,
        )


def content_of(texts: Iterable[str]) -> str:
    """BLAKE2b-256 in hex over the records' texts in the order signed, each on a line of its own."""
    return blake2b("\n".join(texts).encode(), digest_size=32).hexdigest()


_SET_CLOCKS = frozenset(("S", "I", "R"))
_NATURES = {"begin": "Start", "end": "End"}


class OpenRecord(NamedTuple):
    """One record of a CDR, the number of its value from 1, and what the CDR calls it.

    There is more than one nature where the same text was sent for more than one. `entries` are
    its readings, none if its payload cannot be read; `holds` says `begin`, `end`, both or neither.
    """

    number: int
    natures: tuple[str, ...]
    record: Record
    entries: list[ReadingInRecord]
    holds: tuple[str, ...]

    @property
    def subject(self) -> str:
        """What findings call it."""
        return " and ".join(self.holds) or f"value {self.number}"

    def signed_at_ms(self, cdr: Cdr) -> int:
        """When it was signed by its own clock; if that was not set, by the CDR."""
        if self.entries:
            reading = self.entries[-1].reading
            if reading.time_status in _SET_CLOCKS and reading.timestamp.tzinfo:
                return unix_ms(reading.timestamp)
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
            malformed = verify_found("record_malformed", cause=error)
            findings.append(of_verify(malformed, f"value {number}"))
            continue
        first = opened.get(record.text)
        if first is None:
            opened[record.text] = _open(number, nature, record)
        elif len(first.holds) > 1 and nature not in first.natures:
            opened[record.text] = first._replace(natures=(*first.natures, nature))
        else:
            again = verify_found("record_repeated", number=first.number)
            findings.append(of_verify(again, f"value {number}"))
    return list(opened.values()), findings


def _open(number: int, nature: str, record: Record) -> OpenRecord:
    if record.payload is None:
        return OpenRecord(number, (nature,), record, [], ())
    context = CONTEXT_END if nature == "end" else None
    entries = Member(record.payload, record.times, context).entries()
    roles = [entry.role for entry in entries]
    holds = tuple([role for role in ("begin", "end") if role in roles])
    return OpenRecord(number, (nature,), record, entries, holds)


def check_content(records: Sequence[OpenRecord]) -> tuple[list[Finding], Session | None]:
    """Judge authentic records together. The session is None if it is not clear what it was."""
    findings = [of_verify(said, one.subject) for one in records for said in one.record.findings]
    members = [one.entries[0].member for one in records if one.entries]
    if len(members) < len(records) or any(finding.severity.is_error for finding in findings):
        return findings or [of_verify(verify_found("begin_missing"))], None
    outcome = check_transaction(members, is_claimed=True)
    # The contexts are judged by the natures, which a CDR has for them.
    said = [one for one in outcome.findings if one.code != "context_mismatch"]
    findings += map(of_verify, said)
    findings += _check_natures(records)
    findings += _check_zones(outcome)
    if outcome.begin is None or outcome.end is None:
        return findings, None
    pages = [page_of(member.payload.PG) for member in members]
    if sum([len(one.entries) for one in records]) > 2:
        findings += check_intermediates(members, pages, outcome.begin, outcome.end)
    return findings, _session(records, pages, outcome.begin, outcome.end)


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
    for entry in (outcome.begin, outcome.end):
        if entry and entry.reading.timestamp.tzinfo is None:
            cause = "its offset from UTC is missing"
            said = verify_found("time_status_wrong", reading=entry.role, cause=cause)
            yield of_verify(said)


def _session(
    records: Sequence[OpenRecord],
    pages: Sequence[Page | None],
    first: ReadingInRecord,
    last: ReadingInRecord,
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
        user=_user(last.member.payload) or _user(payload),
    )


def _user(payload: AnyPayload) -> tuple[str, str] | None:
    return (str(payload.IT), payload.ID) if payload.ID else None


def _signed_reading(entry: ReadingInRecord) -> SignedReading | None:
    reading = entry.reading
    moment = reading.timestamp
    value = reading.RV
    if moment.tzinfo is None or value is None or not is_sound(value) or value < 0:
        return None
    if reading.RU not in ENERGY_UNITS:
        return None
    return SignedReading(
        value=value,
        unit=str(reading.RU),
        time=moment.isoformat(timespec="milliseconds"),
        at_ms=unix_ms(moment),
        has_time=reading.time_status in _SET_CLOCKS and "t" not in (reading.EF or ""),
    )


def evse_ids_of(records: Iterable[OpenRecord]) -> list[str]:
    """The charge points that the records name, each once; a charge box and its connector (CBIDC)
    are not among them, since a CDR does not tell them."""
    named: list[str] = []
    for one in records:
        payload = one.record.payload
        if payload is None or not payload.CI or payload.CI in named:
            continue
        is_evse_id = payload.CT is None and canonical_name(payload.CI) is not None
        if payload.CT == "EVSEID" or is_evse_id:
            named.append(payload.CI)
    return named
