"""The check in the browser finds what wattseal.ocmf finds, value by value, on every sample."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page
from support import vectors
from support.device.transactions import Transaction
from support.ocmf.finding_cases import CASES
from support.ocmf.hostile_signatures import hostile, wycheproof
from support.ocmf.spoilt_transactions import ERRORS, WARNINGS
from support.registry.browser import opened_browser, served
from support.registry.check_samples import (
    Samples,
    containers,
    curves,
    mutated,
    odd_payloads,
    signatures,
)
from wattseal.common.sentences import Language
from wattseal.ocmf.report import finding_as_json
from wattseal.ocmf.verify import verify_file

IN_OTHER_WORDS = {"xml_malformed", "record_malformed", "payload_malformed"}
"""Where the cause is a parser's own complaint, which is another one in a browser."""

JUDGE = """async (samples) => {
  const { readContainer, ContainerError } = await import('/static/check/container.js');
  const { verifyValues, unreadable } = await import('/static/check/verify.js');
  const judge = async (name, data) => {
    try {
      return await verifyValues(name, readContainer(data));
    } catch (error) {
      if (error instanceof ContainerError) return unreadable(name, error.finding);
      throw error;
    }
  };
  const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const reports = {};
  for (const [name, text] of samples) reports[name] = await judge(name, bytes(text));
  return reports;
}"""

SENTENCES = """async (findings) => {
  const { sentence } = await import('/static/check/findings.js');
  return findings.map((one) => [sentence(one, 'en'), sentence(one, 'de')]);
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened_browser() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, app: FastAPI) -> Iterator[Page]:
    with served(app) as address:
        opened = browser.new_page()
        opened.goto(f"{address}/check")
        yield opened
        opened.close()


def _in_python(samples: Samples) -> dict[str, Any]:
    reports = {name: verify_file(name, data) for name, data in samples.items()}
    return {name: report.model_dump(mode="json") for name, report in reports.items()}


def _in_browser(page: Page, samples: Samples) -> dict[str, Any]:
    coded = [[name, base64.b64encode(data).decode()] for name, data in samples.items()]
    reports: dict[str, Any] = page.evaluate(JUDGE, coded)
    return reports


def _compared(report: dict[str, Any]) -> dict[str, Any]:
    for part in (report, *report["values"], *report["transactions"]):
        for finding in part["findings"]:
            finding.pop("message", None)
            if finding["code"] in IN_OTHER_WORDS:
                del finding["values"]
    return report


def _assert_same(page: Page, samples: Samples) -> None:
    here, there = _in_python(samples), _in_browser(page, samples)
    for name in samples:
        assert _compared(there[name]) == _compared(here[name]), name


def test_forms_and_files_that_are_none(page: Page) -> None:
    samples = containers()
    reports = _in_python(samples)
    assert {report["verdict"] for report in reports.values()} == {
        "verified",
        "not_verified",
        "unreadable",
    }
    _assert_same(page, samples)


def test_signatures_and_keys(page: Page) -> None:
    _assert_same(page, signatures())


def test_hostile_signatures(page: Page) -> None:
    _assert_same(page, dict(hostile()))


def test_every_verdict_of_wycheproof(page: Page) -> None:
    vectors = {one.name: one for one in wycheproof()}
    samples = {name: f"{one.record}|{one.key.hex}".encode() for name, one in vectors.items()}
    reports = _in_browser(page, samples)
    assert len(reports) > 1800
    for name, report in reports.items():
        has_failed = report["reason"] in ("signature_mismatch", "signature_malformed")
        assert has_failed is not vectors[name].is_valid, (name, report["reason"])


def test_what_fails_in_one_value_is_its_finding(page: Page) -> None:
    """The browser's own cryptography fails for the signature of one value."""
    page.evaluate("""() => {
      const real = crypto.subtle.verify.bind(crypto.subtle);
      let calls = 0;
      crypto.subtle.verify = (...given) => {
        calls += 1;
        if (calls === 1) throw new RangeError("a fault");
        return real(...given);
      };
    }""")
    report = _in_browser(page, {"good": Transaction().xml})["good"]
    assert (report["verdict"], report["reason"]) == ("unreadable", "check_failed")
    assert [one["reason"] for one in report["values"]] == ["check_failed", None]
    assert "a fault" in report["values"][0]["findings"][0]["values"]["cause"]


def test_every_curve(page: Page) -> None:
    _assert_same(page, dict(curves()))


def test_every_fault_and_doubt(page: Page) -> None:
    faults = enumerate(ERRORS + WARNINGS)
    _assert_same(page, {f"{number} {code}": spoilt.xml for number, (code, spoilt) in faults})


def test_every_finding(page: Page) -> None:
    _assert_same(page, {code: data for code, (data, _values) in CASES.items()})


@pytest.mark.parametrize("seed", [1, 2])
def test_authentic_records_of_odd_content(page: Page, seed: int) -> None:
    _assert_same(page, dict(odd_payloads(200, seed)))


def test_damaged_files(page: Page) -> None:
    _assert_same(page, dict(mutated(200, 3)))


def test_records_of_other_makers(page: Page) -> None:
    samples = {path.name: path.read_bytes() for path in vectors.OCMF.glob("*.xml")}
    assert len(samples) >= 6
    _assert_same(page, samples)


def test_sentences_in_both_languages(page: Page) -> None:
    samples = {**signatures(), **dict(odd_payloads(100, 4))}
    samples.update({code: data for code, (data, _values) in CASES.items()})
    found = {one for name, data in samples.items() for one in verify_file(name, data).all_findings}
    findings = sorted(found, key=lambda one: (one.code, one.sentence_en))
    assert len({one.code for one in findings}) > 30
    told = page.evaluate(SENTENCES, [finding_as_json(one) for one in findings])
    for finding, sentences in zip(findings, told, strict=True):
        assert sentences == [finding.sentence_en, finding.sentence(Language.GERMAN)], finding.code
