"""The API's description: complete, with examples that are real, and kept to by every answer."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from api_caller import NAME, Api
from hypothesis import HealthCheck, settings
from make_examples import FILE, text
from pydantic import TypeAdapter
from schemathesis.checks import CHECKS
from starlette.testclient import TestClient
from wattseal.registry import requests
from wattseal.registry.http.application import create_app
from wattseal.registry.http.settings import Settings
from wattseal.registry.opening import open_registry

WRITING = {
    "/v1/registrations": requests.RegistrationRequest,
    "/v1/registrations/check": requests.RegistrationRequest,
    "/v1/deactivations": requests.DeactivationRequest,
    "/v1/hardware-exchanges": requests.HardwareExchangeRequest,
    "/v1/consents": requests.ConsentRequest,
    "/v1/test-charges": requests.TestChargeRequest,
    "/v1/access": requests.AccessRequest,
}


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
        closed = path in WRITING or path.startswith("/v1/access")
        assert bool(operation.get("security")) == closed, (path, method)
        assert ("401" in operation["responses"]) == closed, (path, method)


@pytest.mark.parametrize("path", WRITING)
def test_examples_are_requests_that_can_be_read(description: dict[str, Any], path: str) -> None:
    content = description["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    assert content["examples"]
    for example in content["examples"].values():
        assert example["summary"]
        TypeAdapter(WRITING[path]).validate_python(example["value"])


def test_the_examples_are_those_of_the_simulated_module() -> None:
    assert FILE.read_text(encoding="ascii") == text(), "run make_examples.py"


def test_a_registration_of_the_examples_is_nearly_good(
    api: Api, description: dict[str, Any]
) -> None:
    body = description["paths"]["/v1/registrations"]["post"]["requestBody"]
    example = body["content"]["application/json"]["examples"]["a new station"]["value"]
    codes = {reason["code"] for reason in api.post("/v1/registrations/check", example).json()}
    assert "challenge_unknown" in codes
    assert "possession_signature_wrong" not in codes
    assert "history_broken" not in codes


@pytest.fixture(scope="module")
def fuzzed_registry(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, str]:
    """An application and its administrator's access key, for all generated requests."""
    data = tmp_path_factory.mktemp("fuzzed")
    registry = open_registry(data, name=NAME)
    unlimited = Settings(reads_per_minute=0, writes_per_minute=0, wrong_keys_per_minute=0)
    return create_app(registry, unlimited), (data / "administrator.key").read_text().strip()


@pytest.fixture
def schema(fuzzed_registry: tuple[Any, str]) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", fuzzed_registry[0])


api_schema = schemathesis.pytest.from_fixture("schema")
NOT_CHECKED = ("positive_data_acceptance", "ignored_auth")
"""A request of the right form may still be refused; and test_http_access.py tries wrong keys."""


@api_schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_described(case: Any, fuzzed_registry: tuple[Any, str]) -> None:
    """Generated requests, right and wrong ones: no fault, and no answer that is not described."""
    case.call_and_validate(
        headers={"Authorization": f"Bearer {fuzzed_registry[1]}"},
        excluded_checks=CHECKS.get_by_names(list(NOT_CHECKED)),
    )
