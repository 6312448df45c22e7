"""Questions about the present and the past: known things, unknown things, unreadable ones."""

from typing import Any

import pytest
from support.registry.api_caller import Api, error_of, now_ms
from support.registry.simulated_module import SimulatedModule
from wattseal.common.times import utc_text

UNKNOWN = {
    "/v1/evse/DE*ABC*E9": "not_found",
    "/v1/evse/DE*ABC*E9/key": "not_found",
    "/v1/evse/DE*ABC*E9/history": "not_found",
    "/v1/keys/" + "0" * 64: "not_found",
    "/v1/modules/" + "0" * 16: "not_found",
    "/v1/meters/EMH/0815": "not_found",
    "/v1/entries/99": "not_found",
    "/v1/entries/99/publication": "not_found",
}


def test_the_registry_says_who_it_is(api: Api) -> None:
    facts = api.get("/v1/registry").json()
    assert facts["name"] == "registry.example/keys"
    assert len(facts["registry_key"]) == 182
    assert facts["vkey"].startswith("registry.example/keys+")
    assert facts["size"] >= 1


@pytest.mark.parametrize("path", UNKNOWN)
def test_unknown_things_are_404(api: Api, path: str) -> None:
    response = api.get(path)
    assert response.status_code == 404
    assert error_of(response) in ("not_found", "not_in_log")


def test_a_charge_point_is_found_in_every_spelling(api: Api, module: SimulatedModule) -> None:
    done = api.register(module)
    for spelling in ("DE*ABC*E1234*5", "de-abc-e1234-5", "DEABCE1234*5"):
        state = api.get(f"/v1/evse/{spelling}").json()
        assert (state["evse_id"], state["entry"]) == (module.evse_id, done.entry)
        assert state["fingerprint"] == module.fingerprint


def test_a_key_a_module_and_a_meter_are_found(api: Api, module: SimulatedModule) -> None:
    api.register(module)
    key = api.get(f"/v1/keys/{module.fingerprint}").json()
    assert (key["public_key"], key["status"]) == (module.key.hex, "active")
    assert api.get(f"/v1/modules/{module.chip_id}").json()["evse_id"] == module.evse_id
    meter = api.get(f"/v1/meters/{module.meter.manufacturer}/{module.meter.serial}").json()
    assert meter["meter"]["serial"] == module.meter.serial


def test_a_slash_belongs_to_a_name(api: Api) -> None:
    meter = SimulatedModule().meter.model_copy(update={"manufacturer": "A/S", "serial": "1/22/33"})
    api.register(SimulatedModule(meter=meter))
    found = api.get("/v1/meters/A%2FS/1%2F22%2F33").json()["meter"]
    assert (found["manufacturer"], found["serial"]) == ("A/S", "1/22/33")


def test_the_key_of_a_time(api: Api, module: SimulatedModule) -> None:
    before = now_ms() - 1
    first = api.register(module)
    old = module.fingerprint
    module.update()
    second = api.register(module, "firmware_update")
    path = f"/v1/evse/{module.evse_id}/key"
    assert api.get(path).json()["fingerprint"] == module.fingerprint
    assert api.get(path, at=second.unix_ms).json()["fingerprint"] == module.fingerprint
    assert api.get(path, at=second.unix_ms - 1).json()["fingerprint"] == old
    assert api.get(path, at=first.unix_ms).json()["fingerprint"] == old
    assert api.get(path, at=before).status_code == 404
    earlier = api.get(f"/v1/keys/{old}", at=second.unix_ms - 1).json()
    assert (earlier["status"], api.get(f"/v1/keys/{old}").json()["status"]) == (
        "active",
        "superseded",
    )


def test_a_key_says_how_it_signs_and_how_long(api: Api, module: SimulatedModule) -> None:
    first = api.register(module)
    old = module.fingerprint
    module.update()
    second = api.register(module, "firmware_update")
    for path in (f"/v1/evse/{module.evse_id}/key", f"/v1/keys/{old}"):
        told = api.get(path, at=first.unix_ms).json()
        assert (told["algorithm"], told["status"]) == ("ECDSA-secp256r1-SHA256", "active")
        assert told["valid_from_unix_ms"] == first.unix_ms
        assert told["valid_until_unix_ms"] == second.unix_ms
    assert api.get(f"/v1/keys/{module.fingerprint}").json()["valid_until_unix_ms"] is None
    lines = api.get(f"/v1/evse/{module.evse_id}/history").json()
    assert [line["key"]["valid_until_unix_ms"] for line in lines] == [second.unix_ms, None]


def test_a_time_may_be_written_in_both_forms(api: Api, module: SimulatedModule) -> None:
    done = api.register(module)
    later = done.unix_ms + 1000
    path = f"/v1/evse/{module.evse_id}"
    assert api.get(path, at=later).json() == api.get(path, at=utc_text(later)).json()


@pytest.mark.parametrize("at", ["yesterday", "2026-11-21", "2026-11-21T10:00:05", "-1", "9" * 16])
def test_what_is_no_time_is_refused(api: Api, at: str) -> None:
    response = api.get("/v1/evse/DE*ABC*E9", at=at)
    assert response.status_code == 400
    assert error_of(response) == "request_malformed"
    assert "RFC 3339" in response.json()["error"]["sentence"]


@pytest.mark.parametrize(
    "evse_id", ["DE", "DE*ABC*1", "DE*ABC*E", "+49*1", "DE-ABC*E1", "%00", "ä"]
)
def test_what_is_no_evse_id_is_refused(api: Api, evse_id: str) -> None:
    response = api.get(f"/v1/evse/{evse_id}")
    assert response.status_code == 400
    assert error_of(response) == "request_malformed"


def test_history_is_told_oldest_first(api: Api, module: SimulatedModule) -> None:
    api.register(module)
    module.update()
    api.register(module, "firmware_update")
    api.post("/v1/test-charges", module.test_charge())
    lines = api.get(f"/v1/evse/{module.evse_id}/history").json()
    told = [line["record"]["type"] for line in lines]
    assert told == ["registration", "registration", "test_charge"]
    assert [line["number"] for line in lines] == sorted(line["number"] for line in lines)


def test_eligibility_answers_for_what_was_never_registered(
    api: Api, module: SimulatedModule
) -> None:
    never = api.get(f"/v1/evse/{module.evse_id}/eligibility")
    assert never.status_code == 200
    assert (never.json()["publish"], never.json()["authorise"]) == (False, False)
    assert never.json()["reasons"]
    api.register(module)
    now: Any = api.get(f"/v1/evse/{module.evse_id}/eligibility").json()
    assert (now["publish"], now["authorise"], now["reasons"]) == (True, True, [])


def test_search_finds_by_every_name(api: Api, module: SimulatedModule) -> None:
    api.register(module)
    for text, group in (
        ("DE*ABC*E1234", "evses"),
        (module.fingerprint, "keys"),
        (module.gateway_serial, "modules"),
        (module.meter.serial, "meters"),
    ):
        found = api.get("/v1/search", q=text).json()
        assert len(found[group]) == 1, (text, found)
    assert not any(api.get("/v1/search", q="FR*NIX").json().values())


@pytest.mark.parametrize("query", [{}, {"q": ""}, {"q": "x" * 401}])
def test_a_search_for_nothing_is_refused(api: Api, query: dict[str, str]) -> None:
    assert error_of(api.get("/v1/search", **query)) == "request_malformed"
