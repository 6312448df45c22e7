"""The API's description: complete, with examples that are real, and kept to by every answer."""

import json
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from pydantic import BaseModel, TypeAdapter
from schemathesis.checks import CHECKS
from schemathesis.generation import GenerationMode
from starlette.testclient import TestClient
from support.registry.api_caller import Api
from support.registry.api_examples import FILE, text
from wattseal.registry import api_models

WRITING = {
    "/v1/registrations": api_models.RegistrationRequest,
    "/v1/registrations/check": api_models.RegistrationRequest,
    "/v1/deactivations": api_models.DeactivationRequest,
    "/v1/hardware-exchanges": api_models.HardwareExchangeRequest,
    "/v1/consents": api_models.ConsentRequest,
    "/v1/test-charges": api_models.TestChargeRequest,
    "/v1/access": api_models.AccessRequest,
}

EXAMPLES = int(os.environ.get("WATTSEAL_FUZZ_EXAMPLES", "20"))
"""Generated requests of each operation, right ones and wrong ones."""


@pytest.fixture
def description(client: TestClient) -> dict[str, Any]:
    return client.get("/openapi.json").json()


def _operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_everything_is_described(description: dict[str, Any]) -> None:
    operations = list(_operations(description))
    assert len(operations) >= 25
    for path, _method, operation in operations:
        assert operation["summary"], path
        assert operation["description"], path
        for response in operation["responses"].values():
            assert response["description"]
    assert "HTTPValidationError" not in str(description)


def test_writing_takes_an_access_key_and_reading_does_not(description: dict[str, Any]) -> None:
    for path, method, operation in _operations(description):
        closed = path in WRITING or path.startswith(("/v1/access", "/metrics"))
        assert bool(operation.get("security")) == closed, (path, method)
        assert ("401" in operation["responses"]) == closed, (path, method)


@pytest.mark.parametrize("path", WRITING)
def test_examples_are_requests_that_can_be_read(description: dict[str, Any], path: str) -> None:
    content = description["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    assert content["examples"]
    for example in content["examples"].values():
        assert example["summary"]
        TypeAdapter(WRITING[path]).validate_python(example["value"])


ANSWERS: dict[str, type[BaseModel]] = {
    "/v1/evse/{evse_id}": api_models.EvseState,
    "/v1/evse/{evse_id}/key": api_models.KeyAnswer,
    "/v1/evse/{evse_id}/eligibility": api_models.Eligibility,
    "/v1/keys/{fingerprint}": api_models.KeyAnswer,
}


@pytest.mark.parametrize("path", ANSWERS)
def test_examples_are_answers_that_clients_read(description: dict[str, Any], path: str) -> None:
    content = description["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    assert content["schema"] == {"$ref": f"#/components/schemas/{ANSWERS[path].__name__}"}
    assert content["examples"]
    for example in content["examples"].values():
        ANSWERS[path].model_validate_json(json.dumps(example["value"]))


def test_an_example_has_a_key_that_signs_and_one_that_has_ended(
    description: dict[str, Any],
) -> None:
    operation = description["paths"]["/v1/evse/{evse_id}/key"]["get"]
    examples = operation["responses"]["200"]["content"]["application/json"]["examples"]
    told = [example["value"]["valid_until_unix_ms"] for example in examples.values()]
    assert [until is None for until in told] == [True, False]


def test_generated_clients_get_names_that_people_read(description: dict[str, Any]) -> None:
    names = [operation["operationId"] for _path, _method, operation in _operations(description)]
    assert len(set(names)) == len(names)
    assert {"get_key_of_evse", "get_eligibility", "register", "deactivate"} <= set(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names)


def test_every_parameter_says_what_it_is(description: dict[str, Any]) -> None:
    for path, _method, operation in _operations(description):
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (path, parameter["name"])


def test_the_examples_are_those_of_the_simulated_module() -> None:
    assert FILE.read_text(encoding="ascii") == text(), "run support.registry.api_examples"


def test_a_registration_of_the_examples_is_nearly_good(
    api: Api, description: dict[str, Any]
) -> None:
    body = description["paths"]["/v1/registrations"]["post"]["requestBody"]
    example = body["content"]["application/json"]["examples"]["a new station"]["value"]
    codes = {reason["code"] for reason in api.post("/v1/registrations/check", example).json()}
    assert "challenge_unknown" in codes
    assert "possession_signature_wrong" not in codes
    assert "history_broken" not in codes


NOT_CHECKED = ("positive_data_acceptance", "ignored_auth")
"""A request of the right form may still be refused; and test_http_access.py tries wrong keys."""


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_as_described(
    client: TestClient, administrator: dict[str, str], mode: GenerationMode
) -> None:
    """Generated requests, right and wrong ones: no fault, and no answer that is not described."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", client.app)
    for result in schema.get_all_operations():

        @given(case=result.ok().as_strategy(generation_mode=mode))
        @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
        def check(case: Any) -> None:
            # That an access key is sent after all makes a case without one a right one.
            is_list = (case.method, case.path) == ("GET", "/v1/access")
            names = [*NOT_CHECKED, *(["negative_data_rejection"] if is_list else [])]
            left_out = CHECKS.get_by_names(names)
            case.call_and_validate(headers=administrator, excluded_checks=left_out)

        try:
            check()
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE  # it takes nothing that could be wrong
