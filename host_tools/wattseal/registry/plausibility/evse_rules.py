"""What requests about a charge point that exists have in common."""

from __future__ import annotations

from wattseal.evse_id import EvseIdError, read_evse_id
from wattseal.registry.ledger import Ledger
from wattseal.registry.plausibility.access import access_faults, operator_faults
from wattseal.registry.plausibility.findings import reason
from wattseal.registry.requests import AccessState, EvseState, Reason


def active_evse(
    evse_id: str, ledger: Ledger, actor: AccessState, now_ms: int
) -> tuple[EvseState | None, list[Reason]]:
    """A charge point with an active key that the actor may act for, or why it is none."""
    found = list(access_faults(actor, now_ms))
    try:
        evse = read_evse_id(evse_id)
    except EvseIdError as error:
        return None, [*found, reason("evse_id_syntax", evse_id=evse_id, cause=str(error))]
    found += operator_faults(actor, evse.operator)
    state = ledger.evse(evse.text)
    if state is None:
        found.append(reason("evse_unknown", evse_id=evse.text))
    elif state.status != "active":
        status = reason(
            "evse_not_active", evse_id=evse.text, status=state.status, entry=state.entry
        )
        found.append(status)
    return (None if found else state), found
