"""`wattseal verify`: OCMF records of any maker, checked without a module."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from wattseal.cli.options import Commands, argument, option
from wattseal.cli.output import INDENT, Result, say, say_facts, say_wrapped
from wattseal.common.findings import Finding, Severity
from wattseal.common.sentences import Language, read_labels
from wattseal.common.text import printable
from wattseal.ocmf.container import MAX_FILE_BYTES, BundleError, is_bundle, read_bundle
from wattseal.ocmf.findings import found
from wattseal.ocmf.public_key import PublicKey
from wattseal.ocmf.report import (
    FileReport,
    ReadingReport,
    TransactionReport,
    ValueReport,
    Verdict,
    overall,
)
from wattseal.ocmf.verify import unreadable, verify_file

WORDS = "verify_report"
"""Labels fit the width that say_facts gives them."""


def say_report(report: FileReport, language: Language = Language.ENGLISH) -> None:
    """Verdict first, then each transaction, then what is wrong with which value."""
    words = read_labels(WORDS, language)
    style = "bold green" if report.verdict is Verdict.VERIFIED else "bold red"
    reason = f" ({report.reason})" if report.reason else ""
    headline = words[f"headline_{report.verdict}"]
    say(f"{report.file}: {headline}{reason}", style)
    for transaction in report.transactions:
        say_facts(_transaction_facts(transaction, words), indent=INDENT)
        _say_findings(transaction.findings, language)
    _say_findings(report.findings, language)
    for value in report.values:
        _say_value(value, language, is_only=len(report.values) == 1)
    if report.key_source != "none":
        say_wrapped(words[f"key_source_{report.key_source}"], indent=INDENT)


def _transaction_facts(
    transaction: TransactionReport, words: dict[str, str]
) -> list[tuple[str, str]]:
    facts = []
    if transaction.transaction_id is not None:
        facts.append((words["transaction"], transaction.transaction_id))
    for name, reading in ((words["begin"], transaction.begin), (words["end"], transaction.end)):
        if reading:
            facts.append((name, _reading_words(reading, words)))
    if transaction.energy is not None:
        facts.append((words["energy"], f"{transaction.energy} {transaction.unit}"))
    if transaction.meter_serial or transaction.gateway_serial:
        model = f" ({transaction.meter_model})" if transaction.meter_model else ""
        serial = transaction.gateway_serial
        module = f", {words['module']} {serial}" if serial else ""
        meter = transaction.meter_serial or words["unknown"]
        facts.append((words["meter"], f"{meter}{model}{module}"))
    if transaction.identification:
        facts.append((words["identification"], transaction.identification))
    return facts


def _reading_words(reading: ReadingReport, words: dict[str, str]) -> str:
    time = f"{reading.time} {reading.time_status}"
    reason = words.get(f"end_reason_{reading.reason}", "")
    return f"{reading.value} {reading.unit}  {time}  {reading.pagination} {reason}".rstrip()


def _say_value(value: ValueReport, language: Language, *, is_only: bool) -> None:
    words = read_labels(WORDS, language)
    _say_findings(value.findings, language, "" if is_only else f"{words['value']} {value.number}: ")
    if value.key_fingerprint and value.verdict is Verdict.VERIFIED and value.number == 1:
        say_facts([(words["key"], f"SHA-256 {value.key_fingerprint[:32]}...")], indent=INDENT)


def _say_findings(findings: list[Finding], language: Language, where: str = "") -> None:
    for finding in findings:
        mark = read_labels(WORDS, language)[f"mark_{finding.severity}"]
        style = "red" if finding.severity is Severity.ERROR else "yellow"
        sentence = finding.sentence(language)
        say_wrapped(f"{mark}: {where}{sentence} [{finding.code}]", style, indent=INDENT)


app = Commands()

STANDARD_INPUT = "-"
MAX_BUNDLE_BYTES = 64 << 20

EPILOG = """\b
Examples:
  wattseal verify session-17/transaction.xml
  wattseal verify begin.ocmf end.ocmf --key public-key.hex
  cat begin.ocmf end.ocmf | wattseal verify - --key public-key.hex
  wattseal verify --language de session-17/transaction.xml
  wattseal verify invoice-2026-11.zip

Exit status: 0 all verified, 1 not verified, 2 unreadable."""


@app.command(epilog=EPILOG)
def verify(
    files: Annotated[
        list[str],
        argument("FILE", "OCMF, its hex, XML, or an invoice bundle (zip); - is standard input."),
    ],
    key: Annotated[
        str | None, option("HEX|FILE", "Trust this public key and no other.", "--key", "-k")
    ] = None,
    language: Annotated[
        Language, typer.Option(help="Language of what people read; --json is the same in any.")
    ] = Language.ENGLISH,
) -> Result:
    """Verify signatures and transactions of OCMF records.

    Without --key, the key inside the file judges: that shows that nothing was altered since
    signing, not who signed.
    """
    pinned = None
    if key:
        from wattseal.cli.key_files import public_key  # brings what locks private keys

        pinned = public_key(key, "--key")
    reports = [report for name in files for report in _verify(name, pinned)]
    verdict = overall(reports)

    def words() -> None:
        for report in reports:
            say_report(report, language)

    return Result({"verdict": verdict, "files": reports}, words, verdict.exit_status)


def _verify(name: str, pinned: PublicKey | None) -> list[FileReport]:
    """The report on a file, or those on the files of a bundle that hold records."""
    shown_name = "standard input" if name == STANDARD_INPUT else name
    try:
        if name == STANDARD_INPUT:
            data = _read(sys.stdin.buffer)
        else:
            with Path(name).open("rb") as file:
                data = _read(file)
        parts = read_bundle(data) if is_bundle(data) else None
    except BundleError as error:
        return [unreadable(shown_name, found("file_unreadable", cause=error))]
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        return [unreadable(shown_name, found("file_unreadable", cause=cause))]
    if parts is None:
        return [verify_file(shown_name, data, pinned)]
    return [verify_file(f"{shown_name}: {printable(part)}", held, pinned) for part, held in parts]


def _read(file: BinaryIO) -> bytes:
    """As much as a file of records may have and a byte more; of a bundle, all that it may have."""
    start = file.read(MAX_FILE_BYTES + 1)
    return start + file.read(MAX_BUNDLE_BYTES) if is_bundle(start) else start
