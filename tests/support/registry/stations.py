"""Two stations with a history, for pages to show."""

from wattseal.registry.api_models import ConsentRequest, HardwareExchangeRequest

from support.registry.api_caller import Api, now_ms
from support.registry.simulated_module import SimulatedModule


def charging_station(api: Api) -> SimulatedModule:
    """DE*ABC*E1234*5: commissioned, tested, updated, its hardware exchanged, promised away."""
    module = SimulatedModule(clock_ms=now_ms())
    api.register(module)
    _done(api, "/v1/test-charges", module.test_charge())
    module.update()
    api.register(module, "firmware_update")
    exchange = HardwareExchangeRequest(
        evse_id=module.evse_id, station_model="Duo <22>", station_serial="EX-482", note="dented"
    )
    _done(api, "/v1/hardware-exchanges", exchange)
    consent = ConsentRequest(evse_id=module.evse_id, to_operator="DE*XYZ")
    _done(api, "/v1/consents", consent)
    return module


def closed_station(api: Api) -> SimulatedModule:
    """DE*ABC*E99: commissioned and decommissioned."""
    meter = SimulatedModule().meter.model_copy(update={"serial": "1EMH0099999999"})
    module = SimulatedModule("another", evse_id="DE*ABC*E99", meter=meter, clock_ms=now_ms())
    api.register(module)
    _done(api, "/v1/deactivations", module.deactivation(module.decommission()))
    return module


def _done(api: Api, path: str, body: object) -> None:
    response = api.post(path, body)  # type: ignore[arg-type]
    assert response.status_code == 201, response.text
