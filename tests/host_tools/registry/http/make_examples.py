"""Makes examples.json, the examples of the API's description: what one simulated module sends.

Run it after a change: .venv/bin/python tests/host_tools/registry/http/make_examples.py
"""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from simulated_module import SimulatedModule, digest
from wattseal.registry.records import Scenario
from wattseal.registry.requests import (
    AccessRequest,
    ConsentRequest,
    HardwareExchangeRequest,
)

FILE = Path(__file__).resolve().parents[4] / "host_tools/wattseal/registry/http/examples.json"
CHALLENGE = digest("challenge of an example")


def examples() -> dict[str, list[dict[str, Any]]]:
    """For each body, its examples in OpenAPI's form."""
    module = SimulatedModule("example module")
    first = module.registration(CHALLENGE, Scenario.INITIAL)
    charge = module.test_charge()
    module.update()
    updated = module.registration(CHALLENGE, Scenario.FIRMWARE_UPDATE)
    farewell = module.deactivation(module.decommission())
    exchange = HardwareExchangeRequest(
        evse_id=module.evse_id,
        station_model="Example Duo 22",
        station_serial="EX-000482",
        note="housing damaged",
    )
    consent = ConsentRequest(evse_id=module.evse_id, to_operator="DE*XYZ", days=30)
    access = AccessRequest(role="cpo", operators=["DE*ABC"], label="Example GmbH, back office")
    return {
        "registration": [
            _example("a new station", first),
            _example("after a firmware update", updated),
        ],
        "deactivation": [_example("a decommissioned module", farewell)],
        "hardware_exchange": [_example("another station around the meter", exchange)],
        "consent": [_example("another operator may take over", consent)],
        "test_charge": [_example("the first session", charge)],
        "access": [_example("for an operator", access)],
    }


def _example(summary: str, request: Any) -> dict[str, Any]:
    return {"summary": summary, "value": request.model_dump(mode="json")}


def text() -> str:
    """The file."""
    return json.dumps(examples(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="ascii")
