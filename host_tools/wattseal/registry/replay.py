"""Judges a record again: could it have been made, by these rules, from the states before it?

A record is taken apart into the request that it answers; the rules judge that request at the
record's own time, and the record that then follows must be this one. What cannot be judged again
is whether a challenge was the registry's and still good.
"""

from __future__ import annotations

from wattseal.common.findings import Finding
from wattseal.ocmf.evse_id import EvseIdError
from wattseal.registry import make_record
from wattseal.registry.api_models import (
    AccessRequest,
    AccessState,
    ConsentRequest,
    DeactivationRequest,
    HardwareExchangeRequest,
    ModuleState,
    RegistrationRequest,
    TestChargeRequest,
)
from wattseal.registry.records import (
    AccessGranted,
    AccessRevoked,
    Consent,
    Deactivation,
    HardwareExchange,
    Record,
    Registration,
    TestCharge,
)
from wattseal.registry.rules import (
    check_against_registry,
    judge_consent,
    judge_deactivation,
    judge_hardware_exchange,
    judge_test_charge,
    reason,
)
from wattseal.registry.rules.access import access_faults, administrator_faults
from wattseal.registry.rules.other_requests import scope_faults, target_faults
from wattseal.registry.rules.proof import (
    DAY_MS,
    Challenged,
    Facts,
    History,
    judged,
    read_history,
    read_proof,
    read_repeated,
    recorded_end,
)
from wattseal.registry.states import Ledger
from wattseal.wire.signed_text import TextError

_AboutEvse = Deactivation | HardwareExchange | Consent | TestCharge

HOST = "registry"
"""The actor of what the registry's own host does: access keys, and nothing else."""


TakenApart = tuple[Facts | None, list[Finding]]
"""A registration's facts, and what is wrong with it by itself."""


def judge_record(
    record: Record, ledger: Ledger, beforehand: TakenApart | None = None
) -> list[Finding]:
    """What speaks against a record, given the states before it; never raises on what it says.

    beforehand: what `take_apart` has made of the record, perhaps in another process.
    """
    try:
        return _judge(record, ledger, beforehand)
    except (ValueError, EvseIdError, TextError) as error:
        return [reason("record_unreadable", cause=str(error).partition("\n")[0][:200])]


def take_apart(record: Record) -> TakenApart | None:
    """The part of the judgement that takes the most time, signatures above all, without a ledger.

    Of a registration that brings its module's whole history, as the first one of each module does:
    it holds unless the module is recorded already. None of other records.
    """
    if not isinstance(record, Registration) or record.statements_before:
        return None
    try:
        return _facts_of(record, None)
    except (ValueError, EvseIdError, TextError):
        return None  # judge_record says what


def _judge(record: Record, ledger: Ledger, beforehand: TakenApart | None) -> list[Finding]:
    if isinstance(record, (AccessGranted, AccessRevoked)):
        return _judge_access(record, ledger)
    actor = ledger.access(record.actor)
    if actor is None:
        return [reason("access_unknown", key_id=record.actor)]
    if isinstance(record, Registration):
        return _judge_registration(record, ledger, actor, beforehand)
    return _judge_about_evse(record, ledger, actor)


def _judge_registration(
    record: Registration, ledger: Ledger, actor: AccessState, beforehand: TakenApart | None
) -> list[Finding]:
    module = ledger.module(record.chip_id)
    if beforehand is None or module is not None:
        beforehand = _facts_of(record, module)
    taken_apart, found = beforehand
    if taken_apart is None:
        return found
    found = [*found, *check_against_registry(taken_apart, ledger, actor, record.unix_ms)]
    if found or not taken_apart.is_whole:
        return found
    return _differences(record, make_record.build(taken_apart, ledger, actor, record.unix_ms))


def _facts_of(record: Registration, module: ModuleState | None) -> TakenApart:
    proof, found = read_proof(record.possession)
    if proof is None:
        return None, found
    req = RegistrationRequest(
        scenario=record.scenario,
        possession=record.possession,
        statements=record.statements,
        module_model=record.module_model,
        meter=record.meter,
    )
    history, broken = _history_of(record, proof.chip_id, module)
    challenge = Challenged("", record.unix_ms, lambda _: "good", 0, record.unix_ms)
    return judged(req, proof, history, broken, challenge)


