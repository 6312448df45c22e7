"""Every route that writes: taken, repeated, refused, forbidden."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient
from support.registry.api_caller import Api, codes_of, error_of
from support.registry.simulated_module import SimulatedModule
from wattseal.ocmf.public_key import read_public_key
from wattseal.registry.api_models import (
    Confirmation,
    ConsentRequest,
    DeactivationRequest,
    HardwareExchangeRequest,
)
from wattseal.registry.records import Scenario
from wattseal.wire import signed_time
from wattseal.wire.merkle import leaf_hash, root_from_inclusion_proof
from wattseal.wire.publication import read_leaf
from wattseal.wire.signed_note import parse_checkpoint, parse_note

CHANGES: dict[str, Callable[[SimulatedModule], BaseModel]] = {
    "/v1/deactivations": lambda module: module.deactivation(module.decommission()),
    "/v1/hardware-exchanges": lambda module: HardwareExchangeRequest(
        evse_id=module.evse_id, station_model="Duo 22", station_serial="EX-0001"
    ),
    "/v1/consents": lambda module: ConsentRequest(evse_id=module.evse_id, to_operator="DE*XYZ"),
    "/v1/test-charges": lambda module: module.test_charge(),
}
"""What may be asked for a charge point once it has a key."""


def test_a_registration_is_answered_with_its_proof(api: Api, module: SimulatedModule) -> None:
    response = api.post("/v1/registrations", module.registration(api.challenge()))
    assert response.status_code == 201
    done = Confirmation.model_validate_json(response.content)
    assert response.headers["Location"] == f"/v1/entries/{done.entry}"
    assert response.headers["Cache-Control"] == "no-store"
    proof = done.publication
    text, _signatures = parse_note(proof.checkpoint.encode())
    _name, size, root = parse_checkpoint(text)
    hashes = [bytes.fromhex(each) for each in proof.proof]
    found = root_from_inclusion_proof(done.entry, size, leaf_hash(proof.leaf.encode()), hashes)
    assert found == root
    assert read_leaf(proof.leaf)["evse_id"] == module.evse_id


def test_the_same_registration_again_is_answered_with_its_entry(
    api: Api, module: SimulatedModule
) -> None:
    request = module.registration(api.challenge())
    first = api.post("/v1/registrations", request)
    again = api.post("/v1/registrations", request)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == {**first.json(), "repeated": True}
    assert again.headers["Location"] == first.headers["Location"]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        *(("scenario", one.value) for one in Scenario if one is not Scenario.INITIAL),
        ("module_model", "Another one"),
        *(("meter", {name: f"other {name}"}) for name in ("manufacturer", "model", "serial")),
        ("meter", {"calibration_mark": "DE-M 25 0001"}),
        ("meter", {"calibration_year": 2024}),
        ("statements", []),
        ("possession", {"signature": "00"}),
    ],
)
def test_a_registration_that_was_recorded_is_judged_as_a_first_one_once_a_member_differs(
    api: Api, module: SimulatedModule, member: str, value: Any
) -> None:
    request = module.registration(api.challenge()).model_dump(mode="json")
    assert api.post("/v1/registrations", request).status_code == 201
    size = api.get("/v1/registry").json()["size"]
    old = request[member]
    changed = {**old, **value} if isinstance(value, dict) else value
    if member == "statements":
        changed = [{**old[0], "statement": old[0]["statement"].replace("birth", "berth")}]
    response = api.post("/v1/registrations", {**request, member: changed})
    assert response.status_code == 422
    assert codes_of(response)
    assert api.get("/v1/registry").json()["size"] == size


def test_a_check_writes_nothing(api: Api, module: SimulatedModule) -> None:
    size = api.get("/v1/registry").json()["size"]
    response = api.post("/v1/registrations/check", module.registration(api.challenge()))
    assert (response.status_code, response.json()) == (200, [])
    bent = module.registration(api.challenge(), "meter_replacement")
    found = api.post("/v1/registrations/check", bent)
    assert found.status_code == 200
    assert "scenario_mismatch" in {reason["code"] for reason in found.json()}
    assert api.get("/v1/registry").json()["size"] == size


def test_all_reasons_of_a_refusal_are_told_at_once(api: Api, module: SimulatedModule) -> None:
    request = module.registration("ab" * 32)
    meter = request.meter.model_copy(update={"serial": "1EMH0000000001"})
    response = api.post("/v1/registrations", request.model_copy(update={"meter": meter}))
    assert response.status_code == 422
    assert {"challenge_unknown", "meter_facts_differ"} <= codes_of(response)
    for reason in response.json()["reasons"]:
        assert reason["sentence"].endswith(".")


@pytest.mark.parametrize("path", CHANGES)
def test_a_change_is_recorded(api: Api, module: SimulatedModule, path: str) -> None:
    api.register(module)
    response = api.post(path, CHANGES[path](module))
    assert response.status_code == 201, response.text
    done = Confirmation.model_validate_json(response.content)
    line = api.get(f"/v1/entries/{done.entry}").json()
    assert json.loads(line["record"])["evse_id"].replace("*", "") == "DEABCE12345"
    assert done.publication.leaf == line["leaf"]


@pytest.mark.parametrize("path", CHANGES)
def test_a_change_of_what_is_not_there_is_refused(
    api: Api, module: SimulatedModule, path: str
) -> None:
    response = api.post(path, CHANGES[path](module))
    assert response.status_code == 422
    assert codes_of(response)


@pytest.mark.parametrize("path", [*CHANGES, "/v1/registrations"])
def test_another_operators_station_is_forbidden(
    api: Api, other_api: Api, module: SimulatedModule, path: str
) -> None:
    api.register(module)
    size = api.get("/v1/registry").json()["size"]
    if path == "/v1/registrations":
        module.commission()
        body: Any = module.registration(other_api.challenge(), "meter_replacement")
    else:
        body = CHANGES[path](module)
    response = other_api.post(path, body)
    assert response.status_code == 403
    assert "evse_not_yours" in codes_of(response)
    assert api.get("/v1/registry").json()["size"] == size


@pytest.mark.parametrize("path", [*CHANGES, "/v1/registrations", "/v1/registrations/check"])
def test_without_an_access_key_nothing_is_taken(
    client: TestClient, module: SimulatedModule, path: str
) -> None:
    make = CHANGES.get(path, lambda module: module.registration("00" * 32))
    response = client.post(path, json=make(module).model_dump(mode="json"))
    assert response.status_code == 401
    assert error_of(response) == "access_missing"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_deactivated_key_does_not_come_back(api: Api, module: SimulatedModule) -> None:
    api.register(module)
    ended = DeactivationRequest(evse_id=module.evse_id, reason="lost", note="stolen")
    assert api.post("/v1/deactivations", ended).status_code == 201
    module.commission()
    response = api.post("/v1/registrations", module.registration(api.challenge()))
    assert response.status_code == 422
    assert "key_deactivated" in codes_of(response)


def test_a_replayed_registration_revives_nothing(api: Api, module: SimulatedModule) -> None:
    request = module.registration(api.challenge())
    first = api.post("/v1/registrations", request).json()
    ended = DeactivationRequest(evse_id=module.evse_id, reason="lost", note="stolen")
    assert api.post("/v1/deactivations", ended).status_code == 201
    again = api.post("/v1/registrations", request)
    assert (again.status_code, again.json()["entry"]) == (200, first["entry"])
    assert api.get(f"/v1/evse/{module.evse_id}/key").status_code == 404
    assert api.get(f"/v1/keys/{module.fingerprint}").json()["status"] == "deactivated"


def test_a_replayed_proof_registers_nobody_else(api: Api, module: SimulatedModule) -> None:
    request = module.registration(api.challenge())
    assert api.post("/v1/registrations", request).status_code == 201
    thief = SimulatedModule("thief", evse_id="DE*ABC*E666", clock_ms=module.clock_ms)
    stolen = thief.registration(api.challenge(), possession=request.possession)
    response = api.post("/v1/registrations", stolen)
    assert response.status_code == 422
    assert "history_broken" in codes_of(response)
    assert api.get(f"/v1/modules/{thief.chip_id}").status_code == 404
    assert api.get(f"/v1/evse/{thief.evse_id}").status_code == 404


def test_a_challenge_is_good_for_a_while(client: TestClient, registry: Any) -> None:
    response = client.post("/v1/challenges")
    assert response.status_code == 200
    first, second = response.json(), client.post("/v1/challenges").json()
    assert first["challenge"] != second["challenge"]
    assert first["until_unix_ms"] > registry.eligibility("DE*ABC*E1").unix_ms


# --- the signed time -------------------------------------------------------------------------

QUESTION = {"chip_id": "e66138935f4c8b2a", "nonce": "3c" * 32}


def test_the_time_is_signed_for_one_question(client: TestClient, registry: Any) -> None:
    before_ms = registry.eligibility("DE*ABC*E1").unix_ms
    response = client.post("/v1/time", json=QUESTION)
    assert response.status_code == 200
    told = response.json()
    members = signed_time.read_time(told["statement"])
    assert {name: members[name] for name in QUESTION} == QUESTION
    assert before_ms <= members["unix_ms"] <= registry.eligibility("DE*ABC*E1").unix_ms
    key = read_public_key(client.get("/v1/registry").json()["registry_key"])
    signature = bytes.fromhex(told["signature"])
    assert key.verify(signed_time.signed_bytes(told["statement"]), signature)
    assert not key.verify(told["statement"].encode(), signature)  # the prefix keeps it apart


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": "3c" * 31},
        {"nonce": "3C" * 32},
        {"chip_id": "DE*ABC*E0001"},
        {"chip_id": "0f" * 33},
        {"unix_ms": 1},
        {"nonce": None},
    ],
)
def test_what_is_no_question_gets_no_time(client: TestClient, change: dict[str, Any]) -> None:
    response = client.post("/v1/time", json={**QUESTION, **change})
    assert response.status_code == 400
    assert error_of(response) == "request_malformed"
