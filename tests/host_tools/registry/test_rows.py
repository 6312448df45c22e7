"""States follow from records alone; a ledger holds the newest of each thing."""

from __future__ import annotations

import pytest
from support.registry.recorder import Recorder
from support.registry.simulated_module import EVSE_ID, METER, SimulatedModule
from wattseal.registry.api_models import (
    ConsentRequest,
    EvseState,
    HardwareExchangeRequest,
    KeyState,
    MeterState,
    ModuleState,
)
from wattseal.registry.records import MeterRef
from wattseal.registry.states import meter_name, states_of, touched_evses

OTHER_METER = METER.model_copy(update={"serial": "1EMH0012345699"})


def test_a_registration_makes_four_states() -> None:
    recorder = Recorder()
    record = recorder.commission(SimulatedModule())
    states = states_of(17, record)
    assert [type(one) for one in states] == [EvseState, KeyState, ModuleState, MeterState]
    assert {one.entry for one in states} == {17}
    assert {one.since_unix_ms for one in states} == {record.unix_ms}


def test_no_record_makes_two_states_of_one_thing() -> None:
    recorder = Recorder()
    module = SimulatedModule()
    recorder.commission(module)
    new = SimulatedModule("module 2", meter=OTHER_METER)
    record = recorder.commission(new, "module_replacement")
    states = states_of(1, record)
    names = [
        {
            EvseState: lambda one: one.evse_id,
            KeyState: lambda one: one.fingerprint,
            ModuleState: lambda one: one.chip_id,
            MeterState: lambda one: one.meter.serial,
        }[type(one)](one)
        for one in states
    ]
    assert len(names) == len(set(names)) == 7


def test_records_that_change_no_state_still_touch_a_charge_point() -> None:
    recorder = Recorder()
    module = SimulatedModule()
    recorder.commission(module)
    req = HardwareExchangeRequest(
        evse_id="deabce1234-5".replace("-", "*"), station_model="S 2", station_serial="ST-4711-09"
    )
    recorder.exchange(req)
    assert states_of(1, recorder.last) == []
    assert touched_evses(recorder.last) == ["DEABCE1234*5"]
    recorder.wait(600_000)
    recorder.keep(module.test_charge())
    assert states_of(1, recorder.last) == []
    assert touched_evses(recorder.last) == ["DEABCE1234*5"]


def test_what_touches_which_charge_point() -> None:
    recorder = Recorder()
    assert touched_evses(recorder.last) == []
    module = SimulatedModule()
    recorder.commission(module)
    recorder.consent(ConsentRequest(evse_id=EVSE_ID, to_operator="DE*XYZ"))
    assert touched_evses(recorder.last) == ["DEABCE1234*5"]
    module.commission(evse_id="DE*XYZ*E1")
    record = recorder.commission(module, "take_over", recorder.xyz)
    assert touched_evses(record) == ["DEXYZE1", "DEABCE1234*5"]
    recorder.deactivate(module.deactivation(reason="lost"), recorder.xyz)
    assert touched_evses(recorder.last) == ["DEXYZE1"]


@pytest.mark.parametrize("evse_id", ["de*abc*e1234*5", "DE-ABC-E1234-5", "DEABCE1234*5"])
def test_a_ledger_finds_every_spelling(evse_id: str) -> None:
    recorder = Recorder()
    recorder.commission(SimulatedModule())
    assert recorder.ledger.evse(evse_id).evse_id == EVSE_ID
    ref = MeterRef(manufacturer=" emh", serial="1EMH 0012345678")
    assert recorder.ledger.meter(ref).meter == METER
    assert meter_name(ref) == ("EMH", "1EMH0012345678")


def test_a_ledger_knows_nothing_at_first() -> None:
    ledger = Recorder().ledger
    ref = MeterRef(manufacturer="EMH", serial="1")
    assert ledger.evse(EVSE_ID) is ledger.key("ab") is ledger.module("ab") is None
    assert ledger.meter(ref) is ledger.consent(EVSE_ID, "DE*XYZ") is ledger.access("z") is None
