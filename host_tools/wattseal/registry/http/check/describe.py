"""Puts a verification and the registry's answer into words."""

from __future__ import annotations

from collections.abc import Iterable

from wattseal.printable_text import printable
from wattseal.registry.http.check import times
from wattseal.registry.http.check.trust import Trust
from wattseal.registry.http.check.views import Fact, Result, Status, View
from wattseal.registry.http.check.words import say
from wattseal.registry.http.station_view import KeyPeriod
from wattseal.verify import FileReport, Finding, Severity, Verdict
from wattseal.verify.report import ReadingReport, TransactionReport, ValueReport
from wattseal.verify.sentences import Language

MAX_NAME_CHARACTERS = 100


def refused(name: str, sentence: str, language: Language) -> View:
    """Of something that could not be looked into; `sentence` is in the language already."""
    return View(
        name=_short(name),
        status="unreadable",
        headline=say("unreadable", language),
        why=say("unreadable_why", language),
        errors=[sentence],
    )


def of_file(report: FileReport, language: Language) -> View:
    """Of a file without a record."""
    sentences = [finding.sentence(language) for finding in report.findings]
    return refused(report.file, " ".join(sentences), language)


def of_session(
    name: str,
    session: TransactionReport,
    values: list[ValueReport],
    trust: Trust | None,
    language: Language,
) -> View:
    """Of the values of one transaction. `trust` is None where there is nothing to trust."""
    findings = [*(each for value in values for each in value.findings), *session.findings]
    facts = list(_facts(session, language))
    return _view(name, session.verdict, facts, findings, values[0], trust, language)


def of_reading(name: str, value: ValueReport, trust: Trust | None, language: Language) -> View:
    """Of a value that is no part of a transaction."""
    view = _view(name, value.verdict, [], value.findings, value, trust, language)
    view.warnings.insert(0, say("reading_only", language, number=value.number))
    return view


def whole(views: list[View], language: Language) -> Result:
    """All views, with the sentence that sums them up where there are several."""
    verified = sum(view.status == "verified" for view in views)
    counts = {"count": len(views), "verified": verified}
    summary = ""
    if len(views) > 1:
        name = "all_verified" if verified == len(views) else "some_verified"
        summary = say(name, language, **counts)
    has_energy = any(view.facts for view in views)
    return Result(views, summary, say("compare", language) if has_energy else "")


def _view(
    name: str,
    verdict: Verdict,
    facts: list[Fact],
    findings: Iterable[Finding],
    signed: ValueReport,
    trust: Trust | None,
    language: Language,
) -> View:
    status = _status(verdict, trust)
    if trust and signed.key_fingerprint:
        groups = in_groups(signed.key_fingerprint)
        facts.append(Fact(say("key", language), groups, is_code=True))
    told = list(dict.fromkeys(findings))
    period = trust.period if trust and trust.state == "trusted" else None
    return View(
        name=_short(name),
        status=status,
        headline=say(status, language),
        why=say(f"{status}_why", language),
        facts=facts,
        origin=[_origin(trust, language)] if trust else [],
        proof=f"/v1/entries/{period.entry}/publication" if period else "",
        proof_words=say("entry", language, entry=period.entry) if period else "",
        errors=[f.sentence(language) for f in told if f.severity is Severity.ERROR],
        warnings=[f.sentence(language) for f in told if f.severity is Severity.WARNING],
    )


def _status(verdict: Verdict, trust: Trust | None) -> Status:
    if verdict is Verdict.UNREADABLE:
        return "unreadable"
    if verdict is Verdict.NOT_VERIFIED:
        return "not_verified"
    return "verified" if trust and trust.state == "trusted" else "unaltered"


def _facts(session: TransactionReport, language: Language) -> Iterable[Fact]:
    if session.energy is not None:
        yield _fact("energy", f"{_number(session.energy, language)} {session.unit}", language)
    yield from _of_reading("begin", session.begin, language)
    yield from _of_reading("end", session.end, language)
    if session.begin and session.end:
        seconds = times.seconds_between(session.begin.time, session.end.time)
        if seconds is not None and seconds >= 0:
            yield _fact("duration", times.duration(seconds), language)
    meter = " ".join(part for part in (session.meter_model, session.meter_serial) if part)
    for label, value in (
        ("charge_point", session.charge_point),
        ("meter", meter),
        ("module", session.gateway_serial),
        ("identification", session.identification),
    ):
        if value:
            yield _fact(label, value, language)


def _of_reading(name: str, reading: ReadingReport | None, language: Language) -> Iterable[Fact]:
    if reading is None:
        return
    yield _fact(name, times.in_words(reading.time, language), language)
    if reading.value is not None:
        value = f"{_number(reading.value, language)} {reading.unit or ''}".rstrip()
        yield _fact(f"{name}_value", value, language)


def _origin(trust: Trust, language: Language) -> str:
    period = trust.period
    return say(
        trust.state,
        language,
        evse_id=trust.evse_id,
        found=_short(trust.found),
        expected=period.meter.serial if period else "",
        **_span(period, language),
    )


def _span(period: KeyPeriod | None, language: Language) -> dict[str, str]:
    if period is None:
        return {}
    until = period.until_unix_ms
    return {
        "begin": times.utc_in_words(period.from_unix_ms, language),
        "end": say("now", language) if until is None else times.utc_in_words(until, language),
    }


def _fact(name: str, value: str, language: Language) -> Fact:
    return Fact(say(name, language), _short(value))


def _number(digits: str, language: Language) -> str:
    return digits.replace(".", ",") if language is Language.GERMAN else digits


def in_groups(digits: str) -> str:
    """A fingerprint in groups of four, to compare by eye."""
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _short(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= MAX_NAME_CHARACTERS else shown[: MAX_NAME_CHARACTERS - 3] + "..."
