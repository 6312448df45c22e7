"""A fleet lives at random; whatever is recorded, nobody and nothing is in two places."""

from __future__ import annotations

import random

import pytest
from support.registry.recorder import ALL_SCENARIOS, Recorder
from support.registry.simulated_module import METER, SimulatedModule
from wattseal.registry.failures import Refused
from wattseal.registry.records import Deactivation, Registration
from wattseal.registry.states import ref_of

EVSES = [f"DE*{operator}*E{number}" for operator in ("ABC", "XYZ") for number in range(4)]
METERS = [METER.model_copy(update={"serial": f"1EMH00{number}45{number}78"}) for number in range(7)]


class Fleet:
    """Modules that are carried about by people who try things."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.recorder = Recorder()
        self.modules = [
            SimulatedModule(f"module {at}", evse_id=EVSES[at], meter=METERS[at]) for at in range(6)
        ]
        self.ended: set[str] = set()
        self.refused = 0

    def live(self) -> None:
        """One thing happens to one module, and somebody tells the registry."""
        module = self.random.choice(self.modules)
        self.recorder.wait()
        module.clock_ms = self.recorder.now_ms
        for happens in self.random.choices(
            [self._settings_change, self._update, self._farewell, self._loss, self._nothing], k=2
        ):
            happens(module)
        self._tell(module)
        self._check()

    def _settings_change(self, module: SimulatedModule) -> None:
        module.commission(self.random.choice(EVSES), self.random.choice(METERS))

    def _update(self, module: SimulatedModule) -> None:
        if module.key_number < 9:
            module.update(f"0.{module.key_number}.0")

    def _farewell(self, module: SimulatedModule) -> None:
        if module.key_number < 9:
            farewell = module.decommission()
            self._deactivate(module, farewell)
            module.restart()
            module.commission()

    def _loss(self, module: SimulatedModule) -> None:
        self._deactivate(module)

    def _nothing(self, _module: SimulatedModule) -> None:
        pass

    def _deactivate(self, module: SimulatedModule, farewell: object = None) -> None:
        known = self.recorder.ledger.module(module.chip_id)
        if known and known.evse_id and self.random.random() < 0.7:
            req = module.deactivation(farewell, "decommissioned" if farewell else "lost")
            at = req.model_copy(update={"evse_id": known.evse_id})
            try:
                self.recorder.deactivate(at, self.recorder.administrator)
            except Refused:
                self.refused += 1

    def _tell(self, module: SimulatedModule) -> None:
        """Whoever does not know the scenario tries them all."""
        for scenario in self.random.sample(ALL_SCENARIOS, len(ALL_SCENARIOS)):
            try:
                req = self.recorder.request(module, scenario)
                self.recorder.register(req, self.recorder.administrator)
            except Refused:
                self.refused += 1
            else:
                return

    def _check(self) -> None:
        ledger = self.recorder.ledger
        self._check_ends()
        active = [ledger.evse(evse_id) for evse_id in EVSES]
        active = [one for one in active if one and one.status == "active"]
        for members in ("chip_id", "fingerprint", "meter"):
            found = [getattr(one, members) for one in active]
            assert None not in found
            assert len(found) == len(set(map(str, found)))
        for evse in active:
            key, module = ledger.key(evse.fingerprint), ledger.module(evse.chip_id)
            assert (key.status, key.evse_id, key.chip_id) == ("active", evse.evse_id, evse.chip_id)
            assert key.meter == evse.meter
            assert (module.evse_id, module.fingerprint) == (evse.evse_id, evse.fingerprint)
            assert ledger.meter(evse.meter).evse_id == evse.evse_id
        at = {str(one.meter): one.evse_id for one in active}
        for meter in METERS:
            state = ledger.meter(ref_of(meter))
            assert state is None or state.evse_id == at.get(str(ref_of(meter)))
        for module in self.modules:
            state = ledger.module(module.chip_id)
            here = [one.evse_id for one in active if one.chip_id == module.chip_id]
            assert state is None or [state.evse_id] == (here or [None])

    def _check_ends(self) -> None:
        """What has ended stays ended."""
        record = self.recorder.last
        if isinstance(record, (Registration, Deactivation)):
            self.ended |= {key.public_key for key in record.ended.keys}
        if isinstance(record, Registration):
            assert record.public_key not in self.ended


@pytest.mark.parametrize("seed", range(3))
def test_a_fleets_life(seed: int) -> None:
    fleet = Fleet(seed)
    for _ in range(60):
        fleet.live()
    scenarios = {one.scenario for one in fleet.recorder.records if one.type == "registration"}
    assert len(scenarios) >= 4
    assert fleet.refused > 50
    assert len(fleet.ended) > 10
