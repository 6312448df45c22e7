"""The log's entries: a registration as modules read it, any other record as its commitment.

    {"type":"change","version":1,"unix_ms":1795263690000,"details":"<SHA-256 of the record>"}

The log is of texts that are public and short; what they commit to is served beside them.
"""

from __future__ import annotations

from typing import Any

from wattseal.quick_text import build_leaf
from wattseal.registry.records import Record, Registration, details_of, record_text
from wattseal.wire import signed_text
from wattseal.wire.strict_json import MAX_INTEGER

CHANGE = (
    "change",
    200,
    (
        ("unix_ms", "int", (0, MAX_INTEGER), "required", ""),
        ("details", "hex", (64, 64), "required", ""),
    ),
)


def leaf_of(record: Record, text: str | None = None) -> str:
    """The entry of a record. TextError if a module could not have said what it says.

    text: the record's, where it was made already.
    """
    details = details_of(record_text(record) if text is None else text)
    if not isinstance(record, Registration):
        return signed_text.build(CHANGE, {"unix_ms": record.unix_ms, "details": details})
    return build_leaf(
        evse_id=record.evse_id,
        gateway_serial=record.gateway_serial,
        meter_serial=record.meter.serial,
        chip_id=record.chip_id,
        key_number=record.key_number,
        public_key=record.public_key,
        firmware_identity=record.firmware_identity,
        commissioning=record.commissioning,
        unix_ms=record.unix_ms,
        details=details,
    )


def read_change(text: str) -> dict[str, Any]:
    """The members of an entry that is no registration; TextError if it is none."""
    return signed_text.read(CHANGE, text)
