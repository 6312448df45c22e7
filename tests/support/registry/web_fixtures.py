"""The registry's application in this process, on a new database, asked without a network."""

import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from wattseal.common.serve import log_as_json
from wattseal.registry.api_models import AccessRequest
from wattseal.registry.service import Registry
from wattseal.registry.setup import open_registry
from wattseal.registry.web.app import create_app
from wattseal.registry.web.callers import Settings

from support.registry.api_caller import NAME, Api, bearer, now_ms
from support.registry.simulated_module import SimulatedModule

__all__ = (
    "administrator",
    "api",
    "app",
    "client",
    "data",
    "log",
    "module",
    "new_key",
    "other_api",
    "registry",
    "root_api",
)

UNLIMITED = Settings(reads_per_minute=0, writes_per_minute=0, wrong_keys_per_minute=0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def registry(data: Path) -> Registry:
    return open_registry(data, name=NAME)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the service logs, as it would go to standard error."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    log_as_json(stream)
    yield stream
    root.handlers = handlers
    root.setLevel(level)


@pytest.fixture
def app(registry: Registry, log: io.StringIO) -> FastAPI:
    return create_app(registry, UNLIMITED)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """Failures become answers, as they do for a client over the network."""
    with TestClient(app, raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def administrator(registry: Registry, data: Path) -> dict[str, str]:
    """The header of the first access key."""
    return bearer((data / "administrator.key").read_text().strip())


@pytest.fixture
def new_key(registry: Registry, administrator: dict[str, str]) -> Callable[..., str]:
    """Makes access keys."""
    actor = registry.authenticate(administrator["Authorization"].removeprefix("Bearer "))

    def make(*operators: str, role: str = "cpo", days: int | None = 30) -> str:
        request = AccessRequest.model_validate(
            {"role": role, "operators": list(operators), "label": "test", "days": days}
        )
        access_key = registry.grant(request, actor).access_key
        assert access_key
        return access_key

    return make


@pytest.fixture
def api(client: TestClient, new_key: Callable[..., str]) -> Api:
    """The API as the operator of DE*ABC uses it."""
    return Api(client, bearer(new_key("DE*ABC")))


@pytest.fixture
def other_api(client: TestClient, new_key: Callable[..., str]) -> Api:
    """The API as the operator of DE*XYZ uses it."""
    return Api(client, bearer(new_key("DE*XYZ")))


@pytest.fixture
def root_api(client: TestClient, administrator: dict[str, str]) -> Api:
    """The API as the registry's administrator uses it."""
    return Api(client, administrator)


@pytest.fixture
def module() -> SimulatedModule:
    """At DE*ABC*E1234*5, with its clock as it is now."""
    return SimulatedModule(clock_ms=now_ms())
