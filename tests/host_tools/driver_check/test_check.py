"""The driver's check on the server: what it says to each kind of session, and what it refuses."""

import html
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from support.ocmf.hostile_signatures import hostile
from support.registry.api_caller import Api
from support.registry.check_sessions import bundle, session_xml, sessions
from support.registry.simulated_module import SimulatedModule
from wattseal.common.sentences import Language
from wattseal.common.sql import DatabaseUnusable
from wattseal.driver_check.check import Examination
from wattseal.driver_check.page import (
    MAX_FORM_BYTES,
    duration,
    in_words,
    seconds_between,
    utc_in_words,
)
from wattseal.driver_check.words import choose
from wattseal.registry.service import Registry
from wattseal.registry.web.app import create_app
from wattseal.registry.web.callers import Settings
from wattseal.registry.web.pages import READS_PER_FILE

THEN = ("but not at the time of the session", "aber nicht zur Zeit des Ladevorgangs")
NO_KEY = ("There is no public key", "kein öffentlicher Schlüssel")
FILLED = ("came without a key", "kamen ohne Schlüssel")
UNKNOWN = ("registry does not know their key", "kennt ihren Schlüssel nicht")
EXPECTED = {
    # sample: (verdict, in English, in German)
    "verified": (
        "verified",
        "registry lists this key for the charge point DE*ABC*E1234*5",
        "Register führt diesen Schlüssel",
    ),
    "verified, text": ("verified", *FILLED),
    "verified, half": ("verified", "There is no end reading here", "Hier fehlt der Endwert"),
    "verified, hex": ("verified", *FILLED),
    "unknown": ("unaltered", *UNKNOWN),
    "no key": ("not_verified", *NO_KEY),
    "other station": (
        "unaltered",
        "name the charge point DE*ABC*E777, but the registry lists the key for DE*ABC*E1234*5",
        "nennen den Ladepunkt DE*ABC*E777",
    ),
    "no station": (
        "unaltered",
        "name the charge point somewhere, but",
        "nennen den Ladepunkt somewhere",
    ),
    "other meter": (
        "unaltered",
        "name the meter 1EMH0000000001, but",
        "nennen den Zähler 1EMH0000000001",
    ),
    "before": ("unaltered", *THEN),
    "superseded": ("unaltered", *THEN),
    "deactivated": ("unaltered", *THEN),
    "closed, in time": (
        "verified",
        "charge point DE*ABC*E99: valid from",
        "Ladepunkt DE*ABC*E99: gültig von",
    ),
    "altered": ("not_verified", "The signature does not fit", "Die Signatur passt nicht"),
    "wrong key": ("not_verified", "but its key is wrong", "aber der Schlüssel ist falsch"),
    "wrong meter status": (
        "not_verified",
        "The meter's status at the end reading is F",
        "Der Zähler meldet beim Endwert",
    ),
    "fiscal": ("not_verified", *NO_KEY),
    "junk": ("unreadable", "The XML cannot be read", "Das XML kann nicht gelesen werden"),
    "steering": ("unaltered", *UNKNOWN),
}
HEADLINES = {
    "verified": ("Verified", "Bestätigt"),
    "unaltered": ("Unaltered, but not verified", "Unverändert, aber nicht bestätigt"),
    "not_verified": ("Not verified", "Nicht bestätigt"),
    "unreadable": ("Cannot be read", "Nicht lesbar"),
}


@pytest.fixture
def samples(api: Api) -> dict[str, bytes]:
    return sessions(api)


@pytest.fixture
def check(client: TestClient) -> Callable[..., str]:
    """Sends a file; answers the words of the page."""

    def send(data: bytes, name: str = "session.xml", lang: str = "en", status: int = 200) -> str:
        response = client.post("/check", files={"file": (name, data)}, data={"lang": lang})
        assert response.status_code == status
        assert response.headers["Content-Language"] == lang
        return words_of(response.text)

    return send


