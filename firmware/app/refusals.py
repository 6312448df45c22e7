"""Refusals: the error that goes over the link, and whether an event is logged about it.

Anybody at the link can provoke a refusal, so their events are rationed: eight at once, then one
every four hours. Repetitions of the newest one are only counted, and so are all once half of the
log is used. The count is written with the next refusal that is logged.
"""

from wire.errors import WattsealError

from app.contracts import Core, Json
from app.sector_log import LogDamagedError, LogFullError, LogWriteError

_OF_CORE = {
    "storage": "storage_error",
    "entropy": "entropy_failed",
    "no_key": "key_lost",
    "key_broken": "key_broken",
    "key_of_other_chip": "key_of_other_chip",
    "self_test": "self_test_failed",
    "fault": "signing_fault",
}

LASTING = (
    "key_lost",
    "key_broken",
    "key_of_other_chip",
    "self_test_failed",
    "signing_fault",
    "storage_broken",
)
"""Causes that another attempt does not remove, or that must not be tried again: in signing, they
put the module into the state fault."""


BURST = 8
REFILL_MS = 4 * 3600 * 1000
"""One more may be logged after each such time: six a day."""

RATIONED_ELSEWHERE = ("owner_refused",)
"""Refusals that need no ration here: owner.py delays the next attempt."""

_LOWEST_OWN_CODE = -32099  # codes below are JSON-RPC's: such a request changed nothing


def as_wattseal_error(core: Core, problem: Exception) -> WattsealError:
    """Return the WattsealError for a problem, `internal_error` for one that is not foreseen.

    The detail of an internal error names the exception's type and never its text, which could
    hold anything.
    """
    if isinstance(problem, WattsealError):
        return problem
    if isinstance(problem, core.CoreError):
        name = str(problem.args[1]) if len(problem.args) > 1 else ""
        return WattsealError(_OF_CORE.get(name, "key_error"), core=name)
    if isinstance(problem, LogFullError):
        return WattsealError("journal_full")
    if isinstance(problem, LogWriteError):
        return WattsealError("storage_error", cause=str(problem))
    if isinstance(problem, LogDamagedError):
        return WattsealError("storage_broken", cause=str(problem))
    return WattsealError("internal_error", exception=type(problem).__name__)


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
        """Return the detail of the event to log about a refusal, or None to log none."""
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
