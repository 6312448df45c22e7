"""Times as numbers and as texts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def unix_ms(moment: datetime) -> int:
    """Unix milliseconds of a time with its zone, negative before 1970; what is finer is cut off."""
    return (moment - _EPOCH) // _MS


def utc_text(at_ms: int) -> str:
    """RFC 3339 in UTC, to the second; a number that is no date stays a number."""
    try:
        return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):
        return f"{at_ms} ms"