def words_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_every_kind_of_session_in_both_languages(
    samples: dict[str, bytes], check: Callable[..., str]
) -> None:
    assert samples.keys() == EXPECTED.keys()
    for name, (headline, *sentences) in EXPECTED.items():
        for at, lang in enumerate(("en", "de")):
            text = check(samples[name], lang=lang)
            result = text[text.index(("Result ", "Ergebnis ")[at]) :]
            assert HEADLINES[headline][at] in result, name
            assert sentences[at] in result, name
            others = {words[at] for words in HEADLINES.values()} - {HEADLINES[headline][at]}
            assert not any(f" {word} " in result.split("Energ")[0] for word in others), name


def test_what_a_verified_session_shows(
    samples: dict[str, bytes], check: Callable[..., str]
) -> None:
    text = check(samples["verified"])
    for part in (
        "Energy 1.500 kWh",
        "Meter at the start 1001.500 kWh",
        "Duration 0 h 1 min 0 s",
        "Charge point DE*ABC*E1234*5",
        "Meter ED300L 1EMH0012345678",
        "Proof: entry 4 of the public log.",
        "until now. The session lies within that time.",
    ):
        assert part in text
    german = check(samples["verified"], lang="de")
    for part in ("Energie 1,500 kWh", "Zählerstand zu Beginn 1001,500 kWh", "bis heute"):
        assert part in german


def test_the_proof_that_is_linked_is_there(samples: dict[str, bytes], client: TestClient) -> None:
    page = client.post("/check", files={"file": ("s.xml", samples["verified"])}).text
    [proof] = re.findall(r'href="(/v1/entries/\d+/publication)"', page)
    leaf = client.get(proof).json()["leaf"]
    assert '"evse_id":"DE*ABC*E1234*5"' in leaf


def test_pasted_text(samples: dict[str, bytes], client: TestClient) -> None:
    for name in ("verified", "verified, text", "verified, hex"):
        text = samples[name].decode()
        page = client.post("/check", files={"text": (None, f"\r\n {text}\n")}).text
        assert "Verified" in words_of(page)


def test_a_bundle_tells_each_session(samples: dict[str, bytes], check: Callable[..., str]) -> None:
    files = [("sessions/01/transaction.xml", samples["verified"])]
    whole = check(
        bundle(*files, ("sessions/02 ü/b.xml", samples["closed, in time"])), "rechnung.zip"
    )
    assert "All 2 sessions are verified." in whole
    assert "sessions/02 ü/b.xml Verified" in whole
    part = check(
        bundle(*files, ("sessions/02/b.xml", samples["altered"])), "rechnung.zip", lang="de"
    )
    assert "1 von 2 Ladevorgängen sind bestätigt." in part
    assert "sessions/02/b.xml Nicht bestätigt" in part


def test_bundles_that_are_none(check: Callable[..., str]) -> None:
    assert "zip file is damaged" in check(bundle()[:50], "a.zip")
    assert "holds no signed readings" in check(bundle(), "a.zip")
    bomb = bundle(("a.xml", b"0" * (64 << 20)))
    assert len(bomb) < 100_000
    assert "larger than signed readings are" in check(bomb, "a.zip")


def test_nothing_given(client: TestClient) -> None:
    for files in ({"text": (None, "  ")}, {"lang": (None, "en")}, {"file": ("", b"")}):
        response = client.post("/check", files=files)  # type: ignore[arg-type]
        assert response.status_code == 400
        assert "Nothing was given" in words_of(response.text)


