"""The pages in a real browser: Debian's Chromium, wide and narrow, with and without JavaScript.

WATTSEAL_SCREENSHOTS=DIR keeps the pictures.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect
from support.registry.api_caller import Api
from support.registry.browser import LOW_CONTRAST, keep_picture, opened_browser, served
from support.registry.stations import charging_station, closed_station

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 320, "height": 640}
PAGES = {
    "search": "/",
    "results": "/?q=DE*ABC",
    "station": "/stations/DE*ABC*E1234*5",
    "closed": "/stations/DE*ABC*E99?at=2026-01-01T00:00:00Z",
    "log": "/log",
    "error": "/nowhere",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened_browser() as opened:
        yield opened


@pytest.fixture
def url(app: FastAPI, api: Api) -> Iterator[str]:
    """The application on a port of this computer, with two stations in it."""
    charging_station(api)
    closed_station(api)
    with served(app) as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=WIDE)
    yield context.new_page()
    context.close()


def test_pages_show_well_on_screen_and_phone(url: str, page: Page, tmp_path: Path) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for name, path in PAGES.items():
        for size, viewport in (("wide", WIDE), ("phone", PHONE)):
            page.set_viewport_size(viewport)  # type: ignore[arg-type]
            page.goto(url + path)
            shown = page.evaluate("document.documentElement.scrollWidth")
            assert shown <= viewport["width"], f"{name} must be scrolled sideways ({size})"
            assert page.evaluate(LOW_CONTRAST) == []
            keep_picture(page, f"{name}-{size}", tmp_path)
    errors = [text for text in complaints if "404" not in text]
    assert errors == []


def test_landmarks_are_found_by_their_roles(url: str, page: Page) -> None:
    for path in PAGES.values():
        page.goto(url + path)
        for role in ("banner", "navigation", "main", "contentinfo"):
            expect(page.get_by_role(role)).to_have_count(1)  # type: ignore[arg-type]
        expect(page.get_by_role("heading", level=1)).to_have_count(1)


def test_the_way_from_a_search_to_a_key_without_javascript(url: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(url)
    page.get_by_label("EVSE-ID, serial number").fill("DE*ABC*E1234")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="DE*ABC*E1234*5").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("DE*ABC*E1234*5 active")
    expect(page.get_by_role("heading", name="Key 2 valid now")).to_be_visible()
    page.get_by_text("Public key 2 in hex").click()
    expect(page.get_by_text("3059301306072a8648ce3d02").first).to_be_visible()
    page.get_by_label("Time of the charging session").fill("2020-01-01T00:00:00Z")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_text("no key was valid")).to_be_visible()
    context.close()


def test_the_keyboard_reaches_everything(url: str, page: Page) -> None:
    page.goto(url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("EVSE-ID, serial number")).to_be_focused()
    page.keyboard.type("DE*ABC*E99")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Found for")).to_be_visible()
    page.wait_for_load_state()
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    page.keyboard.press("Tab")
    assert page.evaluate(outline) == "solid"


def test_scripts_do_not_run_even_if_one_got_in(url: str, page: Page) -> None:
    page.goto(url)
    page.evaluate(
        """() => {
          const script = document.createElement('script');
          script.textContent = 'document.title = "taken over"';
          document.body.append(script);
        }"""
    )
    assert "taken over" not in page.title()
