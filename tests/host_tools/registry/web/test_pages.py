"""The HTML of the pages: what it says, its form, and that nothing gets into it unescaped."""

from html.parser import HTMLParser

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from support.registry.api_caller import Api
from support.registry.stations import charging_station, closed_station
from wattseal.common.times import utc_to_read
from wattseal.driver_check.page import in_groups
from wattseal.registry.service import Registry
from wattseal.registry.web.app import create_app
from wattseal.registry.web.callers import Settings

VOID = {"meta", "link", "input", "br"}


class _Page(HTMLParser):
    """Checks that tags are closed in order, and collects what tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.attributes if name == tag]


def _get(client: TestClient, path: str, status: int = 200) -> _Page:
    response = client.get(path)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    return _Page(response.text)


@pytest.fixture
def pages(api: Api, client: TestClient) -> dict[str, _Page]:
    """One of each."""
    charging_station(api)
    closed_station(api)
    paths = {
        "start": "/",
        "results": "/?q=DE*ABC",
        "nothing": "/?q=FR*NIX",
        "station": "/stations/DE*ABC*E1234*5",
        "asked": "/stations/DE*ABC*E1234*5?at=2026-01-01T00:00:00Z",
        "closed": "/stations/DE*ABC*E99",
        "log": "/log",
    }
    made = {name: _get(client, path) for name, path in paths.items()}
    return {**made, "error": _get(client, "/nowhere", 404)}


def test_pages_have_landmarks_titles_and_one_heading(pages: dict[str, _Page]) -> None:
    titles = set()
    for page in pages.values():
        for landmark in ("header", "nav", "main", "footer", "h1", "title"):
            assert len(page.of(landmark)) == 1
        assert page.of("html") == [{"lang": "en"}]
        assert len(page.ids) == len(set(page.ids))
        titles.add(page.text.split("·")[0])
    assert len(titles) == len(pages) - 1  # a station is a station, asked or not


def test_every_field_has_a_label_and_every_reference_a_target(pages: dict[str, _Page]) -> None:
    for page in pages.values():
        labels = {label["for"] for label in page.of("label")}
        assert {field["id"] for field in page.of("input")} == labels
        for _tag, attributes in page.attributes:
            for name in ("aria-labelledby", "aria-describedby"):
                assert set((attributes.get(name) or "").split()) <= set(page.ids)


def test_pages_load_nothing_but_the_style(pages: dict[str, _Page]) -> None:
    for page in pages.values():
        assert page.of("script") == page.of("style") == page.of("img") == page.of("iframe") == []
        assert not [each for _tag, each in page.attributes if "style" in each]
        assert {link["href"] for link in page.of("link")} == {
            "/static/style.css",
            "/static/icon.svg",
        }


def test_links_within_the_registry_lead_somewhere(
    pages: dict[str, _Page], client: TestClient
) -> None:
    links = {
        str(anchor["href"])
        for page in pages.values()
        for tag in ("a", "link")
        for anchor in page.of(tag)
    }
    own = {link for link in links if link.startswith("/")}
    assert len(own) >= 10
    for link in own:
        assert client.get(link).status_code == 200, link


def test_a_station_shows_its_keys_and_its_history(pages: dict[str, _Page]) -> None:
    text = pages["station"].text
    assert "DE*ABC*E1234*5 active" in text
    assert "Yes: may be published as compliant" in text
    assert text.index("Key 2 valid now") < text.index("Key 1 From")
    assert "Commissioned" in text
    assert "Duo <22>, serial number EX-482" in text
    closed = pages["closed"].text
    assert "DE*ABC*E99 deactivated" in closed
    assert "No: sessions may be authorised" in closed
    assert "valid now" not in closed


def test_a_station_shows_what_is_sealed_with_each_key(api: Api, client: TestClient) -> None:
    module = charging_station(api)
    lines = api.get(f"/v1/evse/{module.evse_id}/history").json()
    sealed = {
        in_groups(line["record"]["settings_sha256"])
        for line in lines
        if line["record"]["type"] == "registration"
    }
    text = _get(client, f"/stations/{module.evse_id}").text
    assert sealed
    assert all(digest in text for digest in sealed)


def test_the_key_of_a_time(api: Api, client: TestClient) -> None:
    module = charging_station(api)
    path = f"/stations/{module.evse_id}"
    lines = api.get(f"/v1/evse/{module.evse_id}/history").json()
    first, second = (
        line["record"]["unix_ms"] for line in lines if line["record"]["type"] == "registration"
    )
    assert "key 2 was valid" in _get(client, f"{path}?at={second}").text
    assert "key 1 was valid" in _get(client, f"{path}?at={second - 1}").text
    assert "no key was valid" in _get(client, f"{path}?at={first - 1}").text
    ended = _get(client, f"{path}?at={second - 1}").text
    assert "ECDSA-secp256r1-SHA256" in ended
    assert f"from {utc_to_read(first)} until {utc_to_read(second)}" in ended
    assert f"from {utc_to_read(second)} until now" in _get(client, f"{path}?at={second}").text
    wrong = _get(client, f"{path}?at=yesterday")
    assert "RFC 3339" in wrong.text
    [field] = [field for field in wrong.of("input") if field["id"] == "at"]
    assert (field["value"], field["aria-invalid"]) == ("yesterday", "true")


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "\"onfocus='x", "&amp;", "\x00", "%"]
)
def test_what_is_typed_is_text(client: TestClient, text: str) -> None:
    response = client.get("/", params={"q": text})
    assert response.status_code == 200
    page = _Page(response.text)
    assert page.of("script") == []
    assert not [each for _tag, each in page.attributes if "onfocus" in each]


def test_an_unknown_station_is_a_page_that_helps(client: TestClient) -> None:
    page = _get(client, "/stations/DE*ABC*E404", 404)
    assert "no charge point DE*ABC*E404" in page.text
    assert {"href": "/"} in page.of("a")
    assert "EVSE" in _get(client, "/?q=DE*ABC*E404").text
    _get(client, "/stations/nothing", 400)


def test_a_fault_is_a_page_too(app: FastAPI, client: TestClient) -> None:
    app.state.registry = None
    page = _get(client, "/", 500)
    assert "request's number" in page.text


def test_the_log_page_says_how_to_audit(pages: dict[str, _Page], client: TestClient) -> None:
    text = pages["log"].text
    assert "wattseal registry audit http://testserver" in text
    checkpoint = client.get("/log/checkpoint").text
    assert " ".join(checkpoint.split("\n\n")[0].split()) in text
    facts = client.get("/v1/registry").json()
    assert facts["registry_key"] in text
    assert facts["vkey"] in text


def test_the_command_to_audit_names_the_registrys_own_address(registry: Registry) -> None:
    forged = {"Host": "evil.example"}
    for public_url, shown in (
        (None, "http://testserver:80"),
        ("https://registry.example/", "https://registry.example"),
    ):
        client = TestClient(create_app(registry, Settings(public_url=public_url)))
        for page in ("/log", "/"):
            assert "evil.example" not in client.get(page, headers=forged).text
        text = client.get("/log", headers=forged).text
        assert f"wattseal registry audit {shown}<" in text


def test_the_style_may_be_kept_but_not_stepped_out_of(client: TestClient) -> None:
    assert client.get("/static/style.css").headers["Content-Type"].startswith("text/css")
    for path in ("/static/..%2fapplication.py", "/static/%2e%2e/examples.json", "/static/"):
        assert client.get(path).status_code in (400, 404, 405)
