"""The pages in a real browser: Debian's Chromium, wide and narrow, with and without JavaScript.

WATTSEAL_SCREENSHOTS=DIR keeps the pictures.
"""

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from api_caller import Api
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect, sync_playwright
from stations import charging_station, closed_station

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 320, "height": 640}
PAGES = {
    "search": "/",
    "results": "/?q=DE*ABC",
    "station": "/stations/DE*ABC*E1234*5",
    "closed": "/stations/DE*ABC*E99?at=2026-01-01T00:00:00Z",
    "log": "/log",
    "error": "/nowhere",
}

# The contrast of every text with what is behind it (WCAG 2.2, 1.4.3); the worst ones first.
LOW_CONTRAST = """() => {
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const light = rgb => rgb.slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const low = [];
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim()) continue;
    const both = [light(parts(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
    if (ratio < 4.5) low.push(`${ratio.toFixed(2)} ${texts.currentNode.data.trim()}`);
  }
  return low.sort();
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "Debian's package chromium is missing"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield opened
        opened.close()


@pytest.fixture
def url(app: FastAPI, api: Api) -> Iterator[str]:
    """The application on a port of this computer, with two stations in it."""
    charging_station(api)
    closed_station(api)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=WIDE)
    yield context.new_page()
    context.close()


def _picture(page: Page, name: str, tmp_path: Path) -> None:
    folder = Path(os.environ.get("WATTSEAL_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / f"{name}.png"
    page.screenshot(path=picture, full_page=True)
    assert picture.stat().st_size > 5000


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
            _picture(page, f"{name}-{size}", tmp_path)
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
