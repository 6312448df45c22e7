"""What a registry records, in a few words for people."""

from __future__ import annotations

from wattseal.cli.times import local_time
from wattseal.registry.records import (
    AccessGranted,
    AccessRevoked,
    Consent,
    Deactivation,
    HardwareExchange,
    Meter,
    MeterRef,
    Record,
    Registration,
)
from wattseal.registry.requests import EvseState, HistoryLine, KeyAnswer, KeyValidity


def meter_words(meter: Meter | MeterRef) -> str:
    """Manufacturer and serial number."""
    return f"{meter.manufacturer} {meter.serial}"


def status_words(evse: EvseState) -> str:
    """What became of a charge point, and when."""
    return f"{evse.status.replace('_', ' ')} since {local_time(evse.since_unix_ms)}"


def validity_words(key: KeyAnswer | KeyValidity) -> str:
    """From when until when a key signs for its charge point."""
    until = key.valid_until_unix_ms
    return f"from {local_time(key.valid_from_unix_ms)} until " + (
        "now" if until is None else local_time(until)
    )


def evse_facts(evse: EvseState, key: KeyAnswer | None) -> list[tuple[str, str]]:
    """A charge point in lines of a label and a value."""
    return [
        ("EVSE-ID", evse.evse_id),
        ("operator", evse.operator),
        ("status", f"{status_words(evse)} (entry {evse.entry})"),
        ("meter", meter_words(evse.meter) if evse.meter else "none"),
        ("module", f"chip {evse.chip_id}" if evse.chip_id else "none"),
        ("key", f"SHA-256 {evse.fingerprint}" if evse.fingerprint else "none"),
        *(
            [
                ("public key", key.public_key),
                ("algorithm", key.algorithm),
                ("key valid", validity_words(key)),
            ]
            if key
            else []
        ),
    ]


def history_row(line: HistoryLine) -> tuple[str, str, str, str]:
    """Entry, time, what it is, and its most telling details."""
    record = line.record
    what = record.type.replace("_", " ")
    if isinstance(record, Registration):
        what = f"{what}: {record.scenario.value.replace('_', ' ')}"
    details = _details(record)
    if line.key and line.key.valid_from_unix_ms == record.unix_ms:  # the record that began it
        details += f", valid {validity_words(line.key)}"
    return str(line.number), local_time(record.unix_ms), what, details


def _details(record: Record) -> str:
    if isinstance(record, Registration):
        return (
            f"{record.evse_id}, meter {meter_words(record.meter)}, chip {record.chip_id}, "
            f"key {record.key_number}, firmware {record.firmware}"
        )
    if isinstance(record, Deactivation):
        words = f"{record.reason}{', with farewell' if record.farewell else ''}"
        return f"{words}: {record.note}" if record.note else words
    if isinstance(record, HardwareExchange):
        return f"{record.station_model} {record.station_serial}"
    if isinstance(record, Consent):
        return f"{record.from_operator} lets {record.to_operator} take over"
    if isinstance(record, (AccessGranted, AccessRevoked)):
        return f"{record.key_id} ({record.role})"
    return "begin and end record kept"
