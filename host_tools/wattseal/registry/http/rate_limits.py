"""How often somebody may ask, counted in this process's memory: each worker counts for itself."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from wattseal.registry.http.problems import Problem
from wattseal.registry.http.settings import Settings

_SWITCHED_OFF = 0


class RateLimits:
    """Three limits: of reading, of writing, and of trying access keys."""

    def __init__(self, settings: Settings) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._limits = {
            "read": settings.reads_per_minute,
            "write": settings.writes_per_minute,
            "wrong_key": settings.wrong_keys_per_minute,
        }

    def count(self, kind: str, who: str, cost: int = 1) -> None:
        """`cost` more of this kind, a whole minute's at most.

        Problem `too_many_requests`, and then it does not count.
        """
        limit = self._limits[kind]
        if limit == _SWITCHED_OFF:
            return
        if not self._limiter.hit(RateLimitItemPerMinute(limit), kind, who, cost=min(cost, limit)):
            raise self._exhausted(kind, who)

    def check(self, kind: str, who: str) -> None:
        """Problem `too_many_requests` if one more would be too many; counts nothing."""
        limit = self._limits[kind]
        if limit == _SWITCHED_OFF:
            return
        if not self._limiter.test(RateLimitItemPerMinute(limit), kind, who):
            raise self._exhausted(kind, who)

    def _exhausted(self, kind: str, who: str) -> Problem:
        limit = self._limits[kind]
        window = self._limiter.get_window_stats(RateLimitItemPerMinute(limit), kind, who)
        seconds = max(1, math.ceil(window.reset_time - time.time()))
        return Problem("too_many_requests", limit=limit, seconds=seconds)
