"""Reports the verdict on a file, as models that are printed and as JSON.

    {"file": "transaction.xml", "verdict": "verified", "reason": null,
     "key_source": "in_file",
     "findings": [],
     "values": [{"number": 1, "transaction_id": "17", "context": "Transaction.Begin",
                 "verdict": "verified", "reason": null, "pagination": "T1",
                 "algorithm": "ECDSA-secp256r1-SHA256", "public_key": "3059...",
                 "key_fingerprint": "a9f1...",
                 "findings": [{"code": "key_not_signer", "severity": "error",
                               "values": {"expected": "a9f1...", "found": "07c2..."},
                               "message": "The record is unaltered, but ..."}]}],
     "transactions": [{"transaction_id": "17", "values": [1, 2],
                       "verdict": "verified", "reason": null,
                       "begin": {"time": "2026-11-21T10:00:00,000+0100", "time_status": "S",
                                 "value": "2935.600", "unit": "kWh", "obis": "1-0:1.8.0",
                                 "reason": "B", "pagination": "T1"},
                       "end": {...}, "energy": "11.500", "unit": "kWh",
                       "gateway_serial": "...", "meter_serial": "...", "meter_model": "...",
                       "identification": "...", "charge_point_type": "EVSEID",
                       "charge_point": "DE*ABC*E1", "findings": []}]}

`verdict` is verified, not_verified or unreadable; `reason` is the code of the weightiest error,
null if there is none. `key_source` is pinned (the key given by the user judged), in_file (the
file's own keys did: that shows integrity, not origin) or none. Values and energies are decimal
texts with the digits as signed, never JSON numbers. Texts from the file may hold any character;
those in the `values` and `message` of a finding are short and printable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, PlainSerializer

from wattseal.common.findings import Finding, Severity
from wattseal.common.sentences import read_sentences
from wattseal.ocmf.container import SignedValue
from wattseal.ocmf.findings import TABLE
from wattseal.ocmf.record import Record
from wattseal.ocmf.signature import KeyRing, algorithm_of
from wattseal.ocmf.transaction import Outcome, ReadingInRecord, energy_of


@dataclass
class JudgedValue:
    """Value number `number` of a file; `record` is None if its text is no OCMF record."""

    number: int
    value: SignedValue
    record: Record | None = None
    ring: KeyRing = field(default_factory=KeyRing)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_authentic(self) -> bool:
        """Whether the owner of the key that it was verified with signed the record."""
        return Severity.ERROR not in [finding.severity for finding in self.findings]

    @property
    def is_repeated(self) -> bool:
        """Whether an earlier value is the same word for word."""
        return self.has("record_repeated")

    def has(self, code: str) -> bool:
        """Whether the code was found."""
        return code in [finding.code for finding in self.findings]


class Verdict(StrEnum):
    """What can be said of a file or of a part of it."""

    VERIFIED = "verified"
    NOT_VERIFIED = "not_verified"
    UNREADABLE = "unreadable"

    @property
    def exit_status(self) -> int:
        """0 verified, 1 not verified, 2 unreadable."""
        return list(Verdict).index(self)


def finding_as_json(finding: Finding) -> dict[str, Any]:
    """The members of a finding in a report."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "values": finding.values,
        "message": finding.sentence_en,
    }


FindingInReport = Annotated[Finding, PlainSerializer(finding_as_json)]


class ReadingReport(BaseModel):
    """One reading that a transaction is billed by."""

    time: str
    time_status: str
    value: str | None
    unit: str | None
    obis: str | None
    reason: str
    pagination: str | None


class ValueReport(BaseModel):
    """One signed value of a file, numbered from 1 in file order."""

    number: int
    transaction_id: str | None = None
    context: str | None = None
    verdict: Verdict
    reason: str | None
    pagination: str | None = None
    algorithm: str | None = None
    public_key: str | None = None
    key_fingerprint: str | None = None
    findings: list[FindingInReport] = []


class TransactionReport(BaseModel):
    """The values that belong to one transaction, judged together."""

    transaction_id: str | None
    values: list[int]
    verdict: Verdict
    reason: str | None
    begin: ReadingReport | None = None
    end: ReadingReport | None = None
    energy: str | None = None
    unit: str | None = None
    gateway_serial: str | None = None
    meter_serial: str | None = None
    meter_model: str | None = None
    identification: str | None = None
    charge_point_type: str | None = None
    charge_point: str | None = None
    findings: list[FindingInReport] = []


