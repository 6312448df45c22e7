"""What is recorded about the things that a registration names, looked up once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wattseal.common.findings import Finding
from wattseal.ocmf.evse_id import EvseId
from wattseal.registry import api_models as api
from wattseal.registry.records import MAX_NEW_STATEMENTS, Scenario
from wattseal.registry.rules.access import access_faults, is_administrator, operator_faults
from wattseal.registry.rules.proof import Facts, History
from wattseal.registry.rules.reasons import reason
from wattseal.registry.states import Ledger, meter_name, ref_of


@dataclass(frozen=True)
class RegistryView:
    """What the registry records about a registration's parts; None where nothing is recorded.

    at, evse: the charge point of the registration. fingerprint: of its key. home: where the
    module's key is active, which may be the same. module_key: the key that is recorded of the
    module, which may be an earlier one. serial_holder: the module that is at a charge point under
    this one's serial number.
    """

    facts: Facts
    at: EvseId
    fingerprint: str
    evse: api.EvseState | None
    key: api.KeyState | None
    module: api.ModuleState | None
    module_key: api.KeyState | None
    home: api.EvseState | None
    serial_holder: api.ModuleState | None
    meter: api.MeterState | None
    old_meter: api.MeterState | None
    consent: api.ConsentState | None

    @property
    def is_occupied(self) -> bool:
        """Whether the charge point has an active key of another module."""
        return (
            self.evse is not None
            and self.evse.status == "active"
            and self.evse.chip_id != self.facts.proof.chip_id
        )

    @property
    def same_evse(self) -> bool:
        """Whether the module is at this charge point already."""
        return self.home is not None and self.home.evse_id == self.at.text

    @property
    def has_new_key(self) -> bool:
        """Whether the key is another than the one that is recorded of the module."""
        return self.module is None or self.module.fingerprint != self.fingerprint

    @property
    def has_new_image(self) -> bool:
        """Whether another image runs than the one that made the key that is recorded."""
        old, found = self.module_key, self.facts.proof.members["firmware_identity"]
        return old is None or old.firmware_identity != found

    @property
    def has_other_settings(self) -> bool:
        """Whether its seal locks others than are recorded here, at the same commissioning."""
        if self.home is None or self.module is None or not self.same_evse:
            return False
        found, commissioning = self.facts.proof.members, self.facts.proof.commissioning
        is_other = found["settings_sha256"] != self.home.settings_sha256
        return is_other and commissioning == self.module.commissioning

    @property
    def has_new_meter(self) -> bool:
        """Whether the meter is another than the one at the module's charge point."""
        return (
            self.home is None
            or self.home.meter is None
            or meter_name(self.home.meter) != meter_name(self.facts.meter)
        )

    @property
    def has_new_label(self) -> bool:
        """Whether the meter's calibration, say, is recorded otherwise."""
        return self.meter is None or self.meter.meter != self.facts.meter


def look_up(facts: Facts, ledger: Ledger) -> RegistryView:
    """The situation of a registration. ValueError unless its charge point and key could be read."""
    if facts.evse is None or facts.key is None:
        raise ValueError("the registration was refused")
    module = ledger.module(facts.proof.chip_id)
    home = ledger.evse(module.evse_id) if module and module.evse_id else None
    evse = ledger.evse(facts.evse.text)
    old_meter = evse.meter if evse else None
    return RegistryView(
        facts=facts,
        at=facts.evse,
        fingerprint=facts.key.fingerprint,
        evse=evse,
        key=ledger.key(facts.key.fingerprint),
        module=module,
        module_key=ledger.key(module.fingerprint) if module and module.fingerprint else None,
        home=home,
        serial_holder=ledger.module_with_serial(facts.proof.members["gateway_serial"]),
        meter=ledger.meter(ref_of(facts.meter)),
        old_meter=ledger.meter(old_meter) if old_meter else None,
        consent=ledger.consent(home.evse_id, facts.evse.operator) if home else None,
    )


def fitting_scenarios(now: RegistryView) -> list[Scenario]:
    """Which scenarios the facts are; none if they are no registration at all."""
    if now.module is None or now.home is None:
        return _from_nowhere(now)
    if now.same_evse:
        return _at_home(now, now.module.commissioning)
    if is_take_over(now) and not now.is_occupied and not now.has_new_meter:
        return [Scenario.TAKE_OVER]
    return []


def is_take_over(now: RegistryView) -> bool:
    """Whether the module is active at a charge point of another operator."""
    return now.home is not None and now.home.operator != now.at.operator


