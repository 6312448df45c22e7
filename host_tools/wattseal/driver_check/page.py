"""Puts a verification and the registry's answer into words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from wattseal.common import times
from wattseal.common.findings import Finding, Severity
from wattseal.common.sentences import Language, month_names
from wattseal.common.text import printable
from wattseal.driver_check.trust import Fact, Result, Status, Trust, View
from wattseal.driver_check.words import say
from wattseal.ocmf.report import FileReport, ReadingReport, TransactionReport, ValueReport, Verdict

_1970 = datetime(1970, 1, 1, tzinfo=UTC)


def read(text: str) -> datetime | None:
    """The time of a reading, `2026-11-21T10:00:00,000+0100`; None if it is none."""
    try:
        return datetime.fromisoformat(text.replace(",", "."))
    except ValueError:
        return None


def unix_ms(text: str) -> int | None:
    """Milliseconds since 1970 in UTC; None if the text is no time or has no offset from UTC."""
    time = read(text)
    return None if time is None or time.tzinfo is None else times.unix_ms(time)


def seconds_between(begin: str, end: str) -> int | None:
    """Whole seconds from begin to end; None if a text is no time or only one has an offset."""
    first, last = read(begin), read(end)
    if first is None or last is None or (first.tzinfo is None) != (last.tzinfo is None):
        return None
    return (last - first) // timedelta(seconds=1)


def in_words(text: str, language: Language) -> str:
    """`21 November 2026, 10:00:00 (UTC+01:00)`; what is no time stays as it is."""
    time = read(text)
    return text if time is None else _say(time, language)


def utc_in_words(unix_ms: int, language: Language) -> str:
    """As in_words, of a registry's time in Unix milliseconds."""
    try:
        return _say(_1970 + timedelta(milliseconds=unix_ms), language)
    except OverflowError:
        return f"{unix_ms} ms"


