"""Requests that were recorded before: whoever lost the answer asks again and gets the same one."""

from __future__ import annotations

from itertools import islice

from sqlalchemy import Connection

from wattseal.evse_id import EvseIdError, read_evse_id
from wattseal.registry import log_store
from wattseal.registry.plausibility import Facts
from wattseal.registry.records import (
    Deactivation,
    HardwareExchange,
    Record,
    Registration,
    TestCharge,
)
from wattseal.registry.requests import (
    AccessState,
    DeactivationRequest,
    HardwareExchangeRequest,
    RegistrationRequest,
    TestChargeRequest,
)
from wattseal.registry.sql_ledger import possession_entries, touching_entries

EvseRequest = DeactivationRequest | HardwareExchangeRequest

MAX_LOOKED_AT = 100
"""Entries about a charge point: as a rule there are a few in all its years."""

_RECORD_OF: dict[type[EvseRequest], type[Record]] = {
    DeactivationRequest: Deactivation,
    HardwareExchangeRequest: HardwareExchange,
}


def registered_before(connection: Connection, req: RegistrationRequest, facts: Facts) -> int | None:
    """The entry of this very registration: the same proof, and nothing told otherwise."""
    proof = facts.proof
    for entry in possession_entries(connection, proof.chip_id, proof.unix_ms):
        record = log_store.read_one_record(connection, entry)
        if isinstance(record, Registration) and _is_of(record, req, facts):
            return entry
    return None


def _is_of(record: Registration, req: RegistrationRequest, facts: Facts) -> bool:
    return (
        record.possession.statement == req.possession.statement
        and record.scenario == req.scenario
        and record.module_model == req.module_model
        and record.meter == facts.meter
    )


def charged_before(connection: Connection, req: TestChargeRequest) -> int | None:
    """The entry that keeps these very records of a session already, whoever sent them.

    It is looked for among the charge point's newest entries: the log's head is locked meanwhile.
    """
    try:
        evse = read_evse_id(req.evse_id)
    except EvseIdError:
        return None
    newest_first = reversed(touching_entries(connection, evse.canonical))
    for entry in islice(newest_first, MAX_LOOKED_AT):
        record = log_store.read_one_record(connection, entry)
        if isinstance(record, TestCharge) and (record.begin, record.end) == (req.begin, req.end):
            return entry
    return None


def recorded_last(connection: Connection, req: EvseRequest, actor: AccessState) -> int | None:
    """The newest entry about a charge point, if the same caller asked for the same there."""
    try:
        evse = read_evse_id(req.evse_id)
    except EvseIdError:
        return None
    entries = touching_entries(connection, evse.canonical)
    record = log_store.read_one_record(connection, entries[-1]) if entries else None
    if not isinstance(record, _RECORD_OF[type(req)]) or record.actor != actor.key_id:
        return None
    asked = {**req.model_dump(), "evse_id": evse.text}
    told = record.model_dump()
    return entries[-1] if all(told[name] == asked[name] for name in asked) else None
