"""One caller of the API, as tests see it."""

import time
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from starlette.testclient import TestClient
from wattseal.registry.api_models import Confirmation

from support.registry.simulated_module import SimulatedModule

NAME = "registry.example/keys"


def now_ms() -> int:
    """This computer's clock."""
    return time.time_ns() // 1_000_000


def bearer(access_key: str) -> dict[str, str]:
    """The header that brings an access key."""
    return {"Authorization": f"Bearer {access_key}"}


@dataclass
class Api:
    """`headers` bring the caller's access key."""

    client: TestClient
    headers: dict[str, str]

    def post(self, path: str, body: BaseModel | dict[str, Any]) -> Any:
        """The response."""
        plain = body.model_dump(mode="json") if isinstance(body, BaseModel) else body
        return self.client.post(path, json=plain, headers=self.headers)

    def get(self, path: str, **query: Any) -> Any:
        """The response."""
        return self.client.get(path, params=query, headers=self.headers)

    def challenge(self) -> str:
        """A fresh one."""
        challenge: str = self.client.post("/v1/challenges").json()["challenge"]
        return challenge

    def register(self, module: SimulatedModule, scenario: str = "initial") -> Confirmation:
        """Register a module as it is; fails the test unless it is taken."""
        module.clock_ms = now_ms()
        response = self.post("/v1/registrations", module.registration(self.challenge(), scenario))
        assert response.status_code == 201, response.text
        return Confirmation.model_validate_json(response.content)


def error_of(response: Any) -> str:
    """The error's name, after a look at its form: a sentence, and no trace of a program."""
    error = response.json()["error"]
    assert set(error) == {"name", "sentence", "remedy", "detail"}
    assert error["sentence"].endswith(".")
    assert "Traceback" not in response.text
    return str(error["name"])


def codes_of(response: Any) -> set[str]:
    """The codes of all reasons of a refusal."""
    assert error_of(response) == "refused"
    return {reason["code"] for reason in response.json()["reasons"]}
