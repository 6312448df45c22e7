"""What the MSP tells a CPO about a CDR: a report for programs, and a page for people.

In English and German, each finding with its code, the two values that disagree and a sentence.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, PlainSerializer

from wattseal.cdr.findings import finding_as_json
from wattseal.common import html
from wattseal.common.findings import Finding
from wattseal.common.sentences import Language, read_labels

WORDS = "cdr_report"
NEEDS_INVESTIGATION = "signed_data_missing"


class Report(BaseModel, frozen=True):
    """The report for programs. `location` is the CDR at the receiver, `received` RFC 3339 in UTC.

    `investigate_...`: what to look into, if the data of one side must be wrong. `sha256` is that of
    the CDR's bytes as they were received.
    """

    format: Literal["wattseal-cdr-report/1"] = "wattseal-cdr-report/1"
    cdr: str
    ocpi_version: str
    received: str
    sha256: str
    location: str
    page: str
    verdict: Literal["billable", "not_billable"]
    reason: str | None
    casts_doubt: bool
    marked_by_sender: tuple[str, ...] | None
    evse_id: str
    energy_kwh: str | None
    begin: str | None
    end: str | None
    key_fingerprint: str | None
    findings: tuple[Annotated[Finding, PlainSerializer(finding_as_json)], ...]
    investigate_en: tuple[str, ...] = ()
    investigate_de: tuple[str, ...] = ()


def investigation(language: Language) -> tuple[str, ...]:
    """What is to be looked into when a calibrated charge point's CDR has no signed data."""
    return tuple(read_labels("cdr_investigation", language).values())


def _steps_of(report: Report, language: Language) -> tuple[str, ...]:
    return report.investigate_de if language is Language.GERMAN else report.investigate_en


def as_html(report: Report, language: Language) -> str:
    """The page, which needs nothing else."""
    return html.render(
        "wattseal.cdr.exchange",
        "report.html",
        report=report,
        language=language,
        words=read_labels(WORDS, language),
        facts=facts_of(report, language),
        findings=findings_of(report, language),
        steps=_steps_of(report, language),
    )


def as_text(report: Report, language: Language) -> str:
    """The same as plain text."""
    words = read_labels(WORDS, language)
    lines = [f"{words['title']} {report.cdr}", words[report.verdict], ""]
    facts = facts_of(report, language)
    width = max(len(label) for label, _value in facts)
    lines += [f"{label:<{width}}  {value}" for label, value in facts]
    findings = findings_of(report, language)
    if findings:
        lines += ["", words["findings"]]
    for finding, sentence in findings:
        where = f" ({finding.subject})" if finding.subject else ""
        lines.append(f"- {sentence} [{finding.code}]{where}")
    steps = _steps_of(report, language)
    if steps:
        lines += ["", words["investigate"], *(f"- {step}" for step in steps)]
    return "\n".join(lines) + "\n"


def facts_of(report: Report, language: Language) -> list[tuple[str, str]]:
    """Labels and values, without what is not known."""
    words = read_labels(WORDS, language)
    marked = report.marked_by_sender
    rows = (
        ("evse", report.evse_id),
        ("begin", report.begin),
        ("end", report.end),
        ("energy", f"{report.energy_kwh} kWh" if report.energy_kwh else None),
        ("key", f"SHA-256 {report.key_fingerprint}" if report.key_fingerprint else None),
        ("received", report.received),
        ("version", f"OCPI {report.ocpi_version}"),
        ("location", report.location),
        ("bytes", f"SHA-256 {report.sha256}"),
        ("marked", None if marked is None else ", ".join(marked) or "-"),
    )
    return [(words[name], value) for name, value in rows if value]


def findings_of(report: Report, language: Language) -> list[tuple[Finding, str]]:
    """The findings, errors first, each with its sentence."""
    in_order = sorted(report.findings, key=lambda one: not one.severity.is_error)
    return [(one, one.sentence(language)) for one in in_order]
