"""Answers that are no success: all of one form, none with the inside of the program."""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient
from support.registry.api_caller import Api, error_of
from support.registry.simulated_module import SimulatedModule
from wattseal.common.sentences import read_sentences
from wattseal.common.sql import DatabaseUnusable
from wattseal.registry import failures
from wattseal.registry.failures import StateBroken
from wattseal.registry.web.problems import TABLE, Problem, of_failure


class _Broken:
    """A service whose every method fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, _name: str) -> Any:
        def fail(*_arguments: object) -> Any:
            raise self._error

        return fail


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"scenario": "initial"}',
        b'{"scenario": NaN}',
        b"[" * 100_000,
        b"1" * 5000,
    ],
)
def test_what_is_no_request_is_malformed(api: Api, client: TestClient, body: bytes) -> None:
    headers = {**api.headers, "Content-Type": "application/json"}
    response = client.post("/v1/registrations", content=body, headers=headers)
    assert response.status_code == 400
    assert error_of(response) == "request_malformed"


def test_members_that_nobody_declared_are_malformed(api: Api, module: SimulatedModule) -> None:
    body = module.registration(api.challenge()).model_dump(mode="json")
    response = api.post("/v1/registrations", {**body, "unix_ms": 1})
    assert error_of(response) == "request_malformed"
    assert "unix_ms" in response.json()["error"]["sentence"]


def test_a_form_is_no_json(api: Api, client: TestClient) -> None:
    response = client.post("/v1/registrations", data={"scenario": "initial"}, headers=api.headers)
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/v1/nothing", "application/json"), ("/log/x", "application/json"), ("/x", "text/html")],
)
def test_there_is_nothing(client: TestClient, path: str, media_type: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith(media_type)
    assert path in response.text


def test_a_wrong_method_is_told_the_right_ones(client: TestClient) -> None:
    response = client.put("/v1/registrations")
    assert response.status_code == 405
    assert error_of(response) == "method_unknown"
    assert response.headers["Allow"] == "POST"


def test_a_fault_of_the_program_shows_nothing_of_it(app: FastAPI, client: TestClient) -> None:
    app.state.registry = _Broken(RuntimeError("password=hunter2"))
    response = client.get("/v1/registry")
    assert response.status_code == 500
    assert error_of(response) == "internal_error"
    assert "hunter2" not in response.text
    assert response.json()["error"]["detail"]["request_id"] == response.headers["X-Request-ID"]


def test_a_lost_database_is_a_reason_to_try_again(app: FastAPI, client: TestClient) -> None:
    app.state.registry = _Broken(OperationalError("SELECT secret", {}, OSError("refused")))
    for path in ("/ready", "/v1/registry"):
        response = client.get(path)
        assert response.status_code == 503
        assert error_of(response) == "not_ready"
        assert response.headers["Retry-After"]
        assert "SELECT" not in response.text


def test_a_registry_that_is_not_ready_says_so(app: FastAPI, client: TestClient) -> None:
    app.state.registry = _Broken(DatabaseUnusable("its schema is older"))
    response = client.get("/ready")
    assert response.status_code == 503
    assert "its schema is older" in response.json()["error"]["sentence"]


def test_broken_state_is_not_served(app: FastAPI, client: TestClient) -> None:
    app.state.registry = _Broken(StateBroken("state_broken", entry=7, cause="two names differ"))
    response = client.get("/v1/states")
    assert response.status_code == 500
    assert error_of(response) == "state_broken"


def test_every_failure_of_the_service_has_a_status() -> None:
    numbers = {"size": 1, "entry": 1, "seconds": 1}
    blanks = {"key_id": "a", "until": "b", "what": "c", "name": "d", **numbers}
    for name in read_sentences(failures.TABLE):
        status, body, _headers = of_failure(
            failures.RegistryError(name, **{**blanks, "cause": "e"})
        )
        assert status >= 400
        assert body.error.remedy


def test_every_problem_can_be_told() -> None:
    blanks = {"cause": "a", "path": "b", "method": "c", "seconds": 1, "limit": 1, "values": 1}
    for name in read_sentences(TABLE):
        status, body, _headers = of_failure(Problem(name, **{**blanks, "request_id": "d"}))
        assert status >= 400
        assert "{" not in body.error.sentence + body.error.remedy
