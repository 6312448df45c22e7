"""Access keys: made, listed, revoked, expired, guessed, and never told again."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient
from support.registry.api_caller import Api, bearer, error_of
from support.registry.simulated_module import SimulatedModule
from wattseal.registry.api_models import AccessRequest

CPO = AccessRequest(role="cpo", operators=["DE*ABC"], label="Example GmbH", days=30)


def test_a_new_key_is_told_once(root_api: Api, client: TestClient) -> None:
    response = root_api.post("/v1/access", CPO)
    assert response.status_code == 201
    assert response.headers["Cache-Control"] == "no-store"
    key_id, access_key = response.json()["key_id"], response.json()["access_key"]
    assert access_key.startswith(f"wsk_{key_id}_")
    listed = root_api.get("/v1/access")
    assert access_key not in listed.text
    [mine] = [each for each in listed.json() if each["key_id"] == key_id]
    assert (mine["role"], mine["operators"], mine["revoked"]) == ("cpo", ["DE*ABC"], False)
    for path in ("/v1/records", "/v1/states"):
        assert access_key not in client.get(path).text


def test_a_revoked_key_is_good_no_more(root_api: Api, client: TestClient) -> None:
    made = root_api.post("/v1/access", CPO).json()
    caller = Api(client, bearer(made["access_key"]))
    body = SimulatedModule().registration("00" * 32)
    assert caller.post("/v1/registrations/check", body).status_code == 200
    gone = client.delete(f"/v1/access/{made['key_id']}", headers=root_api.headers)
    assert gone.status_code == 200
    response = caller.post("/v1/registrations/check", body)
    assert response.status_code == 401
    assert error_of(response) == "access_revoked"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_operator_is_no_administrator(api: Api, client: TestClient, method: str) -> None:
    path = "/v1/access/" + "a" * 12 if method == "DELETE" else "/v1/access"
    body = CPO.model_dump(mode="json") if method == "POST" else None
    response = client.request(method, path, json=body, headers=api.headers)
    assert response.status_code == 403
    assert error_of(response) == "access_denied"


@pytest.mark.parametrize(
    "header",
    [
        "Bearer wsk_aaaaaaaaaaaa_" + "A" * 52,
        "Bearer wsk_",
        "Bearer x",
        "Bearer wsk_" + "a" * 10_000,
        "Bearer \u00e4",
    ],
)
def test_a_guessed_key_is_unknown(client: TestClient, header: str) -> None:
    response = client.get("/v1/access", headers={"Authorization": header.encode()})
    assert response.status_code == 401
    assert error_of(response) == "access_unknown"


@pytest.mark.parametrize("header", ["Basic dXNlcjpwYXNz", "Bearer", "wsk_a_b", ""])
def test_another_kind_of_authorization_is_none(client: TestClient, header: str) -> None:
    response = client.get("/v1/access", headers={"Authorization": header})
    assert response.status_code == 401
    assert error_of(response) in ("access_missing", "access_unknown")


def test_a_key_with_another_secret_is_unknown(
    client: TestClient, new_key: Callable[..., str]
) -> None:
    key = new_key("DE*ABC")
    other = key[:-1] + ("A" if key[-1] != "A" else "B")
    response = client.get("/v1/access", headers=bearer(other))
    assert error_of(response) == "access_unknown"


def test_revoking_what_there_is_not(root_api: Api, client: TestClient) -> None:
    response = client.delete("/v1/access/" + "a" * 12, headers=root_api.headers)
    assert response.status_code in (404, 422)
    malformed = client.delete("/v1/access/A", headers=root_api.headers)
    assert error_of(malformed) == "request_malformed"


@pytest.mark.parametrize("operators", [[], ["DE*AB"], ["nothing"]])
def test_a_key_for_no_operator_is_refused(root_api: Api, operators: list[str]) -> None:
    response = root_api.post("/v1/access", CPO.model_copy(update={"operators": operators}))
    assert response.status_code == 422
