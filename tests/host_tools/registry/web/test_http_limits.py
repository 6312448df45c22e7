"""What the service does not let itself be flooded with: size, slowness, number."""

import asyncio
import gzip
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI
from starlette.testclient import TestClient
from support.registry.api_caller import Api, bearer, error_of
from support.registry.simulated_module import SimulatedModule
from wattseal.common.errors import ToolError
from wattseal.common.serve import SmallPool
from wattseal.registry import client as registry_client
from wattseal.registry.api_models import AccessRequest
from wattseal.registry.client import RegistryClient
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
    here = TestClient(client.app, client=("127.0.0.1", 1))
    assert here.get("/metrics").text.count("limited_requests_total 2.0") == 1


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


def test_guessing_access_keys_costs_the_guesser_alone(
    registry: Registry, administrator: dict[str, str]
) -> None:
    client = _limited(registry, wrong_keys_per_minute=3)
    tried = [client.get("/v1/access", headers=bearer(f"wsk_{n}")).status_code for n in range(5)]
    assert tried == [401, 401, 401, 429, 429]
    # Behind the same address.
    assert client.get("/v1/access", headers=administrator).status_code == 200


def test_a_right_key_gets_through_behind_an_address_that_reads_too_much(
    registry: Registry, administrator: dict[str, str]
) -> None:
    client = _limited(registry, reads_per_minute=3, wrong_keys_per_minute=2)
    assert [client.get("/v1/registry").status_code for _ in range(4)] == [200] * 3 + [429]
    for headers in ({}, bearer("wsk_1"), {"Authorization": "Basic eA=="}):
        assert client.get("/v1/registry", headers=headers).status_code == 429
    tried = [client.get("/v1/access", headers=administrator).status_code for _ in range(4)]
    assert tried == [200] * 3 + [429]


def test_what_takes_long_to_read_counts_for_more(registry: Registry) -> None:
    for path, most in (("/v1/registry", 16), ("/v1/search?q=DE", 4), ("/v1/states", 2)):
        client = _limited(registry, reads_per_minute=16)
        statuses = [client.get(path).status_code for _ in range(most + 1)]
        assert statuses == [200] * most + [429], path


