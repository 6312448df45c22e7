"""Verifies one file: every value's signature, then the transactions that authentic values make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wattseal.public_key import PublicKey
from wattseal.verify.container import ContainerError, read_container
from wattseal.verify.describe import report_transaction, report_value
from wattseal.verify.findings import Finding
from wattseal.verify.judged_value import JudgedValue
from wattseal.verify.record import Record
from wattseal.verify.records_check import (
    MAX_VALUES_FOR_RECOVERY,
    check_group,
    judge_values,
    look_for_replaced_key,
)
from wattseal.verify.report import FileReport, TransactionReport, verdict_for, weightiest
from wattseal.verify.signed_value import SignedValue
from wattseal.verify.transaction_parts import is_complete


def verify_file(name: str, data: bytes, pinned: PublicKey | None = None) -> FileReport:
    """Verify the bytes of a file; never raises on what a file may hold.

    `pinned` is the key that the user trusts. Then it judges every record, and a key in the file
    that differs from it is an error.
    """
    try:
        values = read_container(data)
    except ContainerError as error:
        return unreadable(name, error.finding)
    return verify_values(name, values, pinned)


def verify_values(
    name: str, values: Sequence[SignedValue], pinned: PublicKey | None = None
) -> FileReport:
    """Verify what a file held: at least one value, in file order; see verify_file."""
    judged = judge_values(values, pinned)
    groups = _groups(judged)
    if len(judged) <= MAX_VALUES_FOR_RECOVERY:
        for group in groups:
            look_for_replaced_key(group)
    transactions = [report for group in groups if (report := _check_group(group))]
    return _report(name, judged, transactions, pinned)


def unreadable(name: str, finding: Finding) -> FileReport:
    """The report on a file from which nothing could be taken."""
    code = finding.code
    return FileReport(file=name, verdict=verdict_for(code), reason=code, findings=[finding])


def _groups(judged: Iterable[JudgedValue]) -> list[list[JudgedValue]]:
    """Values that belong together: by transactionId; without one, the incomplete ones together."""
    groups: dict[str | int | None, list[JudgedValue]] = {}
    for one in judged:
        if one.record is None or one.is_repeated:
            continue
        key: str | int | None = one.value.transaction_id
        if key is None and _stands_alone(one.record):
            key = one.number
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _stands_alone(record: Record) -> bool:
    """Whether a record is a whole transaction or no part of one."""
    payload = record.payload
    return payload is not None and (
        is_complete(payload) or not any(reading.TX for reading in payload.RD)
    )


def _check_group(group: list[JudgedValue]) -> TransactionReport | None:
    """The verdict on values that belong together; None if they are no part of a transaction."""
    is_claimed = len(group) > 1 or group[0].value.transaction_id is not None
    findings, outcome = check_group(group, is_claimed=is_claimed)
    if outcome and not findings and outcome.begin is None and outcome.end is None:
        return None
    return report_transaction(group, findings, outcome)


def _report(
    name: str,
    judged: list[JudgedValue],
    transactions: list[TransactionReport],
    pinned: PublicKey | None,
) -> FileReport:
    values = [report_value(one) for one in judged]
    reasons = [part.reason for part in values] + [part.reason for part in transactions]
    reason = weightiest(reasons)
    has_key = any(one.ring.judge for one in judged)
    return FileReport(
        file=name,
        verdict=verdict_for(reason),
        reason=reason,
        key_source="pinned" if pinned else "in_file" if has_key else "none",
        values=values,
        transactions=transactions,
    )
