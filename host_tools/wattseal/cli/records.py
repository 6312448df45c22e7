"""A signed record in one line."""

from __future__ import annotations

from wattseal.device_models import StoredRecord
from wattseal.verify.record import RecordMalformedError, read_record


def columns(record: StoredRecord) -> tuple[str, str, str | None, str | None, str]:
    """Pagination, session, reason, time and reading; what cannot be read is None."""
    start = f"T{record.pagination}", str(record.session_id)
    try:
        payload = read_record(record.record).payload
    except RecordMalformedError:
        payload = None
    if payload is None or not payload.RD:
        return *start, None, None, "unreadable"
    reading = payload.RD[-1]
    return *start, str(reading.TX), str(reading.TM), f"{reading.RV} {reading.RU}"


def describe(record: StoredRecord) -> str:
    """The last reading of a record and its time."""
    _pagination, _session, _reason, time, reading = columns(record)
    return f"{reading}  {time}" if time else reading
