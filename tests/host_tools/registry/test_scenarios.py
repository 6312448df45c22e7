"""The scenarios of the best practices, on the rules alone: what each records and ends."""

from __future__ import annotations

import pytest
from support.registry.recorder import Recorder
from support.registry.simulated_module import EVSE_ID, METER, SimulatedModule
from wattseal.registry.api_models import ConsentRequest, HardwareExchangeRequest, State
from wattseal.registry.records import Ended, MeterRef

OTHER_METER = METER.model_copy(update={"serial": "1EMH0012345699"})


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def module(recorder: Recorder) -> SimulatedModule:
    """Commissioned at EVSE_ID."""
    module = SimulatedModule()
    recorder.commission(module)
    return module


def _is_nowhere(state: State | None) -> bool:
    assert state is not None
    return state.evse_id is None


def _statuses(recorder: Recorder, *fingerprints: str) -> list[str]:
    return [recorder.ledger.key(one).status for one in fingerprints]


def test_initial_commissioning(recorder: Recorder) -> None:
    module = SimulatedModule()
    record = recorder.commission(module)
    assert record.ended == Ended()
    assert (record.operator, record.statements_before) == ("DE*ABC", 0)
    evse = recorder.ledger.evse("de-abc-e1234-5")
    assert (evse.status, evse.fingerprint, evse.chip_id) == (
        "active",
        module.fingerprint,
        module.chip_id,
    )
    assert evse.meter == module.meter_ref
    assert recorder.ledger.meter(module.meter_ref).evse_id == EVSE_ID
    assert recorder.ledger.module(module.chip_id).last_statement == module.statements[0].statement


def test_exchange_of_the_stations_hardware(recorder: Recorder, module: SimulatedModule) -> None:
    before = recorder.ledger.evse(EVSE_ID)
    recorder.exchange(
        HardwareExchangeRequest(
            evse_id=EVSE_ID, station_model="Station 2", station_serial="ST-4711-09"
        )
    )
    assert recorder.ledger.evse(EVSE_ID) == before


def test_replacement_of_the_meter(recorder: Recorder, module: SimulatedModule) -> None:
    module.commission(meter=OTHER_METER)
    record = recorder.commission(module, "meter_replacement")
    assert record.ended == Ended(meters=[METER])
    assert (record.statements_before, record.statements) == (0, module.statements)
    assert _is_nowhere(recorder.ledger.meter(MeterRef(manufacturer="emh", serial=METER.serial)))
    assert recorder.ledger.evse(EVSE_ID).meter == module.meter_ref
    assert recorder.ledger.key(module.fingerprint).meter == module.meter_ref
    assert recorder.remarks == []


def test_meter_model_changed(recorder: Recorder, module: SimulatedModule) -> None:
    module.commission(meter=OTHER_METER.model_copy(update={"model": "ED400"}))
    recorder.commission(module, "meter_replacement")
    assert [one.code for one in recorder.remarks] == ["meter_model_changed"]


def test_recalibration_of_the_same_meter(recorder: Recorder, module: SimulatedModule) -> None:
    module.meter = METER.model_copy(update={"calibration_mark": "DE-M 26 0777"})
    record = recorder.commission(module, "meter_replacement")
    assert record.ended == Ended()
    assert recorder.ledger.meter(module.meter_ref).meter.calibration_mark == "DE-M 26 0777"


@pytest.mark.parametrize("meter", [METER, OTHER_METER])
def test_replacement_of_the_signing_module(
    recorder: Recorder, module: SimulatedModule, meter: object
) -> None:
    new = SimulatedModule("module 2", meter=meter)
    record = recorder.commission(new, "module_replacement")
    assert [one.chip_id for one in record.ended.modules] == [module.chip_id]
    assert record.ended.meters == ([] if meter == METER else [METER])
    assert _statuses(recorder, module.fingerprint, new.fingerprint) == ["superseded", "active"]
    assert _is_nowhere(recorder.ledger.module(module.chip_id))
    assert recorder.ledger.evse(EVSE_ID).chip_id == new.chip_id
    assert recorder.remarks == []