def _from_nowhere(now: RegistryView) -> list[Scenario]:
    """A module that is new, or has been taken from its charge point."""
    if now.is_occupied:
        return [Scenario.MODULE_REPLACEMENT]
    if now.module:
        return [Scenario.REUSE]
    if now.evse and now.evse.status == "deactivated":  # its module's farewell was sent first
        return [Scenario.INITIAL, Scenario.MODULE_REPLACEMENT]
    return [Scenario.INITIAL]


def _at_home(now: RegistryView, commissioning: int) -> list[Scenario]:
    """The same module at the same charge point; several things may have changed at once."""
    fitting = []
    if now.has_new_key:
        fitting.append(Scenario.FIRMWARE_UPDATE)
    if now.has_new_meter or now.has_new_label:
        fitting.append(Scenario.METER_REPLACEMENT)
    if not fitting and now.facts.proof.commissioning > commissioning:
        fitting.append(Scenario.INITIAL)  # commissioned again, with a setting corrected
    return fitting


def old_meter_is_freed(now: RegistryView) -> bool:
    """Whether the charge point's present meter gives way to another one."""
    old = now.old_meter
    return old is not None and meter_name(old.meter) != meter_name(now.facts.meter)


def key_faults(now: RegistryView) -> Iterator[Finding]:
    """A key belongs to one module, and ends once; the next one has a higher number."""
    old, number = now.module_key, now.facts.proof.members["key_number"]
    if old and now.has_new_key and number <= old.key_number:
        yield reason("key_number_not_newer", found=number, recorded=old.key_number)
    if now.key is None:
        return
    if now.key.chip_id != now.facts.proof.chip_id:
        yield reason("key_of_another_module", chip_id=now.key.chip_id, entry=now.key.entry)
    if now.key.status != "active":
        yield reason("key_deactivated", status=now.key.status, entry=now.key.entry)


def module_faults(now: RegistryView, actor: api.AccessState) -> Iterator[Finding]:
    """A module's serial number stays, its counters go up and its proofs are ever newer."""
    if now.module is None:
        return
    module, proof = now.module, now.facts.proof
    found = proof.members["gateway_serial"]
    if found != module.gateway_serial and not is_administrator(actor):
        values = {"chip_id": module.chip_id, "recorded": module.gateway_serial, "found": found}
        yield reason("chip_serial_conflict", **values)
    given_ms, recorded_ms = proof.unix_ms, module.possession_unix_ms
    if given_ms is not None and recorded_ms is not None and given_ms <= recorded_ms:
        yield reason("possession_not_newer", entry=module.entry)
    least = module.commissioning + (1 if _is_sealed_anew(now, module) else 0)
    if proof.commissioning < least:
        values = {"found": proof.commissioning, "recorded": module.commissioning}
        yield reason("commissioning_not_newer", **values)
    elif now.home and now.has_other_settings and not now.has_new_image:
        yield reason(
            "settings_changed",
            commissioning=proof.commissioning,
            entry=now.home.entry,
            **_both_digests(now, now.home),
        )


def _both_digests(now: RegistryView, home: api.EvseState) -> dict[str, str | None]:
    found: str = now.facts.proof.members["settings_sha256"]
    return {"found": found, "recorded": home.settings_sha256}


def serial_faults(now: RegistryView) -> Iterator[Finding]:
    """A serial number is that of one module at a time, or of the one that takes its place."""
    holder = now.serial_holder
    if holder is None or holder.chip_id == now.facts.proof.chip_id:
        return
    if now.is_occupied and now.evse and now.evse.chip_id == holder.chip_id:
        return  # as when a new board is put into the old housing
    yield reason(
        "gateway_serial_taken",
        serial=holder.gateway_serial,
        chip_id=holder.chip_id,
        evse_id=holder.evse_id,
        entry=holder.entry,
    )


def _is_sealed_anew(now: RegistryView, module: api.ModuleState) -> bool:
    """Whether the module's settings are others than those that are recorded."""
    return (
        not now.same_evse
        or now.has_new_meter
        or now.facts.proof.members["gateway_serial"] != module.gateway_serial
    )


def history_faults(now: RegistryView) -> Iterator[Finding]:
    """The statements go on where the recorded ones end, and lead from key to key."""
    history = now.facts.history
    if history is None:
        return
    if now.module is None:
        yield from _length_faults(history, 0)
        return
    recorded = now.module.statements
    if history.count < recorded:
        yield reason("history_missing", found=history.count, recorded=recorded)
    elif history.text_of(recorded) not in (None, now.module.last_statement):
        cause = "another statement of that number is recorded"
        yield reason("history_broken", number=recorded, cause=cause)
    else:
        yield from _length_faults(history, recorded)
        yield from _succession_faults(now, history)


