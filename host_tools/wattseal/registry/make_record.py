"""Makes the record of a request that was found plausible: what it says, and what it ends.

Only what plausibility finds nothing against may come here; the records are then true.
"""

from __future__ import annotations

from wattseal.ocmf.evse_id import read_evse_id, read_operator
from wattseal.registry.api_models import (
    AccessRequest,
    AccessState,
    ConsentRequest,
    DeactivationRequest,
    EvseState,
    HardwareExchangeRequest,
    KeyState,
    ModuleState,
    TestChargeRequest,
)
from wattseal.registry.records import (
    AccessGranted,
    AccessRevoked,
    Consent,
    Deactivation,
    Ended,
    EndedEvse,
    EndedKey,
    FreedModule,
    HardwareExchange,
    Registration,
    Statement,
    TestCharge,
)
from wattseal.registry.rules.proof import DAY_MS, Facts
from wattseal.registry.rules.registration import (
    RegistryView,
    is_take_over,
    look_up,
    old_meter_is_freed,
)
from wattseal.registry.states import Ledger


def build(facts: Facts, ledger: Ledger, actor: AccessState, now_ms: int) -> Registration:
    """The record of a registration."""
    if facts.evse is None or facts.key is None or facts.history is None:
        raise ValueError("the registration was refused")
    now = look_up(facts, ledger)
    members = facts.proof.members
    before, statements = facts.history.to_record(now.module.statements if now.module else 0)
    return Registration(
        unix_ms=now_ms,
        actor=actor.key_id,
        scenario=facts.scenario,
        operator=facts.evse.operator,
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
        possession=facts.proof.possession,
        statements_before=before,
        statements=statements,
        consent=_consent_used(now, now_ms),
        ended=_ended(now, ledger),
    )


def build_deactivation(
    req: DeactivationRequest, ledger: Ledger, actor: AccessState, now_ms: int
) -> Deactivation:
    """The record that ends a key; meter, module and charge point are free then."""
    evse, key, module = _at(req.evse_id, ledger)
    meter = ledger.meter(evse.meter) if evse.meter else None
    return Deactivation(
        unix_ms=now_ms,
        actor=actor.key_id,
        evse_id=evse.evse_id,
        chip_id=module.chip_id,
        public_key=key.public_key,
        reason=req.reason,
        farewell=req.farewell,
        note=req.note,
        ended=Ended(
            keys=[_ended_key(key, "deactivated")],
            evses=[EndedEvse(evse_id=evse.evse_id, status="deactivated")],
            modules=[_freed(module, req.farewell)],
            meters=[meter.meter] if meter else [],
        ),
    )


def build_hardware_exchange(
    req: HardwareExchangeRequest, actor: AccessState, now_ms: int
) -> HardwareExchange:
    """The record of a new station around the same meter."""
    return HardwareExchange(
        unix_ms=now_ms,
        actor=actor.key_id,
        evse_id=read_evse_id(req.evse_id).text,
        station_model=req.station_model,
        station_serial=req.station_serial,
        note=req.note,
    )


def build_consent(req: ConsentRequest, ledger: Ledger, actor: AccessState, now_ms: int) -> Consent:
    """The record of a consent; it names what is at the charge point now."""
    evse, _key, module = _at(req.evse_id, ledger)
    if evse.meter is None:
        raise ValueError("the charge point has no meter")
    return Consent(
        unix_ms=now_ms,
        actor=actor.key_id,
        evse_id=evse.evse_id,
        chip_id=module.chip_id,
        meter=evse.meter,
        from_operator=evse.operator,
        to_operator=read_operator(req.to_operator),
        until_unix_ms=now_ms + req.days * DAY_MS,
    )


def build_test_charge(
    req: TestChargeRequest, ledger: Ledger, actor: AccessState, now_ms: int
) -> TestCharge:
    """The record that keeps a session's two records."""
    evse, key, _module = _at(req.evse_id, ledger)
    return TestCharge(
        unix_ms=now_ms,
        actor=actor.key_id,
        evse_id=evse.evse_id,
        public_key=key.public_key,
        begin=req.begin,
        end=req.end,
    )


