"""Entries, records, states, and the log as clients of tile logs read it."""

import base64
import gzip

import pytest
from starlette.testclient import TestClient
from support.registry.api_caller import Api, error_of
from support.registry.simulated_module import SimulatedModule
from wattseal.registry.records import read_record
from wattseal.registry.states import states_of
from wattseal.tlog import tiles

from hil import transparency_log as tree

IMMUTABLE = "public, max-age=31536000, immutable"


@pytest.fixture
def grown(api: Api) -> Api:
    """A log of a few entries."""
    for number in range(3):
        api.register(
            SimulatedModule(f"module {number}", evse_id=f"DE*ABC*E{number}", meter=_meter(number))
        )
    return api


def _meter(number: int):
    return SimulatedModule().meter.model_copy(update={"serial": f"1EMH00123456{number}"})


def test_tiles_bundles_and_checkpoint_agree(grown: Api, client: TestClient) -> None:
    note = client.get("/log/checkpoint")
    assert note.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert note.headers["Cache-Control"] == "no-cache"
    _name, size, root, *_rest = note.text.splitlines()
    tile = client.get(f"/log/tile/0/000.p/{size}")
    bundle = client.get(f"/log/tile/entries/000.p/{size}")
    for answer in (tile, bundle):
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Cache-Control"] == IMMUTABLE
    hashes = [tile.content[at : at + 32] for at in range(0, len(tile.content), 32)]
    assert len(hashes) == int(size) >= 4
    assert [bytes(tree.leaf_hash(each)) for each in tiles.split_entries(bundle.content)] == hashes
    assert base64.b64encode(tree.root(hashes)).decode() == root


def test_bundles_are_compressed_for_who_reads_that(grown: Api, client: TestClient) -> None:
    plain = client.get("/log/tile/entries/000.p/2", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    for accepted in ("gzip", "br, GZIP;q=0.5", "*"):
        with client.stream(
            "GET", "/log/tile/entries/000.p/2", headers={"Accept-Encoding": accepted}
        ) as packed:
            assert packed.headers["Content-Encoding"] == "gzip"
            assert packed.headers["Vary"] == "Accept-Encoding"
            assert gzip.decompress(b"".join(packed.iter_raw())) == plain.content
    refused = client.get("/log/tile/entries/000.p/2", headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers


@pytest.mark.parametrize(
    "path",
    [
        "0/000",
        "0/001",
        "0/000.p/200",
        "1/000.p/1",
        "0/000.p/0",
        "0/000.p/256",
        "0/0",
        "0/x000/000",
        "00/000.p/1",
        "64/000.p/1",
        "-1/000.p/1",
        "0/000.p/01",
        "entries/000",
        "entries/000.p/200",
        "nothing/000.p/1",
        "0/../0/000.p/1",
        "",
        "0/" + "x999/" * 30 + "999",
    ],
)
def test_tiles_that_there_are_not(grown: Api, client: TestClient, path: str) -> None:
    response = client.get("/log/tile/" + path.replace("..", "%2E%2E"))
    assert response.status_code == 404
    assert error_of(response) in ("not_found", "not_in_log")
    assert response.headers["Cache-Control"] == "no-store"


def test_records_and_states_are_told_by_range(grown: Api) -> None:
    size = grown.get("/v1/registry").json()["size"]
    records = grown.get("/v1/records").json()
    assert [line["number"] for line in records] == list(range(size))
    states = grown.get("/v1/states").json()
    for line, told in zip(records, states, strict=True):
        expected = states_of(line["number"], read_record(line["record"]))
        assert told == [state.model_dump(mode="json") for state in expected]
    assert grown.get("/v1/records", first=1, count=2).json() == records[1:3]
    assert grown.get("/v1/states", first=1, count=2).json() == states[1:3]
    assert grown.get("/v1/records", first=size).json() == []
    assert grown.get("/v1/states", first=size).json() == []


@pytest.mark.parametrize("query", [{"first": -1}, {"count": 0}, {"count": 257}, {"first": "x"}])
@pytest.mark.parametrize("path", ["/v1/records", "/v1/states"])
def test_ranges_that_there_are_not(api: Api, path: str, query: dict[str, object]) -> None:
    assert error_of(api.get(path, **query)) == "request_malformed"


def test_publication_is_the_same_bytes_whenever_it_is_asked(
    api: Api, module: SimulatedModule
) -> None:
    done = api.register(module)
    path = f"/v1/entries/{done.entry}/publication"
    first = api.get(path)
    assert first.headers["Cache-Control"] == IMMUTABLE
    assert first.json() == done.publication.model_dump(mode="json")
    api.post("/v1/test-charges", module.test_charge())
    assert api.get(path).content == first.content
    later = api.get(path, size=done.entry + 2)
    assert later.json()["checkpoint"] != first.json()["checkpoint"]


@pytest.mark.parametrize("size", [1, 10**6])
def test_publication_of_a_size_that_does_not_hold_the_entry(
    api: Api, module: SimulatedModule, size: int
) -> None:
    done = api.register(module)
    response = api.get(f"/v1/entries/{done.entry}/publication", size=size)
    assert response.status_code == 404
    assert error_of(response) == "not_in_log"