def test_forms_that_are_none(client: TestClient) -> None:
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    for headers, body in (
        ({}, b"text=OCMF"),
        ({"Content-Type": "application/json"}, b"{}"),
        ({"Content-Type": "multipart/form-data"}, b""),
        (kind, b"--x\r\nno header\r\n\r\n"),
        (kind, b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n' * 3),
    ):
        response = client.post("/check", content=body, headers=headers)
        assert response.status_code == 400
        assert re.search("Nothing was given|did not arrive whole", words_of(response.text))


def test_too_large(client: TestClient) -> None:
    response = client.post("/check", files={"file": ("a.zip", b"x" * (MAX_FORM_BYTES + 1))})
    assert response.status_code == 413
    response = client.post("/check", files={"file": ("a.xml", b"x" * (MAX_FORM_BYTES - 1000))})
    assert "The file is larger than 1024 KiB." in words_of(response.text)


def test_what_goes_wrong_before_is_said_in_german_too(registry: Registry) -> None:
    client = TestClient(create_app(registry, Settings(reads_per_minute=1)))
    german = {"Accept-Language": "de"}
    large = client.post("/check", content=b"x" * (MAX_FORM_BYTES + 1), headers=german)
    assert large.status_code == 413
    assert '<html lang="de">' in large.text
    assert f"Was gesendet wurde, ist größer als {MAX_FORM_BYTES} Bytes." in words_of(large.text)
    often = client.get("/check", headers=german)
    assert often.status_code == 429
    assert re.search(r"Grenze: 1\). Warten Sie \d+ s\.", words_of(often.text))
    assert "Too many requests" in words_of(client.get("/check").text)
    assert "Too many requests" in words_of(client.get("/", headers=german).text)


@pytest.mark.parametrize("name", ["secp192k1: sum at infinity", "secp256r1: recovery at infinity"])
def test_hostile_signatures_are_not_verified(client: TestClient, name: str) -> None:
    data = dict(hostile())[name]
    response = client.post("/check", files={"file": ("hostile.xml", data)})
    assert response.status_code == 200
    assert "The signature does not fit" in words_of(response.text)


def test_what_fails_in_one_session_leaves_the_others(
    samples: dict[str, bytes], check: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Examination._examine_values

    def fails(self: Examination, name: str, data: bytes) -> object:
        if "02" in name:
            raise RuntimeError("a fault")
        return real(self, name, data)

    monkeypatch.setattr(Examination, "_examine_values", fails)
    files = [(f"sessions/0{n}/b.xml", samples["verified"]) for n in (1, 2, 3)]
    text = check(bundle(*files), "rechnung.zip")
    assert "The check could not be carried out" in text
    assert text.count("registry lists this key") == 2


def test_a_database_that_is_away_is_no_finding(
    samples: dict[str, bytes], client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_given: object) -> object:
        raise DatabaseUnusable("its database is busy")

    monkeypatch.setattr(Registry, "key", away)
    response = client.post("/check", files={"file": ("s.xml", samples["verified"])})
    assert response.status_code == 503


def test_what_is_given_is_text(samples: dict[str, bytes], client: TestClient) -> None:
    name = '<script>alert(1)</script>".xml'
    for data in (samples["steering"], b"<values", samples["verified"]):
        page = client.post("/check", files={"file": (name, data)}).text
        assert page.count("<script") == 1
        assert "<b>" not in page
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", page)


def test_nothing_is_kept_of_what_is_checked(
    samples: dict[str, bytes], client: TestClient, log: io.StringIO, data: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in data.iterdir() if path.suffix != ".db-shm"}
    size = client.get("/v1/registry").json()["size"]
    log.truncate(0)
    client.post("/check", files={"file": ("anna.xml", samples["verified"])})
    assert '"path":"/check"' in log.getvalue().replace(" ", "")
    assert "anna" not in log.getvalue()
    assert "1F2D3A4F5506C7" not in log.getvalue()
    after = {path: path.stat().st_mtime_ns for path in data.iterdir() if path.suffix != ".db-shm"}
    assert after == before
    assert client.get("/v1/registry").json()["size"] == size


def test_a_check_counts_as_many_reads(registry: Registry, samples: dict[str, bytes]) -> None:
    settings = Settings(reads_per_minute=2 * READS_PER_FILE + 5)
    client = TestClient(create_app(registry, settings))
    file = {"file": ("s.xml", samples["verified"])}
    assert [client.post("/check", files=file).status_code for _ in range(3)] == [200, 200, 429]
    bundles = TestClient(create_app(registry, settings), client=("192.0.2.9", 1))
    many = bundle(*((f"{number}.xml", samples["verified"]) for number in range(9)))
    statuses = [
        bundles.post("/check", files={"file": ("b.zip", many)}).status_code for _ in range(2)
    ]
    assert statuses[-1] == 429


def test_scripts_are_allowed_on_this_page_alone(client: TestClient) -> None:
    policy = client.get("/check").headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "connect-src 'self'" in policy
    assert "unsafe" not in policy
    for path in ("/", "/log", "/nowhere", "/check/offline.html", "/v1/registry"):
        assert "script-src" not in client.get(path).headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("", "", "en"),
        ("", "de", "de"),
        ("", "de-AT,de;q=0.9,en;q=0.8", "de"),
        ("", "en-GB,en;q=0.9,de;q=0.8", "en"),
        ("", "fr, de;q=0.5", "de"),
        ("", "fr", "en"),
        ("", "*, de;q=0.5", "en"),
        ("", "de;q=0", "en"),
        ("", "de;q=x, ,;", "en"),
        ("en", "de", "en"),
        ("de", "en", "de"),
        ("fr", "de", "de"),
    ],
)
def test_the_language_is_the_one_asked_for(asked: str, accepted: str, language: str) -> None:
    assert choose(asked, accepted) == language


