"""Verifies signed values and the transactions that they make.

Of a record whose signature does not hold, nothing else is checked: nobody has signed what it says,
and further findings about it would hide the one that counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from wattseal.common.findings import Finding
from wattseal.ocmf.container import ContainerError, SignedValue, read_container
from wattseal.ocmf.findings import check_failed, found, guarded
from wattseal.ocmf.public_key import PublicKey
from wattseal.ocmf.record import RecordMalformedError, read_record
from wattseal.ocmf.report import (
    FileReport,
    JudgedValue,
    RecordsCheck,
    TransactionReport,
    report_transaction,
    report_value,
    verdict_for,
    weightiest,
)
from wattseal.ocmf.signature import (
    check_key,
    check_signature,
    common_signers,
    key_ring,
    not_signer,
    short_name,
)
from wattseal.ocmf.transaction import (
    CONTEXT_BEGIN,
    CONTEXT_END,
    Member,
    check_transaction,
    is_complete,
)

# Some curves are slow in pure Python; a file made for that must not take hours.
MAX_OTHER_KEYS = 4
MAX_VALUES_FOR_RECOVERY = 16


def check_records(
    values: Sequence[SignedValue],
    pinned: PublicKey | None = None,
    *,
    is_claimed: bool = True,
    find_signer: bool = True,
) -> RecordsCheck:
    """Judge the records of one transaction; never raises on what they may hold.

    `pinned` is the key that the user trusts. Then it judges every record, and a key that came with
    one and differs from it is an error. `is_claimed`: the records are said to be a whole
    transaction, so that a missing half is an error and not a warning. `find_signer`: where
    signatures do not fit, find out whether one other key made them all, which takes some
    milliseconds. The result can be pickled.
    """
    judged = judge_values(values, pinned)
    group = [one for one in judged if not one.is_repeated]
    if find_signer and len(judged) <= MAX_VALUES_FOR_RECOVERY:
        look_for_replaced_key(group)
    return check_group(group, is_claimed=is_claimed)._replace(values=tuple(judged))


def judge_values(values: Iterable[SignedValue], pinned: PublicKey | None) -> list[JudgedValue]:
    """Judge each value on its own, numbered from 1; each is tried with the keys of all."""
    judged = [JudgedValue(number, value) for number, value in enumerate(values, 1)]
    for one in judged:
        with guarded(one.findings):
            _open(one, pinned)
    keys = _distinct_keys(judged)
    for one in judged:
        with guarded(one.findings):
            _judge(one, keys)
    _mark_repeated(judged)
    return judged


def look_for_replaced_key(group: Sequence[JudgedValue]) -> None:
    """Find out from the signatures whether a key was replaced or records were altered."""
    failed = [one for one in group if one.has("signature_mismatch")]
    signers: set[PublicKey] = set()
    if failed:
        with guarded(failed[0].findings):
            signers = common_signers([one.record for one in failed if one.record])
    for one in failed:
        if signers and one.ring.verification_key:
            kept = [f for f in one.findings if f.code != "signature_mismatch"]
            one.findings = [not_signer(one.ring.verification_key, signers), *kept]


def check_group(group: Sequence[JudgedValue], *, is_claimed: bool) -> RecordsCheck:
    """Check the judged values of one transaction together."""
    differing = tuple(_check_one_key(group))
    members = [
        Member(one.record.payload, one.record.times, one.value.context)
        for one in group
        if one.record and one.record.payload and one.is_authentic
    ]
    if len(members) < len(group):
        return RecordsCheck(tuple(group), differing, None)
    try:
        outcome = check_transaction(members, is_claimed=is_claimed)
    except Exception as error:
        return RecordsCheck(tuple(group), (*differing, check_failed(error)), None)
    return RecordsCheck(tuple(group), differing + outcome.findings, outcome)


def _open(one: JudgedValue, pinned: PublicKey | None) -> None:
    try:
        record = read_record(one.value.text)
    except RecordMalformedError as error:
        one.findings.append(found("record_malformed", cause=error))
        return
    one.ring = key_ring(one.value.public_key or record.appended_key, pinned)
    one.record = record


def _judge(one: JudgedValue, keys: Iterable[PublicKey]) -> None:
    if one.record is None:
        return
    one.findings += check_key(one.ring)
    if one.ring.verification_key:
        one.findings += check_signature(one.record, one.ring.verification_key, keys)
    if one.is_authentic:
        one.findings += one.record.findings
    transaction_id = one.value.transaction_id
    if transaction_id and not transaction_id.isdecimal():
        one.findings.append(found("transaction_id_not_integer", found=transaction_id))


def _distinct_keys(judged: Iterable[JudgedValue]) -> list[PublicKey]:
    """The first few keys of all."""
    keys = (key for one in judged for key in (one.ring.pinned, one.ring.own) if key)
    return list(dict.fromkeys(keys))[:MAX_OTHER_KEYS]


def _mark_repeated(judged: Iterable[JudgedValue]) -> None:
    """Mark values that are the same as an earlier one; they are not counted in a transaction."""
    first_seen: dict[tuple[str | None, str], int] = {}
    for one in judged:
        if one.record is None:
            continue
        first = first_seen.setdefault((one.value.transaction_id, one.record.text), one.number)
        if first != one.number:
            one.findings.append(found("record_repeated", number=first))


def _check_one_key(group: Iterable[JudgedValue]) -> Iterator[Finding]:
    """Whether all values came with the same key."""
    own = [one.ring.own for one in group if one.ring.own]
    for key in own[1:]:
        if key != own[0]:
            yield found("key_differs", expected=short_name(own[0]), found=short_name(key))
            return


def verify_file(name: str, data: bytes, pinned: PublicKey | None = None) -> FileReport:
    """Verify the bytes of a file; never raises on what a file may hold.

    `pinned` is the key that the user trusts. Then it judges every record, and a key in the file
    that differs from it is an error.
    """
    try:
        values = read_container(data)
    except ContainerError as error:
        return unreadable(name, error.finding)
    except Exception as error:
        return unreadable(name, check_failed(error))
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
        if key is None and _stands_alone(one):
            key = one.number
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _stands_alone(one: JudgedValue) -> bool:
    """Whether a value is a whole transaction, or is not called part of one."""
    payload = one.record.payload if one.record else None
    is_called_part = one.value.context in (CONTEXT_BEGIN, CONTEXT_END)
    return payload is not None and (
        is_complete(payload) or not (is_called_part or any(reading.TX for reading in payload.RD))
    )


def _check_group(group: list[JudgedValue]) -> TransactionReport | None:
    """The report on values that belong together; None if they are no part of a transaction."""
    is_claimed = len(group) > 1 or group[0].value.transaction_id is not None
    check = check_group(group, is_claimed=is_claimed)
    outcome = check.outcome
    if outcome and not check.findings and outcome.begin is None and outcome.end is None:
        return None
    return report_transaction(check)


def _report(
    name: str,
    judged: list[JudgedValue],
    transactions: list[TransactionReport],
    pinned: PublicKey | None,
) -> FileReport:
    values = [report_value(one) for one in judged]
    reasons = [part.reason for part in values] + [part.reason for part in transactions]
    reason = weightiest(reasons)
    has_key = any(one.ring.verification_key for one in judged)
    return FileReport(
        file=name,
        verdict=verdict_for(reason),
        reason=reason,
        key_source="pinned" if pinned else "in_file" if has_key else "none",
        values=values,
        transactions=transactions,
    )
