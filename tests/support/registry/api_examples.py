"""Makes examples.json, the examples of the API's description: what one simulated module sends.

Run it after a change: PYTHONPATH=tests .venv/bin/python -m support.registry.api_examples
"""

import json
from pathlib import Path
from typing import Any

from wattseal.ocmf.public_key import DEFAULT_ALGORITHM
from wattseal.registry.api_models import (
    AccessRequest,
    ConsentRequest,
    EvseState,
    HardwareExchangeRequest,
    KeyAnswer,
    TimeRequest,
)
from wattseal.registry.memory_ledger import MemoryLedger
from wattseal.registry.records import Scenario
from wattseal.registry.rules.eligibility import eligibility

from support.registry.simulated_module import DAY_MS, START_MS, SimulatedModule, digest

FILE = Path(__file__).resolve().parents[3] / "host_tools/wattseal/registry/web/examples.json"
CHALLENGE = digest("challenge of an example")


def examples() -> dict[str, Any]:
    """For each body, its examples in OpenAPI's form; `answers`: the same for each path."""
    module = SimulatedModule("example module")
    first = module.registration(CHALLENGE, Scenario.INITIAL)
    charge = module.test_charge()
    module.update()
    updated = module.registration(CHALLENGE, Scenario.FIRMWARE_UPDATE)
    keys = [_example(words, answer) for words, answer in _key_answers(module).items()]
    farewell = module.deactivation(module.decommission())
    exchange = HardwareExchangeRequest(
        evse_id=module.evse_id,
        station_model="Example Duo 22",
        station_serial="EX-000482",
        note="housing damaged",
    )
    question = TimeRequest(chip_id="e66138935f4c8b2a", nonce=digest("question"))
    consent = ConsentRequest(evse_id=module.evse_id, to_operator="DE*XYZ", days=30)
    access = AccessRequest(role="cpo", operators=["DE*ABC"], label="Example GmbH, back office")
    return {
        "registration": [
            _example("a new station", first),
            _example("after a firmware update", updated),
        ],
        "deactivation": [_example("a decommissioned module", farewell)],
        "hardware_exchange": [_example("another station around the meter", exchange)],
        "time": [_example("for a module's question", question)],
        "consent": [_example("another operator may take over", consent)],
        "test_charge": [_example("the first session", charge)],
        "access": [_example("for an operator", access)],
        "answers": {
            "/v1/evse/{evse_id}": [_example("with an active key", _evse_answer(module))],
            "/v1/evse/{evse_id}/key": keys,
            "/v1/evse/{evse_id}/eligibility": _eligibilities(module.evse_id),
            "/v1/keys/{fingerprint}": keys,
        },
    }


def _evse_answer(module: SimulatedModule) -> EvseState:
    return EvseState(
        evse_id=module.evse_id,
        operator="DE*ABC",
        status="active",
        chip_id=module.chip_id,
        meter=module.meter_ref,
        fingerprint=module.fingerprint,
        settings_sha256=digest("settings 1"),
        entry=1207,
        since_unix_ms=START_MS + 90 * DAY_MS,
    )


def _eligibilities(evse_id: str) -> list[dict[str, Any]]:
    """What is answered of a charge point that is in order, and of one that nobody registered."""
    ledger = MemoryLedger()
    never = eligibility(evse_id, ledger, START_MS)
    good = never.model_copy(
        update={"publish": True, "authorise": True, "reasons": [], "entry": 1207}
    )
    return [_example("it may charge", good), _example("nobody has registered it", never)]


def _key_answers(module: SimulatedModule) -> dict[str, KeyAnswer]:
    """What is answered after an update, of now and of an hour before it."""
    old = SimulatedModule("example module")
    begun, updated = START_MS, START_MS + 90 * DAY_MS
    return {
        "it signs now": _key_answer(module, 1207, updated, None),
        "it signed at the time that was asked for": _key_answer(old, 845, begun, updated),
    }


def _key_answer(
    module: SimulatedModule, entry: int, from_ms: int, until_ms: int | None
) -> KeyAnswer:
    return KeyAnswer(
        fingerprint=module.fingerprint,
        public_key=module.key.hex,
        key_number=module.key_number,
        firmware_identity=module.firmware_identity,
        chip_id=module.chip_id,
        evse_id=module.evse_id,
        meter=module.meter_ref,
        status="active",
        entry=entry,
        since_unix_ms=from_ms,
        algorithm=DEFAULT_ALGORITHM,
        valid_from_unix_ms=from_ms,
        valid_until_unix_ms=until_ms,
    )


def _example(summary: str, request: Any) -> dict[str, Any]:
    return {"summary": summary, "value": request.model_dump(mode="json")}


def text() -> str:
    """The file."""
    return json.dumps(examples(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="ascii")