def duration(seconds: int) -> str:
    """`1 h 30 min 0 s`."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min {rest} s"


def _say(time: datetime, language: Language) -> str:
    month = month_names(language)[time.month - 1]
    day = f"{time.day}." if language is Language.GERMAN else str(time.day)
    return f"{day} {month} {time.year}, {time:%H:%M:%S}{_zone(time.utcoffset())}"


def _zone(offset: timedelta | None) -> str:
    if offset is None:
        return ""
    if not offset:
        return " (UTC)"
    sign = "-" if offset < timedelta(0) else "+"
    minutes = abs(offset) // timedelta(minutes=1)
    return f" (UTC{sign}{minutes // 60:02d}:{minutes % 60:02d})"


MAX_NAME_CHARACTERS = 100


class Page:
    """What the page says of each session, in one language."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def say(self, name: str, **values: object) -> str:
        """A sentence or label of the page with its blanks filled."""
        return say(name, self._language, **values)

    def refused(self, name: str, sentence: str) -> View:
        """The view of what could not be examined; `sentence` is in the language already."""
        return View(
            name=_short(name),
            status="unreadable",
            headline=self.say("unreadable"),
            why=self.say("unreadable_why"),
            errors=[sentence],
        )

    def of_file(self, report: FileReport) -> View:
        """The view of a file without a record."""
        return self.refused(report.file, " ".join(self._sentences(report.findings)))

    def of_session(
        self, name: str, session: TransactionReport, values: list[ValueReport], trust: Trust | None
    ) -> View:
        """The view of the values of one transaction; `trust` is None if they are not verified."""
        findings = [*(each for value in values for each in value.findings), *session.findings]
        facts = list(self._facts(session))
        return self._view(name, session.verdict, facts, findings, values[0], trust)

    def of_reading(self, name: str, value: ValueReport, trust: Trust | None) -> View:
        """The view of a value that is no part of a transaction."""
        view = self._view(name, value.verdict, [], value.findings, value, trust)
        view.warnings.insert(0, self.say("reading_only", number=value.number))
        return view

    def whole(self, views: list[View]) -> Result:
        """All views, with the sentence that sums them up where there are several."""
        verified = sum(view.status == "verified" for view in views)
        summary = ""
        if len(views) > 1:
            name = "all_verified" if verified == len(views) else "some_verified"
            summary = self.say(name, count=len(views), verified=verified)
        has_energy = any(view.facts for view in views)
        return Result(views, summary, self.say("compare") if has_energy else "")

    def _view(
        self,
        name: str,
        verdict: Verdict,
        facts: list[Fact],
        findings: Iterable[Finding],
        signed: ValueReport,
        trust: Trust | None,
    ) -> View:
        status = _status(verdict, trust)
        if trust and signed.key_fingerprint:
            facts.append(Fact(self.say("key"), in_groups(signed.key_fingerprint), is_code=True))
        distinct = list(dict.fromkeys(findings))
        period = trust.period if trust and trust.state == "trusted" else None
        return View(
            name=_short(name),
            status=status,
            headline=self.say(status),
            why=self.say(f"{status}_why"),
            facts=facts,
            origin=[self._origin(trust)] if trust else [],
            proof=f"/v1/entries/{period.entry}/publication" if period else "",
            proof_words=self.say("entry", entry=period.entry) if period else "",
            errors=self._sentences(f for f in distinct if f.severity is Severity.ERROR),
            warnings=self._sentences(f for f in distinct if f.severity is Severity.WARNING),
        )

    def _sentences(self, findings: Iterable[Finding]) -> list[str]:
        return [finding.sentence(self._language) for finding in findings]

    def _facts(self, session: TransactionReport) -> Iterable[Fact]:
        if session.energy is not None:
            yield self._fact("energy", f"{self._number(session.energy)} {session.unit}")
        yield from self._reading_facts("begin", session.begin)
        yield from self._reading_facts("end", session.end)
        if session.begin and session.end:
            seconds = seconds_between(session.begin.time, session.end.time)
            if seconds is not None and seconds >= 0:
                yield self._fact("duration", duration(seconds))
        meter = " ".join(part for part in (session.meter_model, session.meter_serial) if part)
        for label, value in (
            ("charge_point", session.charge_point),
            ("meter", meter),
            ("module", session.gateway_serial),
            ("identification", session.identification),
        ):
            if value:
                yield self._fact(label, value)

    def _reading_facts(self, name: str, reading: ReadingReport | None) -> Iterable[Fact]:
        if reading is None:
            return
        yield self._fact(name, in_words(reading.time, self._language))
        if reading.value is not None:
            value = f"{self._number(reading.value)} {reading.unit or ''}".rstrip()
            yield self._fact(f"{name}_value", value)

    def _origin(self, trust: Trust) -> str:
        period = trust.period
        values = {"evse_id": trust.evse_id, "found": _short(trust.found), "expected": ""}
        if period:
            until = period.until_ms
            values["expected"] = period.meter_serial
            values["begin"] = utc_in_words(period.from_ms, self._language)
            values["end"] = (
                self.say("now") if until is None else utc_in_words(until, self._language)
            )
        return self.say(trust.state, **values)

    def _fact(self, name: str, value: str) -> Fact:
        return Fact(self.say(name), _short(value))

    def _number(self, digits: str) -> str:
        return digits.replace(".", ",") if self._language is Language.GERMAN else digits


def _status(verdict: Verdict, trust: Trust | None) -> Status:
    if verdict is Verdict.UNREADABLE:
        return "unreadable"
    if verdict is Verdict.NOT_VERIFIED:
        return "not_verified"
    return "verified" if trust and trust.state == "trusted" else "unaltered"


def in_groups(digits: str) -> str:
    """A fingerprint in groups of four, to compare by eye."""
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _short(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= MAX_NAME_CHARACTERS else shown[: MAX_NAME_CHARACTERS - 3] + "..."


MAX_FORM_BYTES = 4 << 20
"""Of a whole request: a bundle of one month is far smaller."""


class UploadError(ValueError):
    """The form cannot be read."""


@dataclass(frozen=True)
class Upload:
    """What was given; `name` is the file's, empty for pasted text."""

    name: str
    data: bytes


class _InMemory(MultiPartParser):
    """A parser that never puts files on a disk."""

    spool_max_size = MAX_FORM_BYTES + 1


async def read_upload(request: Request) -> tuple[Upload | None, str]:
    """The file or the text of the form, None if it has neither, and the language that it names.

    The file counts if both are given. UploadError.
    """
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        raise UploadError
    parser = _InMemory(
        request.headers, request.stream(), max_files=1, max_fields=4, max_part_size=MAX_FORM_BYTES
    )
    try:
        form = await parser.parse()
    except MultiPartException:
        raise UploadError from None
    try:
        return await _given(form.get("file"), form.get("text")), str(form.get("lang", ""))
    finally:
        await form.close()


async def _given(file: UploadFile | str | None, text: UploadFile | str | None) -> Upload | None:
    if isinstance(file, UploadFile) and file.filename:
        return Upload(file.filename, await file.read())
    if isinstance(text, str) and text.strip():
        return Upload("", text.encode("utf-8", "replace"))
    return None
