"""What those who run the registry see: health, metrics, log; and what nobody is to see there."""

import io
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient
from support.registry.api_caller import Api, bearer, error_of, now_ms
from support.registry.simulated_module import SimulatedModule
from wattseal.registry.service import Registry

LogLines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def log_lines(log: io.StringIO) -> LogLines:
    """The log's lines since they were read last, as objects."""

    def read() -> list[dict[str, Any]]:
        lines = log.getvalue().splitlines()
        log.seek(0)
        log.truncate()
        return [json.loads(line) for line in lines]

    return read


def test_alive_and_ready(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/ready").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("clock_behind", {"_clock": lambda: now_ms() - 310_000}),
        ("clock_differs", {"_server_clock": lambda _connection: now_ms() + 310_000}),
    ],
)
def test_a_wrong_clock_is_told_and_logged(
    api: Api,
    registry: Registry,
    log_lines: LogLines,
    module: SimulatedModule,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    wrong: dict[str, Any],
) -> None:
    api.register(module)
    for attribute, clock in wrong.items():
        monkeypatch.setattr(registry, attribute, clock)
    exchange = {"evse_id": module.evse_id, "station_model": "Duo", "station_serial": "EX-0001"}
    log_lines()
    for ask in (
        lambda: api.client.get("/ready"),
        lambda: api.post("/v1/hardware-exchanges", exchange),
        lambda: api.client.post("/v1/time", json={"chip_id": "0f" * 8, "nonce": "3c" * 32}),
    ):
        answer = ask()
        assert answer.status_code == 503
        assert error_of(answer) == name
        assert answer.headers["Retry-After"]
        [line] = log_lines()
        assert (line["level"], line["problem"], line["status"]) == ("error", name, 503)
    assert api.get(f"/v1/evse/{module.evse_id}/key").status_code == 200


def test_metrics_count_what_happened(api: Api, module: SimulatedModule) -> None:
    api.register(module)
    api.post("/v1/registrations", module.registration("00" * 32, "reuse"))
    api.client.get("/v1/access", headers=bearer("wsk_x"))
    text = api.get("/metrics").text
    size = api.get("/v1/registry").json()["size"]
    assert f"wattseal_registry_log_entries {float(size)}" in text
    counted = 'requests_total{method="POST",route="/v1/registrations",status="201"} 1.0'
    assert f"wattseal_registry_{counted}" in text
    assert 'wattseal_registry_refusals_total{code="challenge_unknown"} 1.0' in text
    assert "wattseal_registry_wrong_access_keys_total 1.0" in text
    assert 'request_seconds_count{route="/v1/registrations"} 2.0' in text


def test_metrics_name_no_station_and_no_invention(api: Api, module: SimulatedModule) -> None:
    api.register(module)
    api.get(f"/v1/evse/{module.evse_id}")
    api.client.get("/invented-path")
    api.client.request("INVENTED", "/v1/registry")
    text = api.get("/metrics").text
    assert "DE*ABC" not in text
    assert "invented" not in text
    assert "INVENTED" not in text
    assert 'route="/v1/evse/{evse_id}"' in text


def test_each_request_is_a_line_of_json(
    api: Api, log_lines: LogLines, module: SimulatedModule
) -> None:
    api.get("/v1/registry")
    [line] = log_lines()
    assert line["event"] == "request"
    assert (line["method"], line["path"], line["status"]) == ("GET", "/v1/registry", 200)
    assert {"time", "level", "request_id", "client", "ms"} <= set(line)


def test_a_forbidden_change_is_logged_with_who_tried(
    api: Api,
    other_api: Api,
    log_lines: LogLines,
    module: SimulatedModule,
) -> None:
    api.register(module)
    log_lines()
    other_api.post("/v1/deactivations", module.deactivation(reason="lost", note="x"))
    [line] = log_lines()
    assert (line["level"], line["status"], line["problem"]) == ("warning", 403, "refused")
    assert "evse_not_yours" in line["reasons"]
    assert line["key_id"] == other_api.headers["Authorization"].split("_")[1]


def test_no_secret_reaches_the_log(api: Api, log_lines: LogLines, module: SimulatedModule) -> None:
    access_key = api.headers["Authorization"].removeprefix("Bearer ")
    secret = access_key.split("_")[2]
    api.register(module)
    api.get(f"/v1/evse/{access_key}")
    api.get("/v1/search", q=access_key)
    logging.getLogger("sqlalchemy").error(
        "cannot reach postgresql://me:hunter2@db/x %s", access_key
    )
    lines = json.dumps(log_lines())
    assert secret not in lines
    assert "hunter2" not in lines
    assert "wsk_" in lines


def test_an_exception_is_logged_once_with_its_trace(
    client: TestClient, log_lines: LogLines
) -> None:
    client.app.state.registry = None  # type: ignore[attr-defined]
    response = client.get("/v1/registry")
    failed, request = log_lines()
    assert failed["request_id"] == request["request_id"] == response.headers["X-Request-ID"]
    assert "AttributeError" in str(failed["exception"])
    assert request["status"] == 500


@pytest.mark.parametrize("path", ["/", "/health", "/v1/registry", "/log/checkpoint", "/v1/no"])
def test_head_tells_what_get_would(client: TestClient, api: Api, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    for name in ("Content-Type", "Content-Length", "Cache-Control"):
        assert head.headers[name] == get.headers[name]
    route = 'method="HEAD",route="(none)"' if get.status_code == 404 else f'route="{path}"'
    assert route in api.get("/metrics").text


@pytest.mark.parametrize("path", ["/", "/log", "/v1/registry", "/nothing", "/static/style.css"])
def test_security_headers_are_everywhere(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "script-src" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Strict-Transport-Security" not in headers
    assert "Server" not in headers


def test_transport_security_behind_tls(client: TestClient) -> None:
    headers = client.get("https://registry.example/").headers
    assert headers["Strict-Transport-Security"].startswith("max-age=")
