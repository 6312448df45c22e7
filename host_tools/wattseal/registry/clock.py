"""The registry's clock."""

from __future__ import annotations

import time


def unix_ms_now() -> int:
    """Milliseconds since 1970 in UTC, by this computer's clock."""
    return time.time_ns() // 1_000_000
