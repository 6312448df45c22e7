"""Times and amounts as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from wattseal.errors import ToolError

CLOCK_STATES = {
    "S": "synchronised",
    "I": "informative",
    "R": "relative",
    "U": "not synchronised",
}
"""The letters of OCMF table 19 in words."""


def local_time(unix_ms: int, utc_offset_min: int = 0) -> str:
    """`2026-11-21 10:00:05 +01:00`; a number of milliseconds that is no date stays a number."""
    zone = timezone(timedelta(minutes=utc_offset_min))
    try:
        moment = datetime.fromtimestamp(unix_ms / 1000, UTC).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return f"{unix_ms} ms"
    offset = moment.strftime("%z")
    return f"{moment:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:]}"


def duration(seconds: int) -> str:
    """`45 s`, `12 min`, `3 h 20 min`, `5 d 2 h`."""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes == 0:
        return f"{seconds} s"
    if hours == 0:
        return f"{minutes} min"
    if days == 0:
        return f"{hours} h {minutes % 60} min"
    return f"{days} d {hours % 24} h"


def kilobytes(count: int) -> str:
    """Bytes in units of 1024."""
    return f"{count // 1024} KB"


def read_time(text: str) -> int:
    """Milliseconds since 1970 of a time with its zone. ToolError `usage` if the text is none."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ToolError(
            "usage",
            cause=f"{text} is no time with a zone.",
            help="Write it as 2026-11-21T10:00:05+01:00 or 2026-11-21T09:00:05Z.",
        )
    since_1970 = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return since_1970 // timedelta(milliseconds=1)