def test_replacement_of_the_board_in_the_old_housing(
    recorder: Recorder, module: SimulatedModule
) -> None:
    """The new chip has the label of the one whose place it takes."""
    new = SimulatedModule("module 2")
    new.gateway_serial = module.gateway_serial
    recorder.commission(new, "module_replacement")
    assert _is_nowhere(recorder.ledger.module(module.chip_id))
    assert recorder.ledger.module_with_serial(module.gateway_serial).chip_id == new.chip_id


@pytest.mark.parametrize("scenario", ["initial", "module_replacement"])
def test_replacement_after_the_old_modules_farewell(
    recorder: Recorder, module: SimulatedModule, scenario: str
) -> None:
    recorder.deactivate(module.deactivation(module.decommission()))
    new = SimulatedModule("module 2")
    record = recorder.commission(new, scenario)
    assert record.ended == Ended()
    assert recorder.ledger.evse(EVSE_ID).chip_id == new.chip_id


def test_module_model_changed(recorder: Recorder, module: SimulatedModule) -> None:
    recorder.wait()
    new = SimulatedModule("module 2")
    recorder.register(recorder.request(new, "module_replacement", module_model="Another"))
    assert [one.code for one in recorder.remarks] == ["module_model_changed"]


def test_firmware_update_with_a_new_key(recorder: Recorder, module: SimulatedModule) -> None:
    old = module.fingerprint
    module.update("0.2.0")
    record = recorder.commission(module, "firmware_update")
    assert (record.key_number, record.statements_before) == (2, 1)
    assert record.statements == module.statements[1:]
    assert _statuses(recorder, old, module.fingerprint) == ["superseded", "active"]
    assert recorder.remarks == []


def test_register_map_changed(recorder: Recorder, module: SimulatedModule) -> None:
    before = recorder.ledger.evse(EVSE_ID).settings_sha256
    module.settings = "another register map"
    module.update("0.2.0")
    record = recorder.commission(module, "firmware_update")
    [remark] = recorder.remarks
    assert remark.code == "register_map_changed"
    assert remark.values == {
        "firmware": "0.2.0",
        "found": record.settings_sha256,
        "recorded": before,
    }
    assert recorder.ledger.evse(EVSE_ID).settings_sha256 == record.settings_sha256


def test_several_firmware_updates_at_once(recorder: Recorder, module: SimulatedModule) -> None:
    module.update("0.2.0")
    module.update("0.3.0")
    record = recorder.commission(module, "firmware_update")
    assert (record.key_number, len(record.statements)) == (3, 4)


@pytest.mark.parametrize("scenario", ["firmware_update", "meter_replacement"])
def test_firmware_update_and_another_meter_in_one_go(
    recorder: Recorder, module: SimulatedModule, scenario: str
) -> None:
    module.update("0.2.0")
    module.commission(meter=OTHER_METER)
    record = recorder.commission(module, scenario)
    assert (len(record.ended.keys), record.ended.meters) == (1, [METER])


def test_decommissioning(recorder: Recorder, module: SimulatedModule) -> None:
    recorder.wait()
    recorder.deactivate(module.deactivation(module.decommission()))
    assert _statuses(recorder, module.fingerprint) == ["deactivated"]
    evse = recorder.ledger.evse(EVSE_ID)
    assert (evse.status, evse.chip_id, evse.meter) == ("deactivated", None, None)
    assert _is_nowhere(recorder.ledger.meter(module.meter_ref))
    assert _is_nowhere(recorder.ledger.module(module.chip_id))
    assert recorder.ledger.module(module.chip_id).statements == 2


def test_decommissioning_of_a_module_that_is_gone(
    recorder: Recorder, module: SimulatedModule
) -> None:
    recorder.deactivate(module.deactivation(reason="lost"))
    assert _statuses(recorder, module.fingerprint) == ["deactivated"]
    assert recorder.ledger.module(module.chip_id).statements == 1


