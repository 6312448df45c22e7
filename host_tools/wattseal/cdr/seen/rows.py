"""Between what the program knows of a session and the rows that the database keeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wattseal.cdr.findings import EFFECTS_AND_SENTENCES, Finding, found
from wattseal.cdr.seen.session import Session, kept_text
from wattseal.cdr.seen.walk import Told

Row = tuple[Any, ...]

_NO_RECORD: Row = (b"", *(None,) * 12)
_AT_BEGIN = ("counter_gap", "energy_went_back", "time_went_back")


def session_row(run: int, session: Session) -> Row:
    """A row of seen_session."""
    told = (run, session.row, session.cdr, int(session.is_billable))
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


def credit_row(run: int, session: Session) -> Row:
    """A row of seen_credit."""
    return (run, session.row, session.credited)


def doubt_rows(run: int, session: Session) -> Iterator[Row]:
    """Rows of seen_finding: what the CDR's own judgement says about earlier sessions."""
    told = {doubt.code: doubt for doubt in session.doubts}
    for code, doubt in told.items():
        values = (doubt.expected, doubt.found)
        kept = (None if value is None else kept_text(value) for value in values)
        is_error, is_doubt = doubt.effect.is_error, doubt.effect.is_doubt
        yield (run, session.row, code, 0, int(is_error), int(is_doubt), *kept, None, None)


def told_row(run: int, told: Told) -> Row:
    """A row of seen_finding: what a comparison found."""
    effect = EFFECTS_AND_SENTENCES[told.code][0]
    effects = (1, int(effect.is_error), int(effect.is_doubt))
    other = (told.other_run, told.other_row)
    return (run, told.row, told.code, *effects, told.expected, told.found, *other)


def finding_of(code: str, expected: str | None, found_value: str | None) -> Finding:
    """The finding that a row of seen_finding tells."""
    subject = "begin" if code in _AT_BEGIN else None
    return found(code, subject=subject, expected=expected, found=found_value)