def _history_of(
    record: Registration, chip_id: str, module: ModuleState | None
) -> tuple[History | None, list[Finding]]:
    """The record's statements, which go on where the recorded ones end or repeat the last."""
    before, recorded = record.statements_before, module.statements if module else 0
    if before == recorded:
        return read_history(record.statements, chip_id, recorded_end(module) if module else None)
    if before == recorded - 1 and len(record.statements) == 1:
        return read_repeated(record.statements[0], recorded)
    cause = "it does not go on where the recorded statements end"
    return None, [reason("history_broken", number=before + 1, cause=cause)]


def _judge_about_evse(record: _AboutEvse, ledger: Ledger, actor: AccessState) -> list[Finding]:
    if isinstance(record, Deactivation):
        return _judge_deactivation(record, ledger, actor)
    if isinstance(record, HardwareExchange):
        return _judge_hardware_exchange(record, ledger, actor)
    if isinstance(record, Consent):
        return _judge_consent(record, ledger, actor)
    return _judge_test_charge(record, ledger, actor)


def _judge_deactivation(record: Deactivation, ledger: Ledger, actor: AccessState) -> list[Finding]:
    req = DeactivationRequest(
        evse_id=record.evse_id, reason=record.reason, farewell=record.farewell, note=record.note
    )
    return judge_deactivation(req, ledger, actor, record.unix_ms) or _differences(
        record, make_record.build_deactivation(req, ledger, actor, record.unix_ms)
    )


def _judge_hardware_exchange(
    record: HardwareExchange, ledger: Ledger, actor: AccessState
) -> list[Finding]:
    req = HardwareExchangeRequest(
        evse_id=record.evse_id,
        station_model=record.station_model,
        station_serial=record.station_serial,
        note=record.note,
    )
    return judge_hardware_exchange(req, ledger, actor, record.unix_ms) or _differences(
        record, make_record.build_hardware_exchange(req, actor, record.unix_ms)
    )


def _judge_consent(record: Consent, ledger: Ledger, actor: AccessState) -> list[Finding]:
    days = (record.until_unix_ms - record.unix_ms) // DAY_MS
    req = ConsentRequest(evse_id=record.evse_id, to_operator=record.to_operator, days=days)
    return judge_consent(req, ledger, actor, record.unix_ms) or _differences(
        record, make_record.build_consent(req, ledger, actor, record.unix_ms)
    )


def _judge_test_charge(record: TestCharge, ledger: Ledger, actor: AccessState) -> list[Finding]:
    req = TestChargeRequest(evse_id=record.evse_id, begin=record.begin, end=record.end)
    return judge_test_charge(req, ledger, actor, record.unix_ms) or _differences(
        record, make_record.build_test_charge(req, ledger, actor, record.unix_ms)
    )


def _judge_access(record: AccessGranted | AccessRevoked, ledger: Ledger) -> list[Finding]:
    """An administrator's work, or that of the registry's host."""
    found: list[Finding] = []
    if record.actor != HOST:
        actor = ledger.access(record.actor)
        if actor is None:
            return [reason("access_unknown", key_id=record.actor)]
        found = [*access_faults(actor, record.unix_ms), *administrator_faults(actor)]
    if isinstance(record, AccessRevoked):
        found += target_faults(record.key_id, ledger)
        return found or _differences(
            record,
            make_record.build_revocation(record.key_id, ledger, record.actor, record.unix_ms),
        )
    if ledger.access(record.key_id):
        found.append(reason("access_exists", key_id=record.key_id))
    req = _access_request(record)
    return [*found, *scope_faults(req)] or _differences(record, _granted(req, record))


def _access_request(record: AccessGranted) -> AccessRequest:
    until = record.until_unix_ms
    return AccessRequest(
        role=record.role,
        operators=record.operators,
        label=record.label,
        days=None if until is None else (until - record.unix_ms) // DAY_MS,
    )


def _granted(req: AccessRequest, record: AccessGranted) -> AccessGranted:
    return make_record.build_access(
        req, record.actor, record.unix_ms, record.key_id, record.secret_sha256
    )


def _differences(record: Record, made: Record) -> list[Finding]:
    """The members of a record that are not what follows."""
    return [
        reason("record_differs", member=name)
        for name in type(record).model_fields
        if getattr(record, name) != getattr(made, name)
    ]