@pytest.mark.parametrize("where", [EVSE_ID, "DE*ABC*E777"])
def test_reuse_of_the_signing_unit(recorder: Recorder, module: SimulatedModule, where: str) -> None:
    recorder.deactivate(module.deactivation(module.decommission()))
    module.restart()
    module.commission(evse_id=where)
    record = recorder.commission(module, "reuse")
    assert (record.key_number, record.statements_before) == (2, 2)
    assert recorder.ledger.evse(where).fingerprint == module.fingerprint
    left = recorder.ledger.evse(EVSE_ID)
    assert left.status == ("active" if where == EVSE_ID else "moved")


def test_reuse_after_a_loss_shows_farewell_and_birth(
    recorder: Recorder, module: SimulatedModule
) -> None:
    recorder.deactivate(module.deactivation(reason="lost"))
    module.decommission()
    module.restart()
    module.commission(evse_id="DE*ABC*E777")
    record = recorder.commission(module, "reuse")
    assert [len(record.statements), record.statements_before] == [2, 1]


def test_reuse_leaves_a_charge_point_alone_that_works_again(
    recorder: Recorder, module: SimulatedModule
) -> None:
    recorder.deactivate(module.deactivation(module.decommission()))
    recorder.commission(SimulatedModule("module 2"))
    module.restart()
    module.commission(evse_id="DE*ABC*E777", meter=OTHER_METER)
    record = recorder.commission(module, "reuse")
    assert record.ended.evses == []
    assert recorder.ledger.evse(EVSE_ID).status == "active"


def test_a_replaced_module_replaces_another_one(
    recorder: Recorder, module: SimulatedModule
) -> None:
    recorder.commission(SimulatedModule("module 2"), "module_replacement")
    module.decommission()
    module.restart()
    module.commission()
    record = recorder.commission(module, "module_replacement")
    assert recorder.ledger.evse(EVSE_ID).chip_id == module.chip_id
    assert len(record.ended.modules) == 1


def test_take_over_by_another_operator(recorder: Recorder, module: SimulatedModule) -> None:
    recorder.consent(ConsentRequest(evse_id=EVSE_ID, to_operator="de-xyz"))
    consent = len(recorder.records) - 1
    module.commission(evse_id="DE*XYZ*E1")
    record = recorder.commission(module, "take_over", recorder.xyz)
    assert record.consent == consent
    assert recorder.ledger.consent(EVSE_ID, "DE*XYZ").used
    assert recorder.ledger.evse(EVSE_ID).status == "taken_over"
    assert recorder.ledger.key(module.fingerprint).evse_id == "DE*XYZ*E1"
    assert recorder.ledger.meter(module.meter_ref).evse_id == "DE*XYZ*E1"


def test_take_over_with_the_administrators_consent(
    recorder: Recorder, module: SimulatedModule
) -> None:
    module.commission(evse_id="DE*XYZ*E1")
    record = recorder.commission(module, "take_over", recorder.administrator)
    assert record.consent is None


def test_take_over_and_firmware_update_in_one_go(
    recorder: Recorder, module: SimulatedModule
) -> None:
    old = module.fingerprint
    recorder.consent(ConsentRequest(evse_id=EVSE_ID, to_operator="DE*XYZ"))
    module.update("0.2.0")
    module.commission(evse_id="DE*XYZ*E1")
    recorder.commission(module, "take_over", recorder.xyz)
    assert _statuses(recorder, old, module.fingerprint) == ["superseded", "active"]


def test_commissioning_again_with_a_setting_corrected(
    recorder: Recorder, module: SimulatedModule
) -> None:
    module.gateway_serial = "WS-CORRECT"
    module.commission()
    recorder.commission(module, "initial", recorder.administrator)
    assert recorder.ledger.module(module.chip_id).gateway_serial == "WS-CORRECT"


def test_test_charge(recorder: Recorder, module: SimulatedModule) -> None:
    recorder.wait()
    module.clock_ms = recorder.now_ms
    recorder.wait(600_000)
    recorder.keep(module.test_charge())
    assert recorder.last.type == "test_charge"