@pytest.mark.parametrize(
    ("kind", "headers", "body"),
    [
        ("a member twice", {}, b'{"chip_id": "aa", "chip_id": "bb"}'),
        ("UTF-16", {}, '{"chip_id": "aa"}'.encode("utf-16")),
        ("UTF-16 without a mark", {}, '{"chip_id": "aa"}'.encode("utf-16-le")),
        ("UTF-32", {}, '{"chip_id": "aa"}'.encode("utf-32")),
        ("a mark", {}, b'\xef\xbb\xbf{"chip_id": "aa"}'),
        ("NaN", {}, b'{"chip_id": NaN}'),
        ("Latin-1", {}, b'{"chip_id": "\xe4"}'),
        ("charset", {"Content-Type": "application/json; charset=utf-16"}, b"{}"),
        ("charset of a +json", {"Content-Type": 'application/x+json;charset="latin1"'}, b"{}"),
        ("gzip", {"Content-Encoding": "gzip"}, gzip.compress(b"{" + b" " * 1_000_000 + b"}")),
        ("an encoding that nobody knows", {"Content-Encoding": "x"}, b"{}"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/registrations", "/v1/access", "/v1/time", "/v1/consents"])
def test_a_body_that_can_be_read_in_two_ways_is_refused(
    client: TestClient,
    administrator: dict[str, str],
    path: str,
    kind: str,
    headers: dict[str, str],
    body: bytes,
) -> None:
    sent = {"Content-Type": "application/json", **administrator, **headers}
    response = client.post(path, content=body, headers=sent)
    assert response.status_code == (415 if headers else 400)
    assert error_of(response) == ("body_encoded" if headers else "request_malformed")
    sentence = response.json()["error"]["sentence"]
    told = "twice|UTF-8|well-formed|NaN|compressed"
    assert re.search(told, sentence), sentence


def test_a_form_in_another_character_set_is_refused(client: TestClient) -> None:
    kind = "multipart/form-data; boundary=x; charset="
    for charset in ("utf-16", "no-such"):
        headers = {"Content-Type": kind + charset, "Accept-Language": "de"}
        answer = client.post("/check", content=b"--x--", headers=headers)
        assert answer.status_code == 415
        assert "nicht in UTF-8" in answer.text
    assert client.post("/check", content=b"--x--", headers={"Content-Type": kind + "UTF-8"})


def test_metrics_are_not_for_strangers(app: FastAPI, api: Api) -> None:
    here = TestClient(app, client=("127.0.0.1", 1))
    assert here.get("/metrics").status_code == 200
    through_a_proxy = here.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
    stranger = TestClient(app, client=("192.0.2.1", 1))
    for refused in (through_a_proxy, stranger.get("/metrics")):
        assert (refused.status_code, error_of(refused)) == (401, "access_missing")
    assert stranger.get("/metrics", headers=bearer("wsk_1")).status_code == 401
    assert stranger.get("/metrics", headers=api.headers).status_code == 200


def test_lists_are_told_by_pages(root_api: Api, new_key: Callable[..., str]) -> None:
    for _ in range(4):
        new_key("DE*ABC")
    whole = root_api.get("/v1/access").json()
    parts = [root_api.get("/v1/access", first=at, count=2).json() for at in (0, 2, 4, 6)]
    assert [len(part) for part in parts] == [2, 2, 1, 0]
    assert [each for part in parts for each in part] == whole
    assert root_api.get("/v1/access", count=257).status_code == 400


def test_a_history_is_told_by_pages(api: Api, module: SimulatedModule) -> None:
    api.register(module)
    for number in range(4):
        body = {"evse_id": module.evse_id, "station_model": "S", "station_serial": f"EX-{number}1"}
        assert api.post("/v1/hardware-exchanges", body).status_code == 201
    path = f"/v1/evse/{module.evse_id}/history"
    whole = api.get(path).json()
    assert api.get(path, first=1, count=2).json() == whole[1:3]
    assert len(whole) == 5


def test_a_client_asks_for_as_many_pages_as_there_are(
    client: TestClient, administrator: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    access_key = administrator["Authorization"].removeprefix("Bearer ")
    asked = RegistryClient("http://testserver", access_key, http=client)
    for label in "ABC":
        asked.grant(AccessRequest(role="cpo", operators=["DE*ABC"], label=label))
    monkeypatch.setattr(registry_client, "PAGE", 2)
    assert [key.label for key in asked.access_keys()][-3:] == ["A", "B", "C"]
    monkeypatch.setattr(registry_client, "MAX_LINES", 1)
    with pytest.raises(ToolError, match="it is too long"):
        asked.access_keys()


def test_work_beyond_what_is_done_within_a_minute_is_put_off(
    app: FastAPI, client: TestClient
) -> None:
    app.state.long_work = app.state.writing = SmallPool(threads=1, waiting=-1)
    german = {"Accept-Language": "de"}
    for path in ("/v1/records", "/v1/states", "/v1/search?q=DE", "/stations/DE*ABC*E1"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    page = client.post("/check", files={"file": ("a.xml", b"x")}, headers=german)
    assert page.status_code == 503
    assert "Zurzeit wird zu viel geprüft" in page.text
    for path in ("/ready", "/health", "/v1/registry", "/"):
        assert client.get(path).status_code == 200


def test_look_ups_are_answered_while_all_that_takes_long_waits(
    app: FastAPI, client: TestClient
) -> None:
    held, release = threading.Semaphore(0), threading.Event()

    def wait() -> None:
        held.release()
        assert release.wait(60)

    def ask() -> None:
        portal.call(app.state.long_work.run, wait)

    with client, start_blocking_portal() as portal:
        askers = [threading.Thread(target=ask) for _ in range(20)]
        for each in askers:
            each.start()
        held.acquire(timeout=60)
        for path in ("/ready", "/v1/registry", "/v1/evse/DE*ABC*E1/eligibility"):
            assert client.get(path).status_code == 200
        release.set()
        for each in askers:
            each.join(60)


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
