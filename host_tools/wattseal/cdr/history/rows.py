"""Between what the program knows of a session and the rows that the database keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from msgspec import Struct

from wattseal.cdr.findings import TABLE, Judgement, SessionFacts, found, of_verify
from wattseal.cdr.history.walk import Told
from wattseal.cdr.ocpi import Cdr
from wattseal.common.findings import Finding, Severity
from wattseal.common.sentences import read_sentences
from wattseal.ocmf.findings import TABLE as VERIFICATION
from wattseal.ocmf.findings import found as verify_found

ROW_BITS = 34
"""Those of the row: 17 thousand million rows in each of 500 million runs."""


def number_of(run: int, row: int) -> int:
    """The number of a session, credit or finding's session: of a run, its row."""
    return (run << ROW_BITS) + row


def row_of(session: int) -> int:
    """The row of a session's number."""
    return session & ((1 << ROW_BITS) - 1)


MAX_NUMBER = 2**63 - 1
"""The largest number that a database keeps. A counter beyond it is none that a module has."""

MAX_NAME_CHARACTERS = 200


class Session(Struct, frozen=True):
    """One CDR of a run: `row` is its place there, `cdr` its name (Cdr.name).

    credited: name of the CDR that this one cancels; such a one takes part in nothing. is_billable:
    as judged without the others. facts: None if no record is authentic. doubts: what its own
    judgement says about earlier sessions, to be told when they are reconciled.
    """

    row: int
    cdr: str
    credited: str | None
    is_billable: bool
    facts: SessionFacts | None
    doubts: tuple[Finding, ...] = ()


def session_of(row: int, cdr: Cdr, judgement: Judgement) -> Session:
    """What is kept of a CDR and its judgement."""
    facts, findings = judgement.facts, judgement.findings
    return Session(
        row=row,
        cdr=kept_name(judgement.cdr),
        credited=cdr.cancels and kept_name(cdr.cancels),
        is_billable=judgement.verdict == "billable",
        facts=facts if facts is not None and _fits(facts) else None,
        doubts=tuple([one for one in findings if one.severity.is_doubt]) if findings else (),
    )


def kept_name(name: str) -> str:
    """A name as databases take it: no NUL, no half characters, not of any length."""
    clean = kept_text(name)
    if len(clean) <= MAX_NAME_CHARACTERS:
        return clean
    return f"{clean[:100]}#{hashlib.sha256(clean.encode()).hexdigest()}"


def kept_text(text: str) -> str:
    """A text without what a database refuses."""
    if text.isascii() and "\0" not in text:
        return text  # as nearly all are
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _fits(facts: SessionFacts) -> bool:
    numbers = (*facts.paginations, facts.begin_ms, facts.end_ms)
    return bool(facts.paginations) and -MAX_NUMBER <= min(numbers) <= max(numbers) <= MAX_NUMBER


Row = tuple[Any, ...]

_NO_RECORD: Row = (b"", *(None,) * 12)

_AT_BEGIN = ("counter_gap", "energy_went_back", "time_went_back")


class NewRows(NamedTuple):
    """What sessions add to the tables. Each begins with the row only, for which the table has a
    number that tells the run too.
    """

    sessions: list[Row]
    credits: list[Row]
    doubts: list[Row]

    def extend(self, more: NewRows) -> None:
        """Add the rows of others."""
        for mine, theirs in zip(self, more, strict=True):
            mine.extend(theirs)


def new_rows(sessions: Iterable[Session]) -> NewRows:
    """The rows of some sessions. They are small to send to another process, as sessions are not."""
    new = NewRows([], [], [])
    for session in sessions:
        if session.credited is not None:
            if session.is_billable:
                new.credits.append((session.row, session.credited))
        elif session.is_billable or session.facts is not None or session.doubts:
            new.sessions.append(_session_row(session))  # a later comparison can need it
            new.doubts.extend(_doubt_rows(session))
    return new


def _session_row(session: Session) -> Row:
    told = (session.row, session.cdr, int(session.is_billable))
    facts = session.facts
    if facts is None:
        return told + _NO_RECORD
    numbers = sorted(facts.paginations)
    return (
        *told,
        bytes.fromhex(facts.content),
        bytes.fromhex(facts.key_fingerprint),
        facts.context,
        numbers[0],
        numbers[-1],
        " ".join(map(str, numbers[1:-1])) or None,
        kept_text(facts.meter_serial),
        kept_text(facts.register_code),
        facts.begin_wh,
        facts.end_wh,
        facts.begin_ms,
        facts.end_ms,
        int(facts.time_is_good),
    )


def _doubt_rows(session: Session) -> Iterator[Row]:
    """What the CDR's own judgement says about earlier sessions."""
    told = {doubt.code: doubt for doubt in session.doubts}
    for code, doubt in told.items():
        values = (doubt.values.get("expected"), doubt.values.get("found"))
        kept = (None if value is None else kept_text(str(value)) for value in values)
        yield (session.row, code, 0, *_flags(doubt.severity), *kept, None)


def told_row(told: Told) -> Row:
    """A row of seen_finding, as in NewRows: what a comparison found."""
    flags = _flags(Severity(read_sentences(TABLE)[told.code].severity))
    return (row_of(told.session), told.code, 1, *flags, told.expected, told.found, told.other)


def _flags(severity: Severity) -> tuple[int, int]:
    return int(severity.is_error), int(severity.is_doubt)


def finding_of(code: str, expected: str | None, found_value: str | None) -> Finding:
    """The finding that a row of seen_finding tells."""
    if code in read_sentences(TABLE):
        subject = "begin" if code in _AT_BEGIN else None
        return found(code, subject=subject, expected=expected, found=found_value)
    values = [value for value in (expected, found_value) if value is not None]
    blanks = read_sentences(VERIFICATION)[code].blanks
    return of_verify(verify_found(code, **dict(zip(blanks, values, strict=True))))
