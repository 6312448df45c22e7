"""Begins and ends sessions, and names their files; a lost reply loses and doubles no record.

`begin`, `intermediate` and `end` must not be done twice. So the journal's next pagination is read
before, and after a lost reply the journal shows whether the record was made. If it was not, the
request was lost, as one may be while the module erases flash, and it is sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from wattseal.common.errors import ToolError
from wattseal.device.device import Device, key_of
from wattseal.device.link import ATTEMPTS, ReplyLostError
from wattseal.device.models import SignedRecord, StoredRecord
from wattseal.ocmf.container import transaction_xml
from wattseal.ocmf.public_key import PublicKey
from wattseal.ocmf.record import RecordMalformedError, read_record
from wattseal.ocmf.transaction import END_REASONS
from wattseal.wire.errors import WattsealError

_MADE_BY = {"begin": {"B"}, "intermediate": {"C"}, "end": set(END_REASONS)}
"""TX letters of the record that a method makes; a power failure may have ended it instead (P)."""


@dataclass(frozen=True)
class Signed:
    """A record that the module has signed and stored.

    `was_recovered`: its reply was lost and the record was fetched from the journal.
    """

    record: StoredRecord
    key: PublicKey
    was_recovered: bool = False


def begin(device: Device, **params: Any) -> Signed:
    """Begin a session and return its begin record."""
    return _sign(device, "begin", lambda: device.begin(**params))


def intermediate(device: Device) -> Signed:
    """Sign a reading during the session."""
    return _sign(device, "intermediate", device.intermediate)


def end(device: Device, reason: str, begin_record: StoredRecord) -> Signed:
    """End the session that begin_record began, as `open_session` gave it: its end record."""
    signed = _sign(device, "end", lambda: device.end(reason))
    if signed.record.session_id != begin_record.session_id:
        cause = "the record ends another session than the one that was open"
        raise ToolError("reply_unusable", method="end", cause=cause)
    return signed


def open_session(device: Device) -> StoredRecord:
    """The begin record of the open session, fetched from the module; it need not be ours."""
    session = device.status().session
    if session is None:
        raise ToolError.from_module(WattsealError("no_session"))
    return device.record(session.begin_pagination)


def _sign(device: Device, method: str, call: Callable[[], SignedRecord]) -> Signed:
    expected = device.status().journal.next
    for _ in range(ATTEMPTS):
        try:
            made = call()
        except ReplyLostError as lost:
            if (recovered := _recover(device, method, expected, lost)) is not None:
                return recovered
        else:
            return Signed(made, key_of(made.public_key, method))
    raise ToolError("not_done", method=method)


def _recover(device: Device, method: str, expected: int, lost: ReplyLostError) -> Signed | None:
    """Fetch the record whose reply was lost, None if none was made.

    The module answers in the order of the requests: one that was not done before the status is
    told will not be done later. ToolError `outcome_unknown`.
    """
    unknown = ToolError("outcome_unknown", method=method, cause=str(lost.error))
    try:
        was_made = device.status().journal.next > expected
        made = (device.record(expected), device.public_key()) if was_made else None
    except ToolError:
        raise unknown from None
    if made is None:
        return None
    if not reasons_of(made[0]) & _MADE_BY[method]:
        raise unknown
    return Signed(*made, was_recovered=True)


def reasons_of(record: StoredRecord) -> set[str]:
    """TX letters of a record's readings; empty if it cannot be read."""
    try:
        payload = read_record(record.record).payload
    except RecordMalformedError:
        return set()
    return {str(reading.TX) for reading in payload.RD} if payload else set()


BEGIN = "begin.ocmf"
END = "end.ocmf"
TRANSACTION = "transaction.xml"
KEY_HEX = "public-key.hex"
KEY_PEM = "public-key.pem"


def key_files(key: PublicKey) -> dict[str, str]:
    """The key's two files."""
    return {KEY_HEX: key.hex, KEY_PEM: key.pem}


def begin_files(begin: StoredRecord, key: PublicKey) -> dict[str, str]:
    """What can be kept as soon as a session has begun."""
    return {BEGIN: begin.record, **key_files(key)}


def session_files(begin: StoredRecord, end: StoredRecord, key: PublicKey) -> dict[str, str]:
    """All five files of an ended session."""
    xml = transaction_xml(begin.session_id, begin.record, end.record, key)
    return {**begin_files(begin, key), END: end.record, TRANSACTION: xml}


def journal_files(records: Iterable[StoredRecord], key: PublicKey) -> dict[str, str]:
    """Records as T<n>.ocmf, and the XML of each session whose begin and end are both there."""
    records = list(records)
    files = {f"T{record.pagination}.ocmf": record.record for record in records}
    begins: dict[int, StoredRecord] = {}
    for record in records:
        reasons = reasons_of(record)
        if "B" in reasons:
            begins[record.session_id] = record
        begin = begins.get(record.session_id)
        if begin and reasons & END_REASONS:
            name = f"transaction-T{begin.pagination}-T{record.pagination}.xml"
            files[name] = transaction_xml(record.session_id, begin.record, record.record, key)
            del begins[record.session_id]
    return {**files, **key_files(key)}