def _length_faults(history: History, recorded: int) -> Iterator[Finding]:
    found = history.count - recorded
    if found > MAX_NEW_STATEMENTS:
        yield reason("history_too_long", found=found, allowed=MAX_NEW_STATEMENTS)


def _succession_faults(now: RegistryView, history: History) -> Iterator[Finding]:
    """How the present key follows the recorded one: by hand-over, or by farewell and birth.

    A key that an image took over past the module is not the one that was let go: it could be
    anywhere. It counts only for a module that is at no charge point.
    """
    if now.module is None or now.module_key is None or not now.has_new_key:
        return
    old = now.module_key
    found = now.facts.proof.members["key_number"]
    new = history.after(now.module.statements)
    said_farewell = any(one.kind == "birth" for one in new)
    handed_over = [one.members["handover"] is not None for one in new if one.kind == "rollover"]
    if old.status == "active" and said_farewell:
        yield reason("rollover_missing", recorded=old.key_number, found=found)
    elif old.status == "active" and not all(handed_over):
        yield reason("handover_missing", recorded=old.key_number, evse_id=old.evse_id)
    if old.status != "active" and not said_farewell and not any(handed_over):
        yield reason("farewell_missing", recorded=old.key_number, status=old.status)


_NEEDS_FREE_EVSE = (Scenario.INITIAL, Scenario.REUSE, Scenario.TAKE_OVER)


def check_against_registry(
    facts: Facts, ledger: Ledger, actor: api.AccessState, now_ms: int
) -> list[Finding]:
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


def remarks(facts: Facts, ledger: Ledger) -> Iterator[Finding]:
    """What does not hinder a registration, but should be looked at."""
    now = look_up(facts, ledger)
    if now.home and now.has_other_settings:  # with the same image it would be a fault
        firmware = now.facts.proof.members["firmware"]
        yield reason("register_map_changed", firmware=firmware, **_both_digests(now, now.home))
    if old_meter_is_freed(now) and now.old_meter:
        found, recorded = now.facts.meter.model, now.old_meter.meter.model
        if found != recorded:
            yield reason("meter_model_changed", found=found, recorded=recorded)
    if now.is_occupied and now.evse and now.evse.chip_id:
        old = ledger.module(now.evse.chip_id)
        found = now.facts.module_model
        if old and found != old.model:
            yield reason("module_model_changed", found=found, recorded=old.model)


def _scenario_faults(now: RegistryView) -> Iterator[Finding]:
    """At most one: what the request is, if it is not what it says."""
    wanted, fitting = now.facts.scenario, fitting_scenarios(now)
    if wanted in fitting:
        return
    if now.is_occupied and now.evse and wanted in _NEEDS_FREE_EVSE:
        yield reason("evse_has_active_key", evse_id=now.evse.evse_id, chip_id=now.evse.chip_id)
    elif fitting:
        words = " or ".join(fitting)
        yield reason("scenario_mismatch", requested=wanted.value, fitting=words)
    elif now.home and now.same_evse:
        if not now.has_other_settings:
            yield reason("already_registered", entry=now.home.entry)
    elif now.home and now.home.meter and is_take_over(now) and now.has_new_meter:
        meter = f"{now.home.meter.manufacturer} {now.home.meter.serial}"
        yield reason("meter_changed_in_take_over", evse_id=now.home.evse_id, recorded=meter)
    elif now.home:
        yield reason("module_at_other_evse", evse_id=now.home.evse_id)


def _meter_faults(now: RegistryView) -> Iterator[Finding]:
    at = now.meter.evse_id if now.meter else None
    allowed = {now.at.text}
    if now.home and is_take_over(now):
        allowed.add(now.home.evse_id)
    if at is not None and at not in allowed:
        yield reason("meter_at_other_evse", evse_id=at)


def _consent_faults(now: RegistryView, actor: api.AccessState, now_ms: int) -> Iterator[Finding]:
    if not now.home or not is_take_over(now) or is_administrator(actor):
        return
    values = {
        "evse_id": now.home.evse_id,
        "from_operator": now.home.operator,
        "to_operator": now.at.operator,
    }
    if now.consent is None or now.consent.used:
        yield reason("consent_missing", **values)
    elif now_ms > now.consent.until_unix_ms:
        yield reason("consent_expired", **values)
