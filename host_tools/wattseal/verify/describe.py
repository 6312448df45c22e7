"""Fills the reports: what a person wants to see of a value and of a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from wattseal.verify.findings import Finding
from wattseal.verify.judged_value import JudgedValue
from wattseal.verify.report import (
    ReadingReport,
    TransactionReport,
    ValueReport,
    verdict_for,
    weightiest,
    weightiest_error,
)
from wattseal.verify.signature_check import algorithm_of
from wattseal.verify.transaction_check import Outcome
from wattseal.verify.transaction_parts import Taking, energy_of

_MAX_EXPONENT_SPELLED_OUT = 30


def report_value(one: JudgedValue) -> ValueReport:
    """The report of one signed value."""
    reason = weightiest_error(one.findings)
    judge = one.ring.judge
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


def report_transaction(
    group: Sequence[JudgedValue], findings: Sequence[Finding], outcome: Outcome | None
) -> TransactionReport:
    """The report of the values of one transaction; without an outcome, of unauthentic ones."""
    of_values = [weightiest_error(one.findings) for one in group]
    reason = weightiest([weightiest_error(findings), *of_values])
    report = TransactionReport(
        transaction_id=group[0].value.transaction_id,
        values=[one.number for one in group],
        verdict=verdict_for(reason),
        reason=reason,
        findings=list(findings),
    )
    if outcome:
        _describe(report, outcome.begin, outcome.end)
    return report


def _describe(report: TransactionReport, begin: Taking | None, end: Taking | None) -> None:
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


def _report_reading(taking: Taking) -> ReadingReport:
    reading = taking.reading
    return ReadingReport(
        time=(taking.written_time or "").partition(" ")[0],
        time_status=str(reading.time_status),
        value=None if reading.RV is None else _digits(reading.RV),
        unit=None if reading.RU is None else str(reading.RU),
        obis=None if reading.RI is None else str(reading.RI),
        reason=str(reading.TX),
        pagination=taking.member.payload.PG,
    )


def _digits(value: Decimal) -> str:
    """The digits as signed; with an exponent only where they would be absurdly many without."""
    exponent = value.as_tuple().exponent
    is_short = isinstance(exponent, int) and abs(exponent) <= _MAX_EXPONENT_SPELLED_OUT
    return f"{value:f}" if is_short else str(value)
