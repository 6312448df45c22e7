"""A registry whose front end lies: the client names each lie, without an auditor."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient
from support.registry.operated_registry import NAME, OperatedRegistry
from support.registry.simulated_module import EVSE_ID, METER, SimulatedModule
from support.registry.web_fixtures import UNLIMITED
from wattseal.cdr.keys import RegistryKeys
from wattseal.common.errors import ToolError
from wattseal.registry import evidence as evidence_module
from wattseal.registry.api_models import HardwareExchangeRequest
from wattseal.registry.client import RegistryClient
from wattseal.registry.published_log import MAX_COUNT
from wattseal.registry.web.app import create_app

URL = "http://127.0.0.1:9"
OTHER_EVSE = "DE*ABC*E77"
Change = Callable[[str, Any], Any]


class Front:
    """Stands between a client and a registry; `lie` changes the answer of a path."""

    def __init__(self, operated: OperatedRegistry) -> None:
        self.operated = operated
        self.lie: Change = lambda _path, told: told
        self.asked: list[httpx.URL] = []
        self._app = TestClient(create_app(operated.registry, UNLIMITED))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        answer = self._app.get(request.url.raw_path.decode())
        told = answer.json()
        if request.url.path != "/v1/registry":
            told = self.lie(request.url.path, told)
        if isinstance(told, httpx.Response):
            return told
        return httpx.Response(answer.status_code, json=told)

    def client(self, **how: Any) -> RegistryClient:
        return RegistryClient(URL, http=httpx.Client(transport=httpx.MockTransport(self)), **how)


@pytest.fixture
def operated(tmp_path: Path, database_url: str) -> Iterator[OperatedRegistry]:
    made = OperatedRegistry(tmp_path / "data", database_url)
    made.commission(SimulatedModule())
    yield made
    made.registry.close()


@pytest.fixture
def front(operated: OperatedRegistry) -> Front:
    return Front(operated)


def deactivate(operated: OperatedRegistry) -> None:
    operated.wait()
    lost = SimulatedModule().deactivation(reason="compromised", note="found open")
    operated.registry.record_about_evse(lost, operated.abc)


def failure(call: Callable[[], object]) -> ToolError:
    with pytest.raises(ToolError) as caught:
        call()
    return caught.value


QUESTIONS: list[Callable[[RegistryClient], object]] = [
    lambda client: client.evse(EVSE_ID),
    lambda client: client.key_of(EVSE_ID),
    lambda client: client.history(EVSE_ID),
    lambda client: client.eligibility(EVSE_ID),
    lambda client: client.key(SimulatedModule().fingerprint),
    lambda client: client.module(SimulatedModule().chip_id),
    lambda client: client.meter(METER.manufacturer, METER.serial),
    lambda client: client.search("DE*ABC"),
    lambda client: RegistryKeys(URL, lambda: client).periods(EVSE_ID),
]


def test_an_honest_registry_is_believed_and_answers_as_its_tables(front: Front) -> None:
    registry, client = front.operated.registry, front.client()
    deactivate(front.operated)
    times = [
        None,
        *(record.unix_ms + late for _n, record in registry.history(EVSE_ID) for late in (0, 1, -1)),
    ]
    for at in times:
        assert client.evse(EVSE_ID, at) == registry.evse(EVSE_ID, at)
        assert client.key_of(EVSE_ID, at) == registry.key_valid(EVSE_ID, at or 1 << 52)
        module = SimulatedModule()
        assert client.key(module.fingerprint, at) == registry.key(module.fingerprint, at)
        assert client.module(module.chip_id, at) == registry.module(module.chip_id, at)
        ref = module.meter_ref
        assert client.meter(ref.manufacturer, ref.serial, at) == registry.meter(ref, at)
    assert [(line.number, line.record) for line in client.history(EVSE_ID)] == registry.history(
        EVSE_ID
    )
    assert client.search("DE*ABC") == registry.search("DE*ABC")
    told, expected = client.eligibility(EVSE_ID), registry.eligibility(EVSE_ID)
    assert told.reasons == expected.reasons != []
    assert client.evse(OTHER_EVSE) is None
    assert failure(lambda: client.history(OTHER_EVSE)).name == "registry_not_found"
    assert client.proof is not None
    assert (client.proof.registry, client.proof.size) == (NAME, front.operated.size)
    assert client.proof.vkey == registry.facts().vkey


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_withheld_deactivation_is_named(front: Front, question) -> None:
    """Entries, records and all proofs are of before, under the newest signed notes."""
    before: dict[str, Any] = {}

    def remember(path: str, told: Any) -> Any:
        before[path] = told
        return told

    front.lie = remember
    question(front.client())
    deactivate(front.operated)
    searched = before.get("/v1/search")

    def withhold(path: str, told: Any) -> Any:
        if path == "/v1/search":
            return searched
        return {
            **before[path],
            "checkpoint": told["checkpoint"],
            "index": told["index"],
            "consistency": told["consistency"],
        }

    front.lie = withhold
    assert failure(lambda: question(front.client())).name == "registry_forged"

    def withhold_the_entry_alone(path: str, told: Any) -> Any:
        for thing in told.get("things", []):
            thing["entries"].remove(front.operated.size - 1)
        return told

    front.lie = withhold_the_entry_alone
    error = failure(lambda: question(front.client()))
    assert error.name == "registry_forged"
    assert (
        "withheld" in str(error) or "another name" in str(error) or "not on the way" in str(error)
    )

    def withhold_the_record_alone(path: str, told: Any) -> Any:
        told["records"] = [
            one for one in told.get("records", []) if one["number"] + 1 < front.operated.size
        ]
        return searched if path == "/v1/search" else told

    front.lie = withhold_the_record_alone
    assert "withheld" in str(failure(lambda: question(front.client())))


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_old_answer_is_named_once_a_newer_one_was_seen(front: Front, question) -> None:
    old: dict[str, Any] = {}
    front.lie = lambda path, told: old.setdefault(path, told)
    question(front.client())
    deactivate(front.operated)
    front.lie = lambda _path, told: told
    front.client().evse(EVSE_ID)
    front.lie = lambda path, _told: old[path]
    error = failure(lambda: question(front.client()))
    assert error.name == "registry_rolled_back"


@pytest.mark.parametrize("question", QUESTIONS)
def test_another_key_under_the_known_records_is_named(front: Front, question) -> None:
    own, other = SimulatedModule().key.hex, SimulatedModule("other").key.hex

    def forge(_path: str, told: Any) -> Any:
        return json.loads(json.dumps(told).replace(own, other))

    front.lie = forge
    assert failure(lambda: question(front.client())).name == "registry_forged"


def _deny(told: Any, **changes: Any) -> Any:
    things = [{**thing, "entries": [], **changes} for thing in told["things"]]
    return {**told, "things": things, "records": []}


def test_a_denied_charge_point_is_named(front: Front) -> None:
    not_found = {"name": "not_found", "sentence": "Unknown.", "remedy": "", "detail": {}}
    leaf = {"key": "ab" * 32, "value": "cd" * 32}
    lies: list[tuple[str, Change]] = [
        ("registry_forged", lambda _path, told: _deny(told)),
        ("registry_forged", lambda _path, told: _deny(told, beside=[])),
        ("registry_forged", lambda _path, told: _deny(told, other=leaf)),
        ("registry_forged", lambda _path, told: {**told, "things": [], "records": []}),
        ("registry_unproven", lambda _path, _told: httpx.Response(404, json={"error": not_found})),
    ]
    front.client().evse(EVSE_ID)
    for name, lie in lies:
        front.lie = lie
        assert failure(lambda: front.client().evse(EVSE_ID)).name == name
        keys = RegistryKeys(URL, front.client)
        assert failure(lambda keys=keys: keys.periods(EVSE_ID)).name == name


def test_notes_of_other_keys_logs_and_sizes_are_named(front: Front) -> None:
    front.client().evse(EVSE_ID)
    older = front.operated.registry.heads()
    deactivate(front.operated)
    newer = front.operated.registry.heads()
    for lie in (
        {"index": newer.checkpoint},
        {"checkpoint": newer.index},
        {"index": older.index},
        {"index": newer.index.replace("\n\n", "\nmore\n\n")},
        {"checkpoint": newer.checkpoint.partition("\n\n")[0] + "\n\n"},
        {"consistency": ["00" * 32]},
        {"consistency": []},
    ):
        front.lie = lambda _path, told, lie=lie: {**told, **lie}
        error = failure(lambda: front.client().evse(EVSE_ID))
        assert error.name in ("registry_forged", "registry_split"), lie


def test_a_database_that_was_rolled_back_is_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    operated = OperatedRegistry(tmp_path / "data", url)
    operated.commission(SimulatedModule())
    operated.registry.close()
    shutil.copy(tmp_path / "a.db", tmp_path / "b.db")
    again = _reopened(operated, tmp_path, "a.db")
    deactivate(again)
    Front(again).client().evse(EVSE_ID)
    assert Front(again).client().key_of(EVSE_ID) is None
    again.registry.close()
    before = _reopened(operated, tmp_path, "b.db")
    rolled_back = Front(before)
    assert failure(lambda: rolled_back.client().key_of(EVSE_ID)).name == "registry_rolled_back"
    before.wait(600_000)
    for station in range(3):  # it goes on, and is longer again
        request = HardwareExchangeRequest(
            evse_id=EVSE_ID, station_model="S 2", station_serial=f"ST-4711-0{station}"
        )
        before.registry.record_about_evse(request, before.abc)
        error = failure(lambda: rolled_back.client().key_of(EVSE_ID))
        assert error.name == "registry_split"
    before.registry.close()


def _reopened(operated: OperatedRegistry, folder: Path, file: str) -> OperatedRegistry:
    from wattseal.registry.setup import open_registry

    again = OperatedRegistry.__new__(OperatedRegistry)
    again.__dict__ |= operated.__dict__
    again.registry = open_registry(
        *(folder / "data", f"sqlite:///{folder / file}", NAME), clock=lambda: again.now_ms
    )
    return again


def test_the_key_of_the_first_use_must_stay(front: Front, tmp_path: Path) -> None:
    client = front.client()
    client.evse(EVSE_ID)
    assert client.proof is not None
    assert "first use" in client.proof.not_checked[0]
    client.evse(EVSE_ID)
    again = front.client()
    again.evse(EVSE_ID)
    assert again.proof is not None
    assert not any("first use" in each for each in again.proof.not_checked)
    other = OperatedRegistry(tmp_path / "other", f"sqlite:///{tmp_path / 'other.db'}")
    other.commission(SimulatedModule())
    impostor = Front(other)
    assert failure(lambda: impostor.client().evse(EVSE_ID)).name == "registry_key_changed"
    told = failure(lambda: impostor.client().facts())
    assert told.name == "registry_key_changed"
    vkey = other.registry.facts().vkey
    for part in (vkey, front.operated.registry.facts().vkey, str(client.trust.path)):
        assert part in str(told)
    assert failure(lambda: impostor.client(vkey=vkey).evse(EVSE_ID)).name == "registry_key_changed"
    client.trust.path.unlink()
    pinned = impostor.client(vkey=vkey)
    assert pinned.evse(EVSE_ID) is not None
    assert pinned.proof is not None
    assert not any("first use" in each for each in pinned.proof.not_checked)
    other.registry.close()


def test_a_spoilt_memory_is_an_error_not_a_first_use(front: Front) -> None:
    client = front.client()
    client.evse(EVSE_ID)
    kept = client.trust.path.read_text()
    for spoilt in ("", "{}", kept.replace("\\u2014", "-").replace("—", "-")):
        client.trust.path.write_text(spoilt)
        error = failure(lambda: front.client().evse(EVSE_ID))
        assert error.name == "registry_pin_unreadable"
    assert failure(lambda: front.client(vkey="none")).name == "registry_vkey_malformed"


def test_many_records_come_in_several_answers_while_the_log_grows(
    front: Front, monkeypatch
) -> None:
    monkeypatch.setattr("wattseal.registry.published_log.MAX_COUNT", 2)
    assert MAX_COUNT == 256
    for station in range(5):
        request = HardwareExchangeRequest(
            evse_id=EVSE_ID, station_model="S 2", station_serial=f"ST-4711-0{station}"
        )
        front.operated.wait()
        front.operated.registry.record_about_evse(request, front.operated.abc)

    def grow(path: str, told: Any) -> Any:
        if len(front.asked) == 2:
            deactivate(front.operated)
        return told

    front.lie = grow
    lines = front.client(vkey=front.operated.registry.facts().vkey).history(EVSE_ID)
    assert [line.record.type for line in lines][-1] == "deactivation"
    assert [line.number for line in lines] == [
        number for number, _record in front.operated.registry.history(EVSE_ID)
    ]
    assert len(front.asked) > 3


def test_an_address_without_tls_is_refused_except_on_this_computer() -> None:
    error = failure(lambda: RegistryClient("http://registry.example"))
    assert error.name == "registry_url_unusable"
    assert "http" in str(error)
    for url in ("http://127.0.0.3:8000", "http://localhost", "http://[::1]:8000"):
        RegistryClient(url).close()
    RegistryClient("http://registry.example", allow_http=True).close()
    secret = failure(lambda: RegistryClient("http://registry.example", "wsk_", allow_http=True))
    assert "access key" in str(secret)


def test_a_question_that_cannot_be_asked_is_told(front: Front) -> None:
    assert failure(lambda: front.client().evse("no EVSE-ID")).name == "registry_question_malformed"
    assert failure(lambda: front.client().meter("", "1")).name == "registry_question_malformed"
    assert evidence_module.Told([]).key("ab" * 32) is None
