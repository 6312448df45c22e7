"""Makes the record of a request that was found plausible: what it says, and what it ends.

Only what plausibility finds nothing against may come here; the records are then true.
"""

from __future__ import annotations

from wattseal.ocmf.evse_id import read_operator
from wattseal.registry import api_models as api
from wattseal.registry import records
from wattseal.registry.rules import registration
from wattseal.registry.rules.proof import DAY_MS, Facts
from wattseal.registry.states import Ledger

REQUEST_OF: dict[type[records.RecordAboutEvse], type[api.RequestAboutEvse]] = {
    records.Deactivation: api.DeactivationRequest,
    records.HardwareExchange: api.HardwareExchangeRequest,
    records.Consent: api.ConsentRequest,
    records.TestCharge: api.TestChargeRequest,
}
"""What a record about a charge point answers."""


def build(
    facts: Facts, ledger: Ledger, actor: api.AccessState, now_ms: int
) -> records.Registration:
    """The record of a registration."""
    now = registration.look_up(facts, ledger)
    if facts.history is None:
        raise ValueError("the registration was refused")
    members = facts.proof.members
    before, statements = facts.history.to_record(now.module.statements if now.module else 0)
    return records.Registration(
        unix_ms=now_ms,
        actor=actor.key_id,
        scenario=facts.scenario,
        operator=now.at.operator,
        evse_id=members["evse_id"],
        gateway_serial=members["gateway_serial"],
        module_model=facts.module_model,
        chip_id=facts.proof.chip_id,
        meter=facts.meter,
        key_number=members["key_number"],
        public_key=members["public_key"],
        firmware=members["firmware"],
        firmware_identity=members["firmware_identity"],
        commissioning=facts.proof.commissioning,
        settings_sha256=members["settings_sha256"],
        possession=facts.proof.possession,
        statements_before=before,
        statements=statements,
        consent=_consent_used(now, now_ms),
        ended=_ended(now, ledger),
    )


def build_about_evse(
    req: api.RequestAboutEvse, ledger: Ledger, actor: api.AccessState, now_ms: int
) -> records.RecordAboutEvse:
    """The record of a request about a charge point that is active."""
    evse, key, module = _at(req.evse_id, ledger)
    told = {"unix_ms": now_ms, "actor": actor.key_id, "evse_id": evse.evse_id}
    match req:
        case api.DeactivationRequest():
            ended = _ended_by(req, evse, key, module, ledger)
            of = {"chip_id": module.chip_id, "public_key": key.public_key}
            return records.Deactivation.copied_from(req, **told, **of, ended=ended)
        case api.HardwareExchangeRequest():
            return records.HardwareExchange.copied_from(req, **told)
        case api.TestChargeRequest():
            return records.TestCharge.copied_from(req, **told, public_key=key.public_key)
        case api.ConsentRequest():
            return records.Consent.copied_from(
                evse,
                **told,
                from_operator=evse.operator,
                to_operator=read_operator(req.to_operator),
                until_unix_ms=now_ms + req.days * DAY_MS,
            )


def _ended_by(
    req: api.DeactivationRequest,
    evse: api.EvseState,
    key: api.KeyState,
    module: api.ModuleState,
    ledger: Ledger,
) -> records.Ended:
    """What a deactivation ends; meter, module and charge point are free then."""
    meter = ledger.meter(evse.meter) if evse.meter else None
    return records.Ended(
        keys=[records.EndedKey.copied_from(key, status="deactivated")],
        evses=[records.EndedEvse(evse_id=evse.evse_id, status="deactivated")],
        modules=[_freed(module, req.farewell)],
        meters=[meter.meter] if meter else [],
    )


def build_access(
    req: api.AccessRequest, actor_id: str, now_ms: int, key_id: str, secret_sha256: str
) -> records.AccessGranted:
    """The record of a new access key. actor_id: `registry` for what its host makes."""
    return records.AccessGranted.copied_from(
        req,
        unix_ms=now_ms,
        actor=actor_id,
        key_id=key_id,
        operators=list(dict.fromkeys(read_operator(operator) for operator in req.operators)),
        secret_sha256=secret_sha256,
        until_unix_ms=None if req.days is None else now_ms + req.days * DAY_MS,
    )


def build_revocation(
    key_id: str, ledger: Ledger, actor_id: str, now_ms: int
) -> records.AccessRevoked:
    """The record of a revoked access key."""
    state = ledger.access(key_id)
    if state is None:
        raise ValueError("there is no such access key")
    return records.AccessRevoked.copied_from(state, unix_ms=now_ms, actor=actor_id)


def _at(evse_id: str, ledger: Ledger) -> tuple[api.EvseState, api.KeyState, api.ModuleState]:
    """An active charge point with its key and its module."""
    evse = ledger.evse(evse_id)
    key = ledger.key(evse.fingerprint) if evse and evse.fingerprint else None
    module = ledger.module(evse.chip_id) if evse and evse.chip_id else None
    if evse is None or key is None or module is None:
        raise ValueError("the charge point is not active")
    return evse, key, module


def _consent_used(now: registration.RegistryView, now_ms: int) -> int | None:
    """The consent to a take-over; an administrator may do without, and uses one that is good."""
    consent = now.consent
    if consent is None or not registration.is_take_over(now):
        return None
    return None if consent.used or now_ms > consent.until_unix_ms else consent.entry


def _ended(now: registration.RegistryView, ledger: Ledger) -> records.Ended:
    keys, evses, modules = [], [], []
    if now.home and now.module_key and now.has_new_key:
        keys.append(records.EndedKey.copied_from(now.module_key, status="superseded"))
    if now.is_occupied and now.evse:
        _evse, old_key, old_module = _at(now.evse.evse_id, ledger)
        keys.append(records.EndedKey.copied_from(old_key, status="superseded"))
        modules.append(_freed(old_module))
    if now.home and registration.is_take_over(now):
        evses.append(records.EndedEvse(evse_id=now.home.evse_id, status="taken_over"))
    left = _left_behind(now, ledger)
    if left:
        evses.append(records.EndedEvse(evse_id=left, status="moved"))
    freed = now.old_meter is not None and registration.old_meter_is_freed(now)
    return records.Ended(
        keys=keys,
        evses=evses,
        modules=modules,
        meters=[now.old_meter.meter] if now.old_meter and freed else [],
    )


def _left_behind(now: registration.RegistryView, ledger: Ledger) -> str | None:
    """The charge point that the module was decommissioned at, unless something is there again."""
    if now.home or not now.module_key:
        return None
    former = ledger.evse(now.module_key.evse_id)
    if former is None or former.evse_id == now.at.text:
        return None
    is_its_end = former.status == "deactivated" and former.entry == now.module_key.entry
    return former.evse_id if is_its_end else None


def _freed(
    module: api.ModuleState, farewell: records.Statement | None = None
) -> records.FreedModule:
    if farewell is None:
        return records.FreedModule.copied_from(module)
    said = {"statements": module.statements + 1, "last_statement": farewell.statement}
    return records.FreedModule.copied_from(module, **said)
