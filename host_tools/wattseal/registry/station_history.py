"""A charge point's history as its page tells it: what happened, and when which key signed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from wattseal.ocmf.evse_id import read_evse_id
from wattseal.ocmf.public_key import KeyPeriod, recall_public_key
from wattseal.registry import records
from wattseal.registry.states import fingerprint_of

SCENARIOS = {
    records.Scenario.INITIAL: "Commissioned",
    records.Scenario.METER_REPLACEMENT: "Meter replaced",
    records.Scenario.MODULE_REPLACEMENT: "Signing module replaced",
    records.Scenario.FIRMWARE_UPDATE: "Firmware updated, new key",
    records.Scenario.REUSE: "Commissioned with a reused signing module",
    records.Scenario.TAKE_OVER: "Taken over from another operator",
}
REASONS = {
    "decommissioned": "Decommissioned",
    "defective": "Key deactivated: defective",
    "compromised": "Key deactivated: compromised",
    "lost": "Key deactivated: lost",
}

History = list[tuple[int, records.Record]]


@dataclass(frozen=True)
class Event:
    """A record as a person reads it. `facts`: a label and a value each; `entry`: its number."""

    entry: int
    unix_ms: int
    title: str
    facts: list[tuple[str, str]] = field(default_factory=list)


def events(evse_id: str, history: History) -> list[Event]:
    """What happened at a charge point, newest first."""
    told = [Event(n, record.unix_ms, *_told(evse_id, record)) for n, record in history]
    return told[::-1]


def key_periods(evse_id: str, history: History) -> list[KeyPeriod]:
    """The keys of a charge point, newest first."""
    periods: list[KeyPeriod] = []
    for number, record in history:
        if _ends_here(evse_id, record):
            periods[-1:] = [_ended(last, record) for last in periods[-1:]]
        if isinstance(record, records.Registration) and _same(record.evse_id, evse_id):
            periods.append(_begun(number, record))
    return periods[::-1]


def _begun(number: int, record: records.Registration) -> KeyPeriod:
    return KeyPeriod(
        key=recall_public_key(record.public_key),
        from_ms=record.unix_ms,
        until_ms=None,
        was_deactivated=False,
        gateway_serial=record.gateway_serial,
        meter_serial=record.meter.serial,
        entry=number,
    )


def _ended(period: KeyPeriod, record: records.Record) -> KeyPeriod:
    if period.until_ms is not None:
        return period
    was_deactivated = isinstance(record, records.Deactivation)
    return replace(period, until_ms=record.unix_ms, was_deactivated=was_deactivated)


def _ends_here(evse_id: str, record: records.Record) -> bool:
    """Whether the key that signed for the charge point before this record does so no more."""
    if isinstance(record, records.Registration):
        left = any(_same(one.evse_id, evse_id) for one in record.ended.evses)
        return left or _same(record.evse_id, evse_id)
    return isinstance(record, records.Deactivation) and _same(record.evse_id, evse_id)


def _told(evse_id: str, record: records.Record) -> tuple[str, list[tuple[str, str]]]:
    """Title and facts of a record, as seen from this charge point."""
    if isinstance(record, records.Registration):
        if _same(record.evse_id, evse_id):
            return SCENARIOS[record.scenario], list(_registration_facts(record))
        return "Meter and module went to another charge point", [("Now at", record.evse_id)]
    if isinstance(record, records.Deactivation):
        noted = [("Note", record.note)] if record.note else []
        return REASONS[record.reason], [("Key", _short(record.public_key)), *noted]
    if isinstance(record, records.HardwareExchange):
        station = f"{record.station_model}, serial number {record.station_serial}"
        return "Station hardware exchanged", [("Station", station), ("Meter and key", "the same")]
    if isinstance(record, records.Consent):
        return "Consent to a take-over", [("By", record.from_operator), ("To", record.to_operator)]
    if isinstance(record, records.TestCharge):
        return "Test charge kept", [("Key", _short(record.public_key))]
    return record.type.replace("_", " ").capitalize(), []


def _registration_facts(record: records.Registration) -> Iterator[tuple[str, str]]:
    yield "Key", f"number {record.key_number}, {_short(record.public_key)}"
    yield "Meter", f"{record.meter.manufacturer} {record.meter.model} {record.meter.serial}"
    yield "Module", f"{record.module_model} {record.gateway_serial}"
    yield "Firmware", record.firmware
    for one in record.ended.evses:
        yield "Before at", one.evse_id


def _short(public_key: str) -> str:
    fingerprint = fingerprint_of(public_key)
    return f"{fingerprint[:16]}…"


def _same(one: str, other: str) -> bool:
    return read_evse_id(one) == read_evse_id(other)