def build_access(
    req: AccessRequest, actor_id: str, now_ms: int, key_id: str, secret_sha256: str
) -> AccessGranted:
    """The record of a new access key. actor_id: `registry` for what its host makes."""
    return AccessGranted(
        unix_ms=now_ms,
        actor=actor_id,
        key_id=key_id,
        role=req.role,
        operators=list(dict.fromkeys(read_operator(operator) for operator in req.operators)),
        label=req.label,
        secret_sha256=secret_sha256,
        until_unix_ms=None if req.days is None else now_ms + req.days * DAY_MS,
    )


def build_revocation(key_id: str, ledger: Ledger, actor_id: str, now_ms: int) -> AccessRevoked:
    """The record of a revoked access key."""
    state = ledger.access(key_id)
    if state is None:
        raise ValueError("there is no such access key")
    return AccessRevoked(
        unix_ms=now_ms,
        actor=actor_id,
        key_id=key_id,
        role=state.role,
        operators=state.operators,
        label=state.label,
        secret_sha256=state.secret_sha256,
        until_unix_ms=state.until_unix_ms,
    )


def _at(evse_id: str, ledger: Ledger) -> tuple[EvseState, KeyState, ModuleState]:
    """An active charge point with its key and its module."""
    evse = ledger.evse(evse_id)
    key = ledger.key(evse.fingerprint) if evse and evse.fingerprint else None
    module = ledger.module(evse.chip_id) if evse and evse.chip_id else None
    if evse is None or key is None or module is None:
        raise ValueError("the charge point is not active")
    return evse, key, module


def _consent_used(now: RegistryView, now_ms: int) -> int | None:
    """The consent to a take-over; an administrator may do without, and uses one that is good."""
    consent = now.consent
    if consent is None or not is_take_over(now):
        return None
    return None if consent.used or now_ms > consent.until_unix_ms else consent.entry


def _ended(now: RegistryView, ledger: Ledger) -> Ended:
    keys, evses, modules = [], [], []
    if now.home and now.module_key and now.has_new_key:
        keys.append(_ended_key(now.module_key, "superseded"))
    if now.is_occupied and now.evse:
        _evse, old_key, old_module = _at(now.evse.evse_id, ledger)
        keys.append(_ended_key(old_key, "superseded"))
        modules.append(_freed(old_module))
    if now.home and is_take_over(now):
        evses.append(EndedEvse(evse_id=now.home.evse_id, status="taken_over"))
    left = _left_behind(now, ledger)
    if left:
        evses.append(EndedEvse(evse_id=left, status="moved"))
    freed = now.old_meter is not None and old_meter_is_freed(now)
    return Ended(
        keys=keys,
        evses=evses,
        modules=modules,
        meters=[now.old_meter.meter] if now.old_meter and freed else [],
    )


def _left_behind(now: RegistryView, ledger: Ledger) -> str | None:
    """The charge point that the module was decommissioned at, unless something is there again."""
    if now.home or not now.module_key or not now.facts.evse:
        return None
    former = ledger.evse(now.module_key.evse_id)
    if former is None or former.evse_id == now.facts.evse.text:
        return None
    is_its_end = former.status == "deactivated" and former.entry == now.module_key.entry
    return former.evse_id if is_its_end else None


def _ended_key(key: KeyState, status: str) -> EndedKey:
    return EndedKey.model_validate(
        {
            "status": status,
            "public_key": key.public_key,
            "key_number": key.key_number,
            "firmware_identity": key.firmware_identity,
            "chip_id": key.chip_id,
            "evse_id": key.evse_id,
            "meter": key.meter,
        }
    )


def _freed(module: ModuleState, farewell: Statement | None = None) -> FreedModule:
    if module.fingerprint is None:
        raise ValueError("the module has no recorded key")
    return FreedModule(
        chip_id=module.chip_id,
        model=module.model,
        gateway_serial=module.gateway_serial,
        fingerprint=module.fingerprint,
        commissioning=module.commissioning,
        possession_unix_ms=module.possession_unix_ms,
        statements=module.statements + (1 if farewell else 0),
        last_statement=farewell.statement if farewell else module.last_statement,
    )
