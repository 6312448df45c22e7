"""What the MSP tells a CPO about a CDR: a report for programs, and a page for people.

In English and German, each finding with its code, the two values that disagree and a sentence.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from wattseal.cdr.findings import Finding, LanguageCode
from wattseal.common import html

INVESTIGATION: dict[LanguageCode, tuple[str, ...]] = {
    "en": (
        "The receiver's own POI data: does the charge point stand there as calibrated by mistake?",
        "The synchronisation: is its POI record older than the sender's?",
        "The source: has the sender published the charge point as calibrated before its key was?",
    ),
    "de": (
        "Eigene POI-Daten des Empfängers: Ist der Ladepunkt dort irrtümlich als"
        " eichrechtskonform geführt?",
        "Synchronisation: Ist der POI-Datensatz älter als der des Absenders?",
        "Quelle: Hat der Absender den Ladepunkt als eichrechtskonform veröffentlicht, bevor sein"
        " Schlüssel es war?",
    ),
}
"""What is to be looked into when a calibrated charge point's CDR has no signed data."""

NEEDS_INVESTIGATION = "signed_data_missing"


class Report(BaseModel):
    """The report for programs. `location` is the CDR at the receiver, `received` RFC 3339 in UTC.

    `investigate_...`: what to look into, if the data of one side must be wrong. `sha256` is that of
    the CDR's bytes as they were received.
    """

    model_config = ConfigDict(frozen=True)

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
    findings: tuple[Finding, ...]
    investigate_en: tuple[str, ...] = ()
    investigate_de: tuple[str, ...] = ()


def as_html(report: Report, language: LanguageCode) -> str:
    """The page, which needs nothing else."""
    words = WORDS[language]
    return html.render(
        "wattseal.cdr.exchange",
        "report.html",
        report=report,
        language=language,
        words=words,
        facts=facts_of(report, language),
        findings=findings_of(report, language),
        steps=report.investigate_de if language == "de" else report.investigate_en,
    )


def as_text(report: Report, language: LanguageCode) -> str:
    """The same as plain text."""
    words = WORDS[language]
    lines = [f"{words['title']} {report.cdr}", words[report.verdict], ""]
    width = max(len(label) for label, _value in facts_of(report, language))
    lines += [f"{label:<{width}}  {value}" for label, value in facts_of(report, language)]
    findings = findings_of(report, language)
    if findings:
        lines += ["", words["findings"]]
    for finding, sentence in findings:
        where = f" ({finding.subject})" if finding.subject else ""
        lines.append(f"- {sentence} [{finding.code}]{where}")
    steps = report.investigate_de if language == "de" else report.investigate_en
    if steps:
        lines += ["", words["investigate"], *(f"- {step}" for step in steps)]
    return "\n".join(lines) + "\n"


def facts_of(report: Report, language: LanguageCode) -> list[tuple[str, str]]:
    """Labels and values, without what is not known."""
    words = WORDS[language]
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


def findings_of(report: Report, language: LanguageCode) -> list[tuple[Finding, str]]:
    """The findings, errors first, each with its sentence."""
    in_order = sorted(report.findings, key=lambda one: not one.effect.is_error)
    return [(one, one.sentence_de if language == "de" else one.sentence_en) for one in in_order]


WORDS: dict[LanguageCode, dict[str, str]] = {
    "en": {
        "title": "Report on CDR",
        "billable": "Billable",
        "not_billable": "Not billable: the receiver does not use it for invoices.",
        "doubt": "Earlier sessions of the signing module are in doubt and have to be reconciled.",
        "findings": "Findings",
        "none": "Nothing was found against it.",
        "investigate": "To be looked into",
        "error": "error",
        "error_and_doubt": "error, casts doubt on earlier sessions",
        "doubt_effect": "casts doubt on earlier sessions",
        "note": "note",
        "expected": "expected",
        "found": "found",
        "where": "in",
        "evse": "Charge point",
        "begin": "Begin, as signed",
        "end": "End, as signed",
        "energy": "Energy, as signed",
        "key": "Key",
        "received": "Received",
        "version": "Version",
        "location": "CDR at the receiver",
        "bytes": "Bytes received",
        "marked": "Marked by the sender",
        "other_language": "Deutsch",
    },
    "de": {
        "title": "Bericht zum CDR",
        "billable": "Abrechenbar",
        "not_billable": "Nicht abrechenbar: Der Empfänger verwendet ihn für keine Rechnung.",
        "doubt": "Frühere Ladevorgänge des Signiermoduls sind zweifelhaft und abzugleichen.",
        "findings": "Befunde",
        "none": "Es liegt nichts gegen ihn vor.",
        "investigate": "Zu prüfen",
        "error": "Fehler",
        "error_and_doubt": "Fehler, frühere Ladevorgänge zweifelhaft",
        "doubt_effect": "frühere Ladevorgänge zweifelhaft",
        "note": "Hinweis",
        "expected": "erwartet",
        "found": "gefunden",
        "where": "in",
        "evse": "Ladepunkt",
        "begin": "Beginn, wie signiert",
        "end": "Ende, wie signiert",
        "energy": "Energie, wie signiert",
        "key": "Schlüssel",
        "received": "Eingegangen",
        "version": "Version",
        "location": "CDR beim Empfänger",
        "bytes": "Empfangene Bytes",
        "marked": "Vom Absender markiert",
        "other_language": "English",
    },
}
