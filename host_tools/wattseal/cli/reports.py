"""A verification report for people, on a terminal of 80 columns."""

from __future__ import annotations

from wattseal.cli.output import INDENT, say, say_facts, say_wrapped
from wattseal.cli.report_words import WORDS, ReportWords
from wattseal.verify import FileReport, Finding, Language, Severity, Verdict
from wattseal.verify.report import ReadingReport, TransactionReport, ValueReport


def say_report(report: FileReport, language: Language = Language.ENGLISH) -> None:
    """Verdict first, then each transaction, then what is wrong with which value."""
    words = WORDS[language]
    style = "bold green" if report.verdict is Verdict.VERIFIED else "bold red"
    reason = f" ({report.reason})" if report.reason else ""
    say(f"{report.file}: {words.headlines[report.verdict]}{reason}", style)
    for transaction in report.transactions:
        say_facts(_transaction_facts(transaction, words), indent=INDENT)
        _say_findings(transaction.findings, language)
    _say_findings(report.findings, language)
    for value in report.values:
        _say_value(value, language, is_only=len(report.values) == 1)
    if report.key_source in words.key_sources:
        say_wrapped(words.key_sources[report.key_source], indent=INDENT)


def _transaction_facts(transaction: TransactionReport, words: ReportWords) -> list[tuple[str, str]]:
    facts = []
    if transaction.transaction_id is not None:
        facts.append((words.transaction, transaction.transaction_id))
    for name, reading in ((words.begin, transaction.begin), (words.end, transaction.end)):
        if reading:
            facts.append((name, _reading_words(reading, words)))
    if transaction.energy is not None:
        facts.append((words.energy, f"{transaction.energy} {transaction.unit}"))
    if transaction.meter_serial or transaction.gateway_serial:
        model = f" ({transaction.meter_model})" if transaction.meter_model else ""
        serial = transaction.gateway_serial
        module = f", {words.module} {serial}" if serial else ""
        meter = transaction.meter_serial or words.unknown
        facts.append((words.meter, f"{meter}{model}{module}"))
    if transaction.identification:
        facts.append((words.identification, transaction.identification))
    return facts


def _reading_words(reading: ReadingReport, words: ReportWords) -> str:
    time = f"{reading.time} {reading.time_status}"
    reason = words.end_reasons.get(reading.reason, "")
    return f"{reading.value} {reading.unit}  {time}  {reading.pagination} {reason}".rstrip()


def _say_value(value: ValueReport, language: Language, *, is_only: bool) -> None:
    words = WORDS[language]
    _say_findings(value.findings, language, "" if is_only else f"{words.value} {value.number}: ")
    if value.key_fingerprint and value.verdict is Verdict.VERIFIED and value.number == 1:
        say_facts([(words.key, f"SHA-256 {value.key_fingerprint[:32]}...")], indent=INDENT)


def _say_findings(findings: list[Finding], language: Language, where: str = "") -> None:
    for finding in findings:
        mark = WORDS[language].marks[finding.severity]
        style = "red" if finding.severity is Severity.ERROR else "yellow"
        sentence = finding.sentence(language)
        say_wrapped(f"{mark}: {where}{sentence} [{finding.code}]", style, indent=INDENT)
