"""Records of every kind and every scenario, in an order in which they may happen."""

from __future__ import annotations

from wattseal.registry.api_models import AccessRequest, ConsentRequest, HardwareExchangeRequest
from wattseal.registry.records import Record

from support.registry.recorder import Recorder
from support.registry.simulated_module import EVSE_ID, METER, SimulatedModule

OTHER_METER = METER.model_copy(update={"serial": "1EMH0012345699"})


def record_every_kind(recorder: Recorder) -> list[Record]:
    """Let it all happen to one charge point and two modules."""
    module = SimulatedModule()
    recorder.commission(module)
    recorder.wait(600_000)
    recorder.keep(module.test_charge())
    station = {"evse_id": EVSE_ID, "station_model": "S 2", "station_serial": "ST-4711-09"}
    recorder.exchange(HardwareExchangeRequest(**station))
    module.commission(meter=OTHER_METER)
    recorder.commission(module, "meter_replacement")
    module.update("0.2.0")
    recorder.commission(module, "firmware_update")
    recorder.commission(SimulatedModule("module 2", meter=METER), "module_replacement")
    recorder.consent(ConsentRequest(evse_id=EVSE_ID, to_operator="DE*XYZ"))
    second = SimulatedModule("module 2", meter=METER)
    second.commission(evse_id="DE*XYZ*E1")
    recorder.commission(second, "take_over", recorder.xyz)
    recorder.wait()
    recorder.deactivate(second.deactivation(second.decommission()), recorder.xyz)
    second.restart()
    second.commission(evse_id=EVSE_ID)
    recorder.commission(second, "reuse")
    recorder.revoke(recorder.xyz.key_id, recorder.administrator)
    return recorder.records


def more_access_keys(recorder: Recorder, size: int) -> list[Record]:
    """The cheapest of records, until there are so many."""
    request = AccessRequest(role="cpo", operators=["DE*ABC"], label="one of many", days=30)
    while len(recorder.records) < size:
        recorder.grant(request, recorder.administrator, f"key {len(recorder.records)}")
    return recorder.records
