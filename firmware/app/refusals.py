"""Refusals: the error that goes over the link, and the event about it."""

from wire.errors import WattsealError

from app.contracts import Core
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


def event_of(refusal: WattsealError) -> str:
    """Return the name of the event about a refusal, "" for none."""
    if refusal.code < _LOWEST_OWN_CODE and refusal.name != "internal_error":
        return ""
    return "meter_fault" if refusal.name.startswith("meter_") else "refused"
