"""What is recorded that speaks against a registration."""

from __future__ import annotations

from collections.abc import Iterator

from wattseal.registry.ledger import Ledger
from wattseal.registry.plausibility.access import (
    access_faults,
    is_administrator,
    operator_faults,
)
from wattseal.registry.plausibility.facts import Facts
from wattseal.registry.plausibility.findings import reason
from wattseal.registry.plausibility.module_rules import (
    history_faults,
    key_faults,
    module_faults,
    serial_faults,
)
from wattseal.registry.plausibility.situation import (
    Situation,
    fitting_scenarios,
    is_take_over,
    look_up,
    old_meter_is_freed,
)
from wattseal.registry.records import Scenario
from wattseal.registry.requests import AccessState, Reason

_NEEDS_FREE_EVSE = (Scenario.INITIAL, Scenario.REUSE, Scenario.TAKE_OVER)


def against(facts: Facts, ledger: Ledger, actor: AccessState, now_ms: int) -> list[Reason]:
    """Everything that is recorded and speaks against it, in the order of importance."""
    found = list(access_faults(actor, now_ms))
    if facts.evse:
        found += operator_faults(actor, facts.evse.operator)
    if facts.evse and facts.key:
        now = look_up(facts, ledger)
        found += key_faults(now)
        found += module_faults(now, actor)
        found += serial_faults(now)
        found += history_faults(now)
        found += _scenario_faults(now)
        found += _meter_faults(now)
        found += _consent_faults(now, actor, now_ms)
    return found


def remarks(facts: Facts, ledger: Ledger) -> list[Reason]:
    """What does not hinder a registration, but should be looked at."""
    return list(_remarks(look_up(facts, ledger), ledger))


def _remarks(now: Situation, ledger: Ledger) -> Iterator[Reason]:
    if old_meter_is_freed(now) and now.old_meter:
        found, recorded = now.facts.meter.model, now.old_meter.meter.model
        if found != recorded:
            yield reason("meter_model_changed", found=found, recorded=recorded)
    if now.is_occupied and now.evse and now.evse.chip_id:
        old = ledger.module(now.evse.chip_id)
        found = now.facts.module_model
        if old and found != old.model:
            yield reason("module_model_changed", found=found, recorded=old.model)


def _scenario_faults(now: Situation) -> Iterator[Reason]:
    """At most one: what the request is, if it is not what it says."""
    wanted, fitting = now.facts.scenario, fitting_scenarios(now)
    if wanted in fitting:
        return
    if now.is_occupied and now.evse and wanted in _NEEDS_FREE_EVSE:
        yield reason("evse_has_active_key", evse_id=now.evse.evse_id, chip_id=now.evse.chip_id)
    elif fitting:
        words = " or ".join(fitting)
        yield reason("scenario_mismatch", requested=wanted.value, fitting=words)
    elif now.home and now.is_at_home:
        yield reason("already_registered", entry=now.home.entry)
    elif now.home and now.home.meter and is_take_over(now) and now.has_new_meter:
        meter = f"{now.home.meter.manufacturer} {now.home.meter.serial}"
        yield reason("meter_changed_in_take_over", evse_id=now.home.evse_id, recorded=meter)
    elif now.home:
        yield reason("module_at_other_evse", evse_id=now.home.evse_id)


def _meter_faults(now: Situation) -> Iterator[Reason]:
    at = now.meter.evse_id if now.meter else None
    allowed = {now.facts.evse.text} if now.facts.evse else set()
    if now.home and is_take_over(now):
        allowed.add(now.home.evse_id)
    if at is not None and at not in allowed:
        yield reason("meter_at_other_evse", evse_id=at)


def _consent_faults(now: Situation, actor: AccessState, now_ms: int) -> Iterator[Reason]:
    if not now.home or not now.facts.evse or not is_take_over(now) or is_administrator(actor):
        return
    values = {
        "evse_id": now.home.evse_id,
        "from_operator": now.home.operator,
        "to_operator": now.facts.evse.operator,
    }
    if now.consent is None or now.consent.used:
        yield reason("consent_missing", **values)
    elif now_ms > now.consent.until_unix_ms:
        yield reason("consent_expired", **values)
