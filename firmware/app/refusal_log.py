"""Rations what may become an event when anybody at the link can provoke it.

A few refusals are logged at once, then one in a while; repetitions of the newest one are only
counted, and so is all of it once half of the log is used. The count is told with the next refusal
that is logged. What has a ration of its own is not counted again.
"""

from wire.errors import WattsealError

from app.contracts import Json

BURST = 8
REFILL_MS = 4 * 3600 * 1000
"""One more may be logged after each such time: six a day."""

RATIONED_ELSEWHERE = ("owner_refused",)
"""Each of them matters, and owner.py makes whoever gives wrong answers wait."""

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
        if refusal.name in RATIONED_ELSEWHERE and not is_half_full:
            return self._detail(method, refusal)
        self._refill(uptime_ms)
        key = (method, refusal.name)
        is_repeated = key == self._newest and uptime_ms - self._newest_ms < REFILL_MS
        if is_repeated or is_half_full or self._tokens == 0:
            self.unlogged += 1
            return None
        self._tokens -= 1
        self._newest, self._newest_ms = key, uptime_ms
        return self._detail(method, refusal)

    def _detail(self, method: str, refusal: WattsealError) -> Json:
        detail: Json = {"method": method, "error": refusal.name, "detail": refusal.detail}
        if self.unlogged:
            detail["unlogged_before"] = self.unlogged
            self.unlogged = 0
        return detail

    def _refill(self, uptime_ms: int) -> None:
        earned = (uptime_ms - self._refilled_ms) // REFILL_MS
        self._tokens = min(BURST, self._tokens + earned)
        self._refilled_ms += earned * REFILL_MS