class FileReport(BaseModel):
    """All that was found in one file."""

    file: str
    verdict: Verdict
    reason: str | None
    key_source: Literal["pinned", "in_file", "none"] = "none"
    findings: list[FindingInReport] = []
    values: list[ValueReport] = []
    transactions: list[TransactionReport] = []

    @property
    def all_findings(self) -> list[Finding]:
        """Findings of the file and of every part of it."""
        of_values = [finding for value in self.values for finding in value.findings]
        of_transactions = [finding for one in self.transactions for finding in one.findings]
        return [*self.findings, *of_values, *of_transactions]


def weightiest_error(findings: Iterable[Finding]) -> str | None:
    """The code of the error that matters most, None if there is no error."""
    return weightiest(f.code for f in findings if f.severity is Severity.ERROR)


def weightiest(codes: Iterable[str | None]) -> str | None:
    """The code that matters most, None if there is none. The table has them in that order."""
    given = {code for code in codes if code}
    return next(code for code in read_sentences(TABLE) if code in given) if given else None


def verdict_for(reason: str | None) -> Verdict:
    """The verdict that follows from the weightiest error."""
    if reason is None:
        return Verdict.VERIFIED
    is_unreadable = read_sentences(TABLE)[reason].is_unreadable
    return Verdict.UNREADABLE if is_unreadable else Verdict.NOT_VERIFIED


def overall(reports: Iterable[FileReport]) -> Verdict:
    """The worst verdict of several files."""
    return max((report.verdict for report in reports), key=lambda verdict: verdict.exit_status)


class RecordsCheck(NamedTuple):
    """What was found in the records of one transaction.

    `values` are the records one by one, in the order given, `findings` what concerns them together.
    `outcome` has the readings to bill by; it is None if some record is not authentic.
    """

    values: tuple[JudgedValue, ...]
    findings: tuple[Finding, ...]
    outcome: Outcome | None

    @property
    def all_findings(self) -> list[Finding]:
        """The findings of the records, then those of the transaction."""
        return [*(finding for one in self.values for finding in one.findings), *self.findings]

    @property
    def reason(self) -> str | None:
        """The code of the weightiest error, None if there is none."""
        return weightiest_error(self.all_findings)

    @property
    def verdict(self) -> Verdict:
        """Verified if there is no error."""
        return verdict_for(self.reason)


_MAX_EXPONENT_SPELLED_OUT = 30


def report_value(one: JudgedValue) -> ValueReport:
    """The report of one signed value."""
    reason = weightiest_error(one.findings)
    judge = one.ring.verification_key
    payload = one.record.payload if one.record else None
    return ValueReport(
        number=one.number,
        transaction_id=one.value.transaction_id,
        context=one.value.context,
        verdict=verdict_for(reason),
        reason=reason,
        pagination=payload.PG if payload else None,
        algorithm=algorithm_of(one.record) if one.record else None,
        public_key=judge.hex if judge else None,
        key_fingerprint=judge.fingerprint if judge else None,
        findings=one.findings,
    )


def report_transaction(check: RecordsCheck) -> TransactionReport:
    """The report of the values of one transaction."""
    report = TransactionReport(
        transaction_id=check.values[0].value.transaction_id,
        values=[one.number for one in check.values],
        verdict=check.verdict,
        reason=check.reason,
        findings=list(check.findings),
    )
    if check.outcome:
        _describe(report, check.outcome.begin, check.outcome.end)
    return report


def _describe(
    report: TransactionReport, begin: ReadingInRecord | None, end: ReadingInRecord | None
) -> None:
    report.begin = _report_reading(begin) if begin else None
    report.end = _report_reading(end) if end else None
    some = begin or end
    if some:
        payload = some.member.payload
        report.gateway_serial, report.meter_serial = payload.GS, payload.MS
        report.meter_model = payload.MM
        report.identification = str(payload.ID) if payload.ID else None
        report.charge_point_type = None if payload.CT is None else str(payload.CT)
        report.charge_point = payload.CI
    if begin and end:
        energy = energy_of(begin, end)
        report.energy = None if energy is None else _digits(energy)
        report.unit = str(begin.reading.RU) if energy is not None else None


def _report_reading(entry: ReadingInRecord) -> ReadingReport:
    reading = entry.reading
    return ReadingReport(
        time=(entry.written_time or "").partition(" ")[0],
        time_status=str(reading.time_status),
        value=None if reading.RV is None else _digits(reading.RV),
        unit=None if reading.RU is None else str(reading.RU),
        obis=None if reading.RI is None else str(reading.RI),
        reason=str(reading.TX),
        pagination=entry.member.payload.PG,
    )


def _digits(value: Decimal) -> str:
    """The digits as signed; with an exponent only where there would be too many without."""
    exponent = value.as_tuple().exponent
    is_short = isinstance(exponent, int) and abs(exponent) <= _MAX_EXPONENT_SPELLED_OUT
    return f"{value:f}" if is_short else str(value)
