"""Verifies one file: every value's signature, then the transactions that authentic values make.

Records whose signature does not hold are not looked into: what they say has no author, and a list
of complaints about it would hide the one that counts.
"""

from __future__ import annotations

from collections.abc import Iterable

from wattseal.public_key import PublicKey
from wattseal.verify.container import ContainerError, SignedValue, read_container
from wattseal.verify.describe import report_transaction, report_value
from wattseal.verify.findings import Code, Finding, found
from wattseal.verify.judged_value import JudgedValue
from wattseal.verify.record import Record, RecordMalformedError, read_record
from wattseal.verify.report import FileReport, TransactionReport, verdict_for, weightiest
from wattseal.verify.signature_check import check_key, check_signature, common_signers, key_ring
from wattseal.verify.transaction_check import check_transaction
from wattseal.verify.transaction_parts import Member, is_complete

# Some curves are slow in pure Python; a hostile file must not buy hours of it.
_MAX_OTHER_KEYS = 4
_MAX_VALUES_FOR_RECOVERY = 16


def verify_file(name: str, data: bytes, pinned: PublicKey | None = None) -> FileReport:
    """Verify the bytes of a file; never raises on what a file may hold.

    `pinned` is the key that the user trusts. Then it judges every record, and a key in the file
    that differs from it is an error.
    """
    try:
        values = read_container(data)
    except ContainerError as error:
        return unreadable(name, error.code, str(error))
    judged = [_open(number, value, pinned) for number, value in enumerate(values, 1)]
    keys = _distinct_keys(judged)
    for one in judged:
        _judge(one, keys)
    _mark_repeated(judged)
    groups = _groups(judged)
    if len(judged) <= _MAX_VALUES_FOR_RECOVERY:
        for group in groups:
            _look_for_replaced_key(group)
    transactions = [report for group in groups if (report := _check_group(group))]
    return _report(name, judged, transactions, pinned)


def unreadable(name: str, code: Code, message: str) -> FileReport:
    """The report on a file from which nothing could be taken."""
    finding = found(code, message)
    return FileReport(file=name, verdict=verdict_for(code), reason=code, findings=[finding])


def _open(number: int, value: SignedValue, pinned: PublicKey | None) -> JudgedValue:
    try:
        record = read_record(value.text)
    except RecordMalformedError as error:
        finding = found(Code.RECORD_MALFORMED, f"The record cannot be read: {error}.")
        return JudgedValue(number, value, findings=[finding])
    ring = key_ring(value.public_key or record.appended_key, pinned)
    return JudgedValue(number, value, record, ring)


def _distinct_keys(judged: Iterable[JudgedValue]) -> list[PublicKey]:
    keys = (key for one in judged for key in (one.ring.pinned, one.ring.own) if key)
    return list(dict.fromkeys(keys))[:_MAX_OTHER_KEYS]


def _judge(one: JudgedValue, keys: list[PublicKey]) -> None:
    if one.record is None:
        return
    one.findings += check_key(one.ring)
    if one.ring.judge:
        one.findings += check_signature(one.record, one.ring.judge, keys)
    if one.is_authentic:
        one.findings += one.record.findings
    if one.value.transaction_id and not one.value.transaction_id.isdecimal():
        message = "The transactionId is not an integer, which other verifiers refuse."
        one.findings.append(found(Code.TRANSACTION_ID_NOT_INTEGER, message))


def _mark_repeated(judged: Iterable[JudgedValue]) -> None:
    """Mark values that repeat another one word for word; they add nothing to a transaction."""
    first_seen: dict[tuple[str | None, str], int] = {}
    for one in judged:
        if one.record is None:
            continue
        first = first_seen.setdefault((one.value.transaction_id, one.record.text), one.number)
        if first != one.number:
            message = f"The value is the same as value {first}."
            one.findings.append(found(Code.RECORD_REPEATED, message))


def _groups(judged: Iterable[JudgedValue]) -> list[list[JudgedValue]]:
    """Values that belong together: by transactionId; without one, the incomplete ones together."""
    groups: dict[str | int | None, list[JudgedValue]] = {}
    for one in judged:
        if one.record is None or any(f.code is Code.RECORD_REPEATED for f in one.findings):
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


def _look_for_replaced_key(group: list[JudgedValue]) -> None:
    """Tell a replaced key from altered records where the signatures themselves can tell."""
    failed = [one for one in group if any(f.code is Code.SIGNATURE_MISMATCH for f in one.findings)]
    signers = common_signers([one.record for one in failed if one.record])
    if not signers:
        return
    message = (
        "The key is wrong, the records are not: they were all signed with one other key, which is "
        "not the one they are checked with."
    )
    for one in failed:
        one.findings = [f for f in one.findings if f.code is not Code.SIGNATURE_MISMATCH]
        one.findings.insert(0, found(Code.KEY_NOT_SIGNER, message))


def _check_group(group: list[JudgedValue]) -> TransactionReport | None:
    """The verdict on values that belong together; None if they are no part of a transaction."""
    findings: list[Finding] = []
    if len({one.ring.own for one in group if one.ring.own}) > 1:
        message = "The values of the transaction carry different public keys."
        findings.append(found(Code.KEY_DIFFERS, message))
    if not all(one.is_authentic for one in group):
        return report_transaction(group, findings)
    members = [
        Member(one.record.payload, one.record.times, one.value.context)
        for one in group
        if one.record and one.record.payload
    ]
    is_claimed = len(group) > 1 or group[0].value.transaction_id is not None
    outcome = check_transaction(members, is_claimed=is_claimed)
    findings += outcome.findings
    if not findings and outcome.begin is None and outcome.end is None:
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
