"""A verification report for people, on a terminal of 80 columns."""

from __future__ import annotations

from wattseal.cli.output import INDENT, say, say_facts, say_wrapped
from wattseal.verify import FileReport, Finding, Severity, Verdict
from wattseal.verify.report import ReadingReport, TransactionReport, ValueReport
from wattseal.verify.transaction_parts import END_REASONS

_HEADLINES = {
    Verdict.VERIFIED: ("VERIFIED", "bold green"),
    Verdict.NOT_VERIFIED: ("NOT VERIFIED", "bold red"),
    Verdict.UNREADABLE: ("UNREADABLE", "bold red"),
}
_KEY_SOURCES = {
    "pinned": "Checked with the given key.",
    "in_file": (
        "Checked with the key inside the file: that shows integrity, not origin. "
        "Give the station's published key with --key to know who signed."
    ),
}


def say_report(report: FileReport) -> None:
    """Verdict first, then each transaction, then what is wrong with which value."""
    headline, style = _HEADLINES[report.verdict]
    reason = f" ({report.reason})" if report.reason else ""
    say(f"{report.file}: {headline}{reason}", style)
    for transaction in report.transactions:
        _say_transaction(transaction)
    for finding in report.findings:
        _say_finding(finding)
    for value in report.values:
        _say_value(value, is_only=len(report.values) == 1)
    if report.key_source in _KEY_SOURCES:
        say_wrapped(_KEY_SOURCES[report.key_source], indent=INDENT)


def _say_transaction(transaction: TransactionReport) -> None:
    facts = []
    if transaction.transaction_id is not None:
        facts.append(("transaction", transaction.transaction_id))
    for name, reading in (("begin", transaction.begin), ("end", transaction.end)):
        if reading:
            facts.append((name, _reading_words(reading)))
    if transaction.energy is not None:
        facts.append(("energy", f"{transaction.energy} {transaction.unit}"))
    if transaction.meter_serial or transaction.gateway_serial:
        model = f" ({transaction.meter_model})" if transaction.meter_model else ""
        module = f", module {transaction.gateway_serial}" if transaction.gateway_serial else ""
        facts.append(("meter", f"{transaction.meter_serial or 'unknown'}{model}{module}"))
    if transaction.identification:
        facts.append(("id", transaction.identification))
    say_facts(facts, indent=INDENT)
    for finding in transaction.findings:
        _say_finding(finding)


def _reading_words(reading: ReadingReport) -> str:
    time = f"{reading.time} {reading.time_status}"
    reason = END_REASONS.get(reading.reason, "")
    return f"{reading.value} {reading.unit}  {time}  {reading.pagination} {reason}".rstrip()


def _say_value(value: ValueReport, *, is_only: bool) -> None:
    where = "" if is_only else f"value {value.number}: "
    for finding in value.findings:
        _say_finding(finding, where)
    if value.key_fingerprint and value.verdict is Verdict.VERIFIED and value.number == 1:
        say_facts([("key", f"SHA-256 {value.key_fingerprint[:32]}...")], indent=INDENT)


def _say_finding(finding: Finding, where: str = "") -> None:
    is_error = finding.severity is Severity.ERROR
    mark, style = ("error", "red") if is_error else ("warning", "yellow")
    say_wrapped(f"{mark}: {where}{finding.message} [{finding.code}]", style, indent=INDENT)
