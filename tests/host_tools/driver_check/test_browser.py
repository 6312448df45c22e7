"""The driver's check in Chromium: on a screen and a phone, in both languages, here and there."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect
from starlette.testclient import TestClient
from support.registry.api_caller import Api
from support.registry.browser import LOW_CONTRAST, keep_picture, opened_browser, served
from support.registry.check_sessions import bundle, sessions

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 640}
LOCALES = {"en": "en-GB", "de": "de-DE"}

DROP = """([name, text]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], name));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(
      new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }),
    );
  }
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened_browser() as opened:
        yield opened


@pytest.fixture
def samples(api: Api) -> dict[str, bytes]:
    return sessions(api)


@pytest.fixture
def url(app: FastAPI, samples: dict[str, bytes]) -> Iterator[str]:
    with served(app) as address:
        yield f"{address}/check"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport=WIDE, locale="en-GB")  # type: ignore[arg-type]
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, url: str) -> Page:
    """With its script in charge."""
    opened = context.new_page()
    opened.goto(url)
    opened.wait_for_selector("form[data-ready]")
    return opened


def _give(page: Page, name: str, data: bytes, button: str = "Check") -> None:
    kind = "application/octet-stream"
    page.set_input_files("#file", [{"name": name, "mimeType": kind, "buffer": data}])
    page.get_by_role("button", name=button, exact=True).click()
    page.wait_for_selector("#result:not([aria-busy]) section")


def _verdicts(page: Page) -> list[str]:
    return page.get_by_role("article").get_by_role("heading", level=3).all_inner_texts()


def test_nothing_is_uploaded(page: Page, samples: dict[str, bytes]) -> None:
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    expect(page.get_by_text("Your file is not uploaded")).to_be_visible()
    _give(page, "session.xml", samples["verified"])
    assert _verdicts(page) == ["Verified"]
    expect(
        page.get_by_text("Your browser has checked that the entry is in the log")
    ).to_be_visible()
    assert {request.method for request in asked} == {"GET"}
    assert all(request.post_data is None for request in asked)
    told = " ".join(request.url for request in asked)
    assert re.findall(r"/v1/(\w+)", told)
    for private in ("1F2D3A4F5506C7", "session.xml", "OCMF", "1003"):
        assert private not in told


def test_both_checks_say_the_same(
    page: Page, samples: dict[str, bytes], client: TestClient, url: str, browser: Browser
) -> None:
    """Every sample through the form without a script and through the script, compared as texts."""
    plain = browser.new_context(java_script_enabled=False, locale="en-GB").new_page()
    samples["bundle"] = bundle(("1.xml", samples["verified"]), ("2 ä.xml", samples["altered"]))
    samples["no bundle"] = bundle(("1.xml", b""))[:70]
    samples["bomb"] = bundle(("1.xml", b"0" * (8 << 20)))
    for name, data in samples.items():
        plain.goto(url)
        _give(plain, "given.bin", data)
        _give(page, "given.bin", data)
        there, here = plain.locator("#result").inner_text(), page.locator("#result").inner_text()
        here = re.sub(r"Your browser has checked .*\n\s*", "", here)
        if name == "junk":  # the parsers count columns in two ways
            there, here = (re.sub(r", line \d+, column \d+", "", text) for text in (there, here))
        assert " ".join(here.split()) == " ".join(there.split()), name
    plain.context.close()


@pytest.mark.parametrize("lang", ["en", "de"])
@pytest.mark.parametrize("has_script", [True, False])
def test_it_shows_well_on_screen_and_phone(
    browser: Browser,
    url: str,
    samples: dict[str, bytes],
    tmp_path: Path,
    lang: str,
    has_script: bool,
) -> None:
    context = browser.new_context(locale=LOCALES[lang], java_script_enabled=has_script)
    page = context.new_page()
    page.goto(url)
    if has_script:
        page.wait_for_selector("form[data-ready]")
    whole = bundle(*((f"sessions/{name}.xml", data) for name, data in samples.items()))
    _give(page, "rechnung.zip", whole, {"en": "Check", "de": "Prüfen"}[lang])
    assert len(_verdicts(page)) == len(samples)
    assert page.locator("html").get_attribute("lang") == lang
    for size, viewport in (("wide", WIDE), ("phone", PHONE)):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        if has_script:
            shown = page.evaluate("document.documentElement.scrollWidth")
            assert shown <= viewport["width"], f"it must be scrolled sideways ({size})"
            assert page.evaluate(LOW_CONTRAST) == []
        keep_picture(page, f"check-{lang}-{size}-{'script' if has_script else 'plain'}", tmp_path)
    context.close()


def test_the_language_changes_in_place(page: Page, samples: dict[str, bytes]) -> None:
    _give(page, "session.xml", samples["verified"])
    page.get_by_role("link", name="Deutsch").click()
    assert _verdicts(page) == ["Bestätigt"]
    expect(page.get_by_role("heading", level=1)).to_have_text("Ladevorgang prüfen")
    expect(page.get_by_text("Ihre Datei wird nicht hochgeladen")).to_be_visible()
    expect(page.get_by_role("button", name="Prüfen", exact=True)).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "de"
    page.get_by_role("link", name="English").click()
    assert _verdicts(page) == ["Verified"]


def test_a_file_is_dropped(page: Page, samples: dict[str, bytes]) -> None:
    page.evaluate(
        DROP, ["a.zip", base64.b64encode(bundle(("1.xml", samples["verified"]))).decode()]
    )
    page.wait_for_selector("#result:not([aria-busy]) section")
    assert _verdicts(page) == ["Verified"]


