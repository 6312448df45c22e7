"""Judges a record again: could it have been made, by these rules, from the states before it?

A record is taken apart into the request that it answers; the rules judge that request at the
record's own time, and the record that then follows must be this one. What cannot be judged again
is whether a challenge was the registry's and still good.
"""

from __future__ import annotations

from wattseal.common.findings import Finding
from wattseal.ocmf.evse_id import EvseIdError
from wattseal.registry import api_models as api
from wattseal.registry import make_record, records
from wattseal.registry.rules import check_against_registry, judge, proof, reason
from wattseal.registry.rules.access import access_faults, administrator_faults
from wattseal.registry.rules.other_requests import scope_faults, target_faults
from wattseal.registry.states import Ledger
from wattseal.wire.signed_text import TextError

HOST = "registry"
"""The actor of what the registry's own host does: access keys, and nothing else."""


TakenApart = tuple[proof.Facts | None, list[Finding]]
"""A registration's facts, and what is wrong with it by itself."""


def judge_record(
    record: records.Record, ledger: Ledger, beforehand: TakenApart | None = None
) -> list[Finding]:
    """What speaks against a record, given the states before it; never raises on what it says.

    beforehand: what `take_apart` has made of the record, perhaps in another process.
    """
    try:
        return _judge(record, ledger, beforehand)
    except Exception as error:
        cause = str(error).partition("\n")[0][:200] or type(error).__name__
        return [reason("record_unreadable", cause=cause)]


def take_apart(record: records.Record) -> TakenApart | None:
    """The part of the judgement that takes the most time, signatures above all, without a ledger.

    Of a registration that brings its module's whole history, as the first one of each module does:
    it holds unless the module is recorded already. None of other records.
    """
    if not isinstance(record, records.Registration) or record.statements_before:
        return None
    try:
        return _facts_of(record, None)
    except (ValueError, EvseIdError, TextError):
        return None  # judge_record says what


def _judge(record: records.Record, ledger: Ledger, beforehand: TakenApart | None) -> list[Finding]:
    if isinstance(record, (records.AccessGranted, records.AccessRevoked)):
        return _judge_access(record, ledger)
    actor = ledger.access(record.actor)
    if actor is None:
        return [reason("access_unknown", key_id=record.actor)]
    if isinstance(record, records.Registration):
        return _judge_registration(record, ledger, actor, beforehand)
    return _judge_about_evse(record, ledger, actor)


def _judge_registration(
    record: records.Registration,
    ledger: Ledger,
    actor: api.AccessState,
    beforehand: TakenApart | None,
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


def _facts_of(record: records.Registration, module: api.ModuleState | None) -> TakenApart:
    possession, found = proof.read_proof(record.possession)
    if possession is None:
        return None, found
    req = api.RegistrationRequest.copied_from(record)
    history, broken = _history_of(record, possession.chip_id, module)
    challenge = proof.Challenged("", record.unix_ms, lambda _: "good", 0, record.unix_ms)
    return proof.judged(req, possession, history, broken, challenge)


def _history_of(
    record: records.Registration, chip_id: str, module: api.ModuleState | None
) -> tuple[proof.History | None, list[Finding]]:
    """The record's statements, which go on where the recorded ones end or repeat the last."""
    before, recorded = record.statements_before, module.statements if module else 0
    if before == recorded:
        return proof.read_history(
            record.statements, chip_id, proof.recorded_end(module) if module else None
        )
    if before == recorded - 1 and len(record.statements) == 1:
        return proof.read_repeated(record.statements[0], recorded)
    cause = "it does not go on where the recorded statements end"
    return None, [reason("history_broken", number=before + 1, cause=cause)]


def _judge_about_evse(
    record: records.RecordAboutEvse, ledger: Ledger, actor: api.AccessState
) -> list[Finding]:
    asked = {"days": _days(record)} if isinstance(record, records.Consent) else {}
    req = make_record.REQUEST_OF[type(record)].copied_from(record, **asked)
    return judge(req, ledger, actor, record.unix_ms) or _differences(
        record, make_record.build_about_evse(req, ledger, actor, record.unix_ms)
    )


def _judge_access(
    record: records.AccessGranted | records.AccessRevoked, ledger: Ledger
) -> list[Finding]:
    """An administrator's work, or that of the registry's host."""
    found: list[Finding] = []
    if record.actor != HOST:
        actor = ledger.access(record.actor)
        if actor is None:
            return [reason("access_unknown", key_id=record.actor)]
        found = [*access_faults(actor, record.unix_ms), *administrator_faults(actor)]
    if isinstance(record, records.AccessRevoked):
        found += target_faults(record.key_id, ledger)
        return found or _differences(
            record,
            make_record.build_revocation(record.key_id, ledger, record.actor, record.unix_ms),
        )
    if ledger.access(record.key_id):
        found.append(reason("access_exists", key_id=record.key_id))
    req = api.AccessRequest.copied_from(record, days=_days(record))
    found += scope_faults(req)
    return found or _differences(
        record,
        make_record.build_access(
            req, record.actor, record.unix_ms, record.key_id, record.secret_sha256
        ),
    )


def _days(record: records.Consent | records.AccessGranted) -> int | None:
    """For how long it was asked for; None for ever."""
    until = record.until_unix_ms
    return None if until is None else (until - record.unix_ms) // proof.DAY_MS


def _differences(record: records.Record, made: records.Record) -> list[Finding]:
    """The members of a record that are not what follows."""
    return [
        reason("record_differs", member=name)
        for name in type(record).model_fields
        if getattr(record, name) != getattr(made, name)
    ]
