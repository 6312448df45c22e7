"""Rations what may become an event when anybody at the link can provoke it.

A few refusals are logged at once, then one in a while; repetitions of the newest one are only
counted, and so is all of it once half of the log is used. The count is told with the next refusal
that is logged.
"""

from wire.errors import WattsealError

from app.contracts import Json

BURST = 8
REFILL_MS = 4 * 3600 * 1000
"""One more may be logged after each such time: six a day."""

_LOWEST_OWN_CODE = -32099  # the codes below are JSON-RPC's: such a request touched nothing


class RefusalLog:
    """Decides which refusals become events; `unlogged` counts the others since the last one."""

    def __init__(self) -> None:
        self._tokens = BURST
        self._refilled_ms = 0
        self._newest = ("", "")
        self._newest_ms = 0
        self.unlogged = 0

    def detail_to_log(
        self, method: str, refusal: WattsealError, uptime_ms: int, is_half_full: bool
    ) -> Json | None:
        """The detail of the event to log about a refusal; None to log none."""
        if refusal.code < _LOWEST_OWN_CODE and refusal.name != "internal_error":
            return None
        self._refill(uptime_ms)
        key = (method, refusal.name)
        is_repeated = key == self._newest and uptime_ms - self._newest_ms < REFILL_MS
        if is_repeated or is_half_full or self._tokens == 0:
            self.unlogged += 1
            return None
        self._tokens -= 1
        self._newest, self._newest_ms = key, uptime_ms
        detail: Json = {"method": method, "error": refusal.name, "detail": refusal.detail}
        if self.unlogged:
            detail["unlogged_before"] = self.unlogged
            self.unlogged = 0
        return detail

    def _refill(self, uptime_ms: int) -> None:
        earned = (uptime_ms - self._refilled_ms) // REFILL_MS
        self._tokens = min(BURST, self._tokens + earned)
        self._refilled_ms += earned * REFILL_MS
