"""Thousands of requests that nobody should send: none of them is a fault of the registry's.

They are mutations of good ones: members bent, dropped, doubled and swapped, bytes flipped, paths
and queries cut and grown. WATTSEAL_FUZZ_SEED repeats a run.
"""

import json
import os
import random
import secrets
from collections import Counter
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from support.registry.api_caller import Api
from support.registry.api_examples import examples
from support.registry.simulated_module import SimulatedModule

REQUESTS = 2_000
ALL_REQUESTS = 10_000
STRANGE: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 2**53, 10**400, float("inf"), "", " ", "\x00", "\ud800", "|", "'"),
    *("%00", "../..", "DE*ABC*E1234*5", "x" * 3000, [], {}, [[[[]]]], {"a": {"b": {}}}),
)
PATHS = {
    "registration": ("/v1/registrations", "/v1/registrations/check"),
    "deactivation": ("/v1/deactivations",),
    "hardware_exchange": ("/v1/hardware-exchanges",),
    "consent": ("/v1/consents",),
    "test_charge": ("/v1/test-charges",),
    "access": ("/v1/access",),
}
QUESTIONS = (
    "/v1/evse/DE*ABC*E1234*5?at=2026-11-21T10:00:05Z",
    "/v1/evse/DE*ABC*E1234*5/key?at=1795255205000",
    "/v1/evse/DE*ABC*E1234*5/history",
    "/v1/evse/+49*823*1234567*1/eligibility",
    "/v1/keys/" + "0" * 64,
    "/v1/modules/" + "0" * 16 + "?at=0",
    "/v1/meters/EMH/1EMH0012345678",
    "/v1/entries/1/publication?size=2",
    "/v1/records?first=0&count=256",
    "/v1/states?first=1&count=2",
    "/v1/search?q=DE*ABC",
    "/log/tile/0/000.p/1",
    "/log/tile/entries/x001/x234/067.p/8",
    "/stations/DE*ABC*E1234*5?at=2026",
    "/?q=DE*ABC",
)


class _Mutator:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def bent(self, value: Any) -> Any:
        """The value with one thing somewhere in it changed."""
        if isinstance(value, dict) and value and self.random.random() < 0.9:
            return self._bent_object(dict(value))
        if isinstance(value, list) and value and self.random.random() < 0.9:
            at = self.random.randrange(len(value))
            return [*value[:at], self.bent(value[at]), *value[at + 1 :]]
        if isinstance(value, str) and value and self.random.random() < 0.6:
            return self._bent_text(value)
        return self.random.choice(STRANGE)

    def _bent_object(self, members: dict[str, Any]) -> dict[str, Any]:
        name = self.random.choice(sorted(members))
        match self.random.randrange(10):
            case 0:
                del members[name]
            case 1:
                members[str(self.random.choice(STRANGE))] = members[name]
            case 2:
                members[name] = self.random.choice(list(members.values()))
            case _:
                members[name] = self.bent(members[name])
        return members

    def _bent_text(self, text: str) -> str:
        at = self.random.randrange(len(text))
        if text.startswith("{") and self.random.random() < 0.5:
            try:
                return json.dumps(self.bent(json.loads(text)), separators=(",", ":"))
            except ValueError:
                return text[:at]
        return self.random.choice(
            (
                text[:at],
                text * 2,
                text[:at] + chr(self.random.randrange(256)) + text[at + 1 :],
                text[:at] + text[at + 1 :],
                text[::-1],
            )
        )

    def flipped(self, data: bytes) -> bytes:
        """The bytes with a few of them changed, or cut off."""
        changed = bytearray(data)
        for _ in range(self.random.randrange(1, 4)):
            changed[self.random.randrange(len(changed))] = self.random.randrange(256)
        return bytes(changed[: self.random.choice((len(changed), len(changed) // 2))])


def _send(client: TestClient, headers: dict[str, str], mutator: _Mutator, bodies: Any) -> Any:
    if mutator.random.random() < 0.4:
        path = mutator.random.choice(QUESTIONS)
        for _ in range(mutator.random.randrange(3)):
            path = "/" + mutator._bent_text(path).lstrip("/")
        return client.get("http://testserver" + quote(path, safe="/?=&:%+*"), headers=headers)
    name = mutator.random.choice(sorted(PATHS))
    path = mutator.random.choice(PATHS[name])
    body = mutator.random.choice(bodies[name])["value"]
    for _ in range(mutator.random.randrange(3)):
        body = mutator.bent(body)
    data = json.dumps(body).encode()
    if mutator.random.random() < 0.3:
        data = mutator.flipped(data)
    return client.post(path, content=data, headers={**headers, "Content-Type": "application/json"})


def test_no_request_is_a_fault(
    app: FastAPI,
    api: Api,
    root_api: Api,
    module: SimulatedModule,
    client: TestClient,
    pytestconfig: pytest.Config,
) -> None:
    requests = ALL_REQUESTS if pytestconfig.getoption("--all", False) else REQUESTS
    seed = int(os.environ.get("WATTSEAL_FUZZ_SEED", secrets.randbelow(2**32)))
    print(f"WATTSEAL_FUZZ_SEED={seed}")
    api.register(module)
    mutator, bodies, statuses = _Mutator(seed), examples(), Counter[int]()
    for number in range(requests):
        caller = root_api if number % 3 else api
        response = _send(client, caller.headers, mutator, bodies)
        statuses[response.status_code] += 1
        assert response.status_code < 500, (number, response.request.url, response.text)
        if response.status_code >= 400 and response.request.url.path.startswith("/v1/"):
            assert response.json()["error"]["sentence"]
    assert {200, 201, 400, 403, 404, 422} <= set(statuses)
    size = api.get("/v1/registry").json()["size"]
    last = api.get("/v1/records", first=size - 1).json()
    assert [line["number"] for line in last] == [size - 1]
    assert len(api.get("/v1/states", first=size - 1).json()) == 1
