"""What is recorded about the things that a registration names, looked up once."""

from __future__ import annotations

from dataclasses import dataclass

from wattseal.registry.ledger import Ledger
from wattseal.registry.names import meter_name
from wattseal.registry.plausibility.facts import Facts
from wattseal.registry.records import Scenario
from wattseal.registry.requests import (
    ConsentState,
    EvseState,
    KeyState,
    MeterState,
    ModuleState,
)
from wattseal.registry.rows import ref_of


@dataclass(frozen=True)
class Situation:
    """None where nothing is recorded.

    evse: the charge point of the registration. home: where the module's key is active, which may
    be the same. module_key: the key that is recorded of the module, which may be an earlier one.
    serial_holder: the module that is at a charge point under this one's serial number.
    """

    facts: Facts
    evse: EvseState | None
    key: KeyState | None
    module: ModuleState | None
    module_key: KeyState | None
    home: EvseState | None
    serial_holder: ModuleState | None
    meter: MeterState | None
    old_meter: MeterState | None
    consent: ConsentState | None

    @property
    def is_occupied(self) -> bool:
        """Whether the charge point has an active key of another module."""
        return (
            self.evse is not None
            and self.evse.status == "active"
            and self.evse.chip_id != self.facts.proof.chip_id
        )

    @property
    def is_at_home(self) -> bool:
        """Whether the module is at this charge point already."""
        return self.home is not None and self.home.evse_id == _evse_text(self.facts)

    @property
    def has_new_key(self) -> bool:
        """Whether the key is another than the one that is recorded of the module."""
        return self.module is None or self.module.fingerprint != _fingerprint(self.facts)

    @property
    def has_new_meter(self) -> bool:
        """Whether the meter is another than the one at the module's charge point."""
        return (
            self.home is None
            or self.home.meter is None
            or meter_name(self.home.meter) != meter_name(self.facts.meter_ref)
        )

    @property
    def has_new_label(self) -> bool:
        """Whether the meter's calibration, say, is recorded otherwise."""
        return self.meter is None or self.meter.meter != self.facts.meter


def look_up(facts: Facts, ledger: Ledger) -> Situation:
    """The situation of a registration whose charge point and key could be read."""
    evse_text = _evse_text(facts)
    module = ledger.module(facts.proof.chip_id)
    at = module.evse_id if module else None
    home = ledger.evse(at) if at else None
    evse = ledger.evse(evse_text)
    old_meter = evse.meter if evse else None
    return Situation(
        facts=facts,
        evse=evse,
        key=ledger.key(_fingerprint(facts)),
        module=module,
        module_key=ledger.key(module.fingerprint) if module and module.fingerprint else None,
        home=home,
        serial_holder=ledger.module_with_serial(facts.proof.members["gateway_serial"]),
        meter=ledger.meter(facts.meter_ref),
        old_meter=ledger.meter(old_meter) if old_meter else None,
        consent=ledger.consent(home.evse_id, _operator(facts)) if home else None,
    )


def fitting_scenarios(now: Situation) -> list[Scenario]:
    """Which scenarios the facts are; none if they are no registration at all."""
    if now.module is None or now.home is None:
        return _from_nowhere(now)
    if now.is_at_home:
        return _at_home(now, now.module.commissioning)
    if is_take_over(now) and not now.is_occupied and not now.has_new_meter:
        return [Scenario.TAKE_OVER]
    return []


def is_take_over(now: Situation) -> bool:
    """Whether the module is active at a charge point of another operator."""
    return now.home is not None and now.home.operator != _operator(now.facts)


def _from_nowhere(now: Situation) -> list[Scenario]:
    """A module that is new, or has been taken from its charge point."""
    if now.is_occupied:
        return [Scenario.MODULE_REPLACEMENT]
    if now.module:
        return [Scenario.REUSE]
    if now.evse and now.evse.status == "deactivated":  # its module's farewell was sent first
        return [Scenario.INITIAL, Scenario.MODULE_REPLACEMENT]
    return [Scenario.INITIAL]


def _at_home(now: Situation, commissioning: int) -> list[Scenario]:
    """The same module at the same charge point; several things may have changed at once."""
    fitting = []
    if now.has_new_key:
        fitting.append(Scenario.FIRMWARE_UPDATE)
    if now.has_new_meter or now.has_new_label:
        fitting.append(Scenario.METER_REPLACEMENT)
    if not fitting and now.facts.proof.commissioning > commissioning:
        fitting.append(Scenario.INITIAL)  # commissioned again, with a setting corrected
    return fitting


def old_meter_is_freed(now: Situation) -> bool:
    """Whether the charge point's present meter gives way to another one."""
    return now.old_meter is not None and meter_name(ref_of(now.old_meter.meter)) != meter_name(
        now.facts.meter_ref
    )


def _evse_text(facts: Facts) -> str:
    return facts.evse.text if facts.evse else ""


def _operator(facts: Facts) -> str:
    return facts.evse.operator if facts.evse else ""


def _fingerprint(facts: Facts) -> str:
    return facts.key.fingerprint if facts.key else ""
