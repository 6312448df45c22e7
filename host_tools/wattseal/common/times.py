"""Reads the computer's time, converts times, and finds out whether the clock is synchronised."""

from __future__ import annotations

import ctypes
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


CLOCK_TOLERANCE_S = 300
"""How far a module's clock may be from the registry's, where a key begins or ends to be valid."""


def unix_ms(at: datetime) -> int:
    """Unix milliseconds of a time with its zone, negative before 1970; what is finer is cut off."""
    return (at - _EPOCH) // _MS


def utc_text(at_ms: int) -> str:
    """RFC 3339 in UTC, to the second; a number that is no date stays a number."""
    try:
        return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):
        return f"{at_ms} ms"


_TIMEX_BYTES = 1024  # struct timex is 208 bytes on 64-bit Linux; more does no harm
_TIME_ERROR = 5


@dataclass(frozen=True)
class ComputerTime:
    """Unix time in ms, and local time minus UTC in minutes."""

    unix_ms: int
    utc_offset_min: int


def unix_ms_now() -> int:
    """Milliseconds since 1970 in UTC."""
    return time.time_ns() // 1_000_000


def computer_time() -> ComputerTime:
    """The time now, with the offset that the computer's time zone has now."""
    unix_ms = unix_ms_now()
    offset = datetime.fromtimestamp(unix_ms / 1000).astimezone().utcoffset()
    return ComputerTime(unix_ms, round(offset.total_seconds() / 60) if offset else 0)


def is_synchronised() -> bool:
    """Whether the kernel says that a time service disciplines the clock (adjtimex(2)).

    False where the system has no such call, so that no record claims more than is known.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        adjtimex = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return False
    state = int(adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))  # modes 0: only ask
    return 0 <= state < _TIME_ERROR
