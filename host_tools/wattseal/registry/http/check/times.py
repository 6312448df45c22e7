"""Times as records tell them (OCMF 1.4.1, table 7, TM), to compare and to show.

All text is made here and not by a locale, so that the same record reads the same everywhere.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from wattseal.registry.http.check.words import MONTHS
from wattseal.verify.sentences import Language

_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def read(text: str) -> datetime | None:
    """The time of a reading, `2026-11-21T10:00:00,000+0100`; None if it is none."""
    try:
        return datetime.fromisoformat(text.replace(",", "."))
    except ValueError:
        return None


def unix_ms(text: str) -> int | None:
    """Milliseconds since 1970 in UTC; None if the text is no time or tells no offset from UTC."""
    moment = read(text)
    return None if moment is None or moment.tzinfo is None else (moment - _1970) // _MS


def seconds_between(begin: str, end: str) -> int | None:
    """Whole seconds from begin to end; None where that cannot be told."""
    first, last = read(begin), read(end)
    if first is None or last is None or (first.tzinfo is None) != (last.tzinfo is None):
        return None
    return (last - first) // timedelta(seconds=1)


def in_words(text: str, language: Language) -> str:
    """`21 November 2026, 10:00:00 (UTC+01:00)`; what is no time stays as it is."""
    moment = read(text)
    return text if moment is None else _say(moment, language)


def utc_in_words(unix_ms: int, language: Language) -> str:
    """The same of a registry's time."""
    try:
        return _say(_1970 + timedelta(milliseconds=unix_ms), language)
    except OverflowError:
        return f"{unix_ms} ms"


def duration(seconds: int) -> str:
    """`1 h 30 min 0 s`."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min {rest} s"


def _say(moment: datetime, language: Language) -> str:
    month = MONTHS[language][moment.month - 1]
    day = f"{moment.day}." if language is Language.GERMAN else str(moment.day)
    clock = f"{moment:%H:%M:%S}"
    return f"{day} {month} {moment.year}, {clock}{_zone(moment.utcoffset())}"


def _zone(offset: timedelta | None) -> str:
    if offset is None:
        return ""
    if not offset:
        return " (UTC)"
    sign = "-" if offset < timedelta(0) else "+"
    minutes = abs(offset) // timedelta(minutes=1)
    return f" (UTC{sign}{minutes // 60:02d}:{minutes % 60:02d})"
