"""What speaks against ending a key."""

from __future__ import annotations

from collections.abc import Iterator

from wattseal.registry.ledger import Ledger
from wattseal.registry.plausibility.evse_rules import active_evse
from wattseal.registry.plausibility.findings import reason
from wattseal.registry.plausibility.history import read_history, recorded_end
from wattseal.registry.records import Statement
from wattseal.registry.requests import (
    AccessState,
    DeactivationRequest,
    EvseState,
    Reason,
)


def judge_deactivation(
    req: DeactivationRequest, ledger: Ledger, actor: AccessState, now_ms: int
) -> list[Reason]:
    """Everything that speaks against it."""
    evse, found = active_evse(req.evse_id, ledger, actor, now_ms)
    if req.farewell is None and req.reason == "decommissioned" and not req.note.strip():
        found.append(reason("farewell_or_note_needed"))
    if evse and req.farewell:
        found += _farewell_faults(req.farewell, evse, ledger)
    return found


def _farewell_faults(farewell: Statement, evse: EvseState, ledger: Ledger) -> Iterator[Reason]:
    """It follows the newest statement that is recorded, so it is of the recorded key."""
    module = ledger.module(evse.chip_id) if evse.chip_id else None
    if module is None:
        return
    history, broken = read_history([farewell], module.chip_id, recorded_end(module))
    for fault in broken:
        yield reason("farewell_broken", cause=fault.values["cause"])
    if history and history.checked[-1].kind != "farewell":
        yield reason("farewell_broken", cause="it is a statement of another type")