def test_a_text_is_pasted(page: Page, samples: dict[str, bytes]) -> None:
    page.get_by_label("Or paste text").fill(samples["verified, text"].decode())
    page.get_by_role("button", name="Check", exact=True).click()
    page.wait_for_selector("#result:not([aria-busy]) section")
    assert _verdicts(page) == ["Verified"]
    page.get_by_label("Or paste text").fill("")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_text("Nothing was given")).to_be_visible()


def test_what_came_of_it_is_announced_and_reached(page: Page, samples: dict[str, bytes]) -> None:
    assert page.locator("#result").get_attribute("aria-live") == "polite"
    _give(page, "session.xml", samples["altered"])
    focused = page.evaluate("document.activeElement.getAttribute('aria-labelledby')")
    assert focused == "results"
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_keyboard_alone_is_enough(page: Page, samples: dict[str, bytes]) -> None:
    page.get_by_label("File from your invoice").focus()
    page.keyboard.press("Tab")
    page.keyboard.insert_text(samples["verified, hex"].decode())
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#result:not([aria-busy]) section")
    assert _verdicts(page) == ["Verified"]


def test_the_server_if_it_is_wanted(page: Page, samples: dict[str, bytes]) -> None:
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    _give(page, "session.xml", samples["verified"], "Check on the server instead")
    page.wait_for_url("**/check#results")
    assert _verdicts(page) == ["Verified"]
    assert "POST" in {request.method for request in asked}


def test_too_large(page: Page) -> None:
    _give(page, "large.zip", b"PK\x03\x04" + b"0" * (4 << 20))
    expect(page.get_by_text("This is larger than 4 MiB")).to_be_visible()


def test_without_the_registry(
    page: Page, context: BrowserContext, samples: dict[str, bytes]
) -> None:
    context.set_offline(True)
    _give(page, "session.xml", samples["verified"])
    assert _verdicts(page) == ["Unaltered, but not verified"]
    expect(page.get_by_text("the registry could not be asked")).to_be_visible()
    _give(page, "session.xml", samples["altered"])
    assert _verdicts(page) == ["Not verified"]


LIES: dict[str, tuple[str, Any]] = {
    "the entry is another key's": ("leaf", lambda leaf: leaf.replace("1234", "1235")),
    "the entry is not in the log": ("proof", lambda proof: ["00" * 32, *proof[1:]]),
    "the signature of the log is wrong": (
        "checkpoint",
        lambda note: re.sub(r"\n([0-9]+)\n", lambda size: f"\n{int(size[1]) + 1}\n", note, count=1),
    ),
    "the proof cannot be read": ("checkpoint", lambda note: note.replace("\n\n", "\n")),
}


@pytest.mark.parametrize("cause", LIES)
def test_a_registry_that_does_not_prove_what_it_says(
    page: Page, samples: dict[str, bytes], cause: str
) -> None:
    member, bend = LIES[cause]

    def lie(route: Route) -> None:
        answer = route.fetch().json()
        route.fulfill(json={**answer, member: bend(answer[member])})

    page.route("**/publication?*", lie)
    _give(page, "session.xml", samples["verified"])
    assert _verdicts(page) == ["Unaltered, but not verified"]
    expect(page.get_by_text(f"not proven by its log: {cause}")).to_be_visible()


def test_a_fault_of_the_registry_is_no_verdict(page: Page, samples: dict[str, bytes]) -> None:
    page.route("**/v1/**", lambda route: route.fulfill(status=500, body="{"))
    _give(page, "session.xml", samples["verified"])
    assert _verdicts(page) == ["Unaltered, but not verified"]


def test_a_browser_that_cannot_check_sends_the_form(
    context: BrowserContext, url: str, samples: dict[str, bytes]
) -> None:
    context.add_init_script("delete globalThis.DecompressionStream")
    page = context.new_page()
    page.goto(url)
    expect(page.get_by_text("is sent to this server")).to_be_visible()
    _give(page, "session.xml", samples["verified"])
    assert page.url.endswith("/check#results")
    assert _verdicts(page) == ["Verified"]


def test_what_is_given_stays_text(page: Page, samples: dict[str, bytes]) -> None:
    _give(page, "<img src=x onerror=document.title='taken'>.xml", samples["steering"])
    assert page.locator("#result img, #result b").count() == 0
    assert page.title() != "taken"
    expect(page.get_by_text("<img src=x onerror")).to_be_visible()


def test_the_copy_works_from_a_folder_without_a_network(
    context: BrowserContext, client: TestClient, samples: dict[str, bytes], tmp_path: Path
) -> None:
    copy = tmp_path / "check.html"
    copy.write_bytes(client.get("/check/offline.html?lang=de").content)
    context.set_offline(True)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(copy.as_uri())
    page.wait_for_selector("form[data-ready]")
    expect(page.get_by_text("kein Register wird gefragt")).to_be_visible()
    whole = bundle(("1.xml", samples["verified"]), ("2.xml", samples["altered"]))
    _give(page, "rechnung.zip", whole, "Prüfen")
    assert _verdicts(page) == ["Unverändert, aber nicht bestätigt", "Nicht bestätigt"]
    page.get_by_role("link", name="English").click()
    assert _verdicts(page) == ["Unaltered, but not verified", "Not verified"]
    assert page.evaluate("fetch('https://registry.example/').then(() => 1, () => 0)") == 0
    assert faults == []