def test_the_page_says_its_language_and_offers_the_other(client: TestClient) -> None:
    for lang, title in (("en", "Check a charging session"), ("de", "Ladevorgang prüfen")):
        response = client.get("/check", headers={"Accept-Language": lang})
        assert response.headers["Content-Language"] == lang
        assert response.headers["Vary"] == "Accept-Language"
        assert f'<html lang="{lang}">' in response.text
        assert f'<h1 data-text="title">{title}</h1>' in response.text
        for each in ("en", "de"):
            assert f'href="/check?lang={each}"' in response.text
    assert "Prüfen" in client.get("/check?lang=de").text


def test_the_start_page_leads_here(client: TestClient) -> None:
    assert client.get("/").text.count('href="/check"') == 2


def test_the_copy_to_keep_needs_nothing_else(client: TestClient) -> None:
    response = client.get("/check/offline.html?lang=de")
    assert "attachment" in response.headers["Content-Disposition"]
    assert "default-src 'none'" in html.unescape(response.text)
    assert not re.search(r'(?:src|href)="(?!#)', response.text)
    assert "connect-src" not in response.text
    assert "import " not in re.sub(r"/\*.*?\*/", "", response.text, flags=re.DOTALL)


def test_times_in_words() -> None:
    time = "2026-03-09T07:05:00,123+0100"
    assert in_words(time, Language.ENGLISH) == "9 March 2026, 07:05:00 (UTC+01:00)"
    assert in_words(time, Language.GERMAN) == "9. März 2026, 07:05:00 (UTC+01:00)"
    assert in_words("2026-03-09T07:05:00-0330", Language.ENGLISH).endswith("(UTC-03:30)")
    assert in_words("2026-03-09T07:05:00", Language.ENGLISH) == "9 March 2026, 07:05:00"
    assert in_words("yesterday", Language.ENGLISH) == "yesterday"
    assert utc_in_words(0, Language.ENGLISH) == "1 January 1970, 00:00:00 (UTC)"
    assert utc_in_words(10**18, Language.ENGLISH).endswith(" ms")
    assert seconds_between(time, "2026-03-09T06:06:00,122Z") == 59
    assert seconds_between(time, "2026-03-09T07:06:00") is None
    assert duration(3_725) == "1 h 2 min 5 s"


def test_a_session_of_this_moment(api: Api, check: Callable[..., str]) -> None:
    """The registry is asked at each check: a key that has ended is confirmed no more."""
    module = SimulatedModule()
    api.register(module)
    module.clock_ms = (module.clock_ms or 0) + 3_600_000
    data = session_xml(module)
    assert " Verified " in check(data)
    response = api.post("/v1/deactivations", module.deactivation(reason="compromised"))
    assert response.status_code == 201, response.text
    assert "but not at the time of the session" in check(data)
