"""Between what the program knows of a session and the rows that the database keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from wattseal.cdr.findings import EFFECTS_AND_SENTENCES, Finding, found
from wattseal.cdr.seen.numbers import row_of
from wattseal.cdr.seen.session import Session, kept_text
from wattseal.cdr.seen.walk import Told

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
        if session.credited is None:
            if session.is_kept:
                new.sessions.append(_session_row(session))
                if session.doubts:
                    new.doubts.extend(_doubt_rows(session))
        elif session.is_billable:
            new.credits.append((session.row, session.credited))
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
        values = (doubt.expected, doubt.found)
        kept = (None if value is None else kept_text(value) for value in values)
        is_error, is_doubt = doubt.effect.is_error, doubt.effect.is_doubt
        yield (session.row, code, 0, int(is_error), int(is_doubt), *kept, None)


def told_row(told: Told) -> Row:
    """A row of seen_finding, as in NewRows: what a comparison found."""
    effect = EFFECTS_AND_SENTENCES[told.code][0]
    effects = (1, int(effect.is_error), int(effect.is_doubt))
    return (row_of(told.session), told.code, *effects, told.expected, told.found, told.other)


def finding_of(code: str, expected: str | None, found_value: str | None) -> Finding:
    """The finding that a row of seen_finding tells."""
    subject = "begin" if code in _AT_BEGIN else None
    return found(code, subject=subject, expected=expected, found=found_value)
