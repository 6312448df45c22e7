"""What the service does not let itself be flooded with: size, slowness, number."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from support.registry.api_caller import Api, bearer, error_of
from support.registry.simulated_module import SimulatedModule
from wattseal.registry.service import Registry
from wattseal.registry.web.app import create_app
from wattseal.registry.web.callers import MAX_BODY_BYTES, Settings, from_environment, of_scope
from wattseal.registry.web.middleware import BodyLimit


def _limited(registry: Registry, **limits: int) -> TestClient:
    everything = {"reads_per_minute": 0, "writes_per_minute": 0, "wrong_keys_per_minute": 0}
    return TestClient(create_app(registry, Settings(**{**everything, **limits})))


@pytest.mark.parametrize("path", ["/v1/registrations", "/v1/challenges", "/nowhere", "/"])
def test_an_oversized_body_is_not_read(client: TestClient, path: str) -> None:
    response = client.post(path, content=b"x" * (MAX_BODY_BYTES + 1))
    assert response.status_code == 413


def test_an_oversized_body_of_unknown_length_is_cut_off(client: TestClient) -> None:
    sent = []

    def endless() -> Any:
        while len(sent) < 1000:
            sent.append(1)
            yield b"x" * 65536

    response = client.post("/v1/registrations", content=endless())
    assert response.status_code == 413
    assert error_of(response) == "body_too_large"


def test_the_largest_registration_there_can_be_fits(api: Api, module: SimulatedModule) -> None:
    request = module.registration(api.challenge())
    longest = request.statements[0].model_copy(update={"statement": '"' * 2000})
    history = request.model_copy(update={"statements": [longest] * 100})
    assert api.post("/v1/registrations", history).status_code == 422


def test_a_body_that_does_not_come_is_given_up() -> None:
    async def never(*_arguments: object) -> Any:
        raise AssertionError("the application was reached")

    async def receive() -> Any:
        await asyncio.Event().wait()

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/v1/registrations", "headers": [], "method": "POST"}
    asyncio.run(BodyLimit(never, seconds=0.01)(scope, receive, send))
    assert sent[0]["status"] == 408


def test_reading_is_limited_by_address(registry: Registry) -> None:
    client = _limited(registry, reads_per_minute=5)
    answers = [client.get("/v1/registry") for _ in range(7)]
    assert [each.status_code for each in answers[:5]] == [200] * 5
    assert [each.status_code for each in answers[5:]] == [429] * 2
    assert error_of(answers[-1]) == "too_many_requests"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert client.get("/health").status_code == 200
    assert client.get("/metrics").text.count("limited_requests_total 2.0") == 1


def test_one_address_does_not_use_up_anothers_limit(registry: Registry) -> None:
    app = create_app(registry, Settings(reads_per_minute=1))
    first = TestClient(app, client=("192.0.2.1", 1))
    second = TestClient(app, client=("192.0.2.2", 1))
    assert [first.get("/v1/registry").status_code for _ in range(2)] == [200, 429]
    assert second.get("/v1/registry").status_code == 200


def test_writing_is_limited_by_access_key(
    registry: Registry, new_key: Callable[..., str], module: SimulatedModule
) -> None:
    client = _limited(registry, writes_per_minute=2)
    one, other = Api(client, bearer(new_key("DE*ABC"))), Api(client, bearer(new_key("DE*XYZ")))
    body = module.registration("00" * 32)
    tried = [one.post("/v1/registrations/check", body).status_code for _ in range(3)]
    assert tried == [200, 200, 429]
    assert other.post("/v1/registrations/check", body).status_code == 200


def test_guessing_access_keys_is_limited(registry: Registry, administrator: dict[str, str]) -> None:
    client = _limited(registry, wrong_keys_per_minute=3)
    tried = [client.get("/v1/access", headers=bearer(f"wsk_{n}")).status_code for n in range(5)]
    assert tried == [401, 401, 401, 429, 429]
    # The right key does not help either, or a guesser would learn that it was right.
    assert client.get("/v1/access", headers=administrator).status_code == 429


def test_right_keys_do_not_count_as_guesses(
    registry: Registry, administrator: dict[str, str]
) -> None:
    client = _limited(registry, wrong_keys_per_minute=1)
    tried = [client.get("/v1/access", headers=administrator).status_code for _ in range(3)]
    assert tried == [200] * 3


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (("192.0.2.7", 1), "192.0.2.7"),
        (("2001:db8::1", 1), "2001:db8::/64"),
        (("2001:db8::ffff:1", 1), "2001:db8::/64"),
        (("::ffff:192.0.2.7", 1), "192.0.2.7"),
        (("a socket", 1), "a socket"),
        (None, "local"),
    ],
)
def test_an_ipv6_network_is_one_client(client: Any, expected: str) -> None:
    assert of_scope({"client": client}) == expected


def test_settings_survive_the_environment() -> None:
    settings = Settings(database_url="postgresql+pg8000://x", reads_per_minute=7, offline_days=0)
    assert from_environment(settings.to_environment()) == settings
    assert from_environment({}) == Settings()
    with pytest.raises(ValueError, match="invalid literal"):
        from_environment({"WATTSEAL_REGISTRY_READS_PER_MINUTE": "many"})


def test_health_asks_nothing_of_the_database(app: FastAPI, client: TestClient) -> None:
    app.state.registry = None
    assert client.get("/health").json() == {"status": "ok"}
