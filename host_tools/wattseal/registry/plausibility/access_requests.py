"""What speaks against making or revoking an access key."""

from __future__ import annotations

from wattseal.registry.ledger import Ledger
from wattseal.registry.plausibility.access import access_faults, administrator_faults
from wattseal.registry.plausibility.findings import reason
from wattseal.registry.plausibility.station import syntax_faults
from wattseal.registry.requests import AccessRequest, AccessState, Reason


def judge_access(req: AccessRequest, actor: AccessState, now_ms: int) -> list[Reason]:
    """Everything that speaks against a new access key."""
    return [*access_faults(actor, now_ms), *administrator_faults(actor), *scope_faults(req)]


def scope_faults(req: AccessRequest) -> list[Reason]:
    """Operators that do not fit the role, or name none."""
    found = []
    if (req.role == "cpo") != bool(req.operators):
        found.append(reason("access_scope_wrong", role=req.role))
    return [*found, *syntax_faults(req.operators)]


def judge_revocation(key_id: str, ledger: Ledger, actor: AccessState, now_ms: int) -> list[Reason]:
    """Everything that speaks against revoking an access key."""
    found = [*access_faults(actor, now_ms), *administrator_faults(actor)]
    return [*found, *target_faults(key_id, ledger)]


def target_faults(key_id: str, ledger: Ledger) -> list[Reason]:
    """Why there is nothing to revoke."""
    state = ledger.access(key_id)
    if state is None:
        return [reason("access_unknown", key_id=key_id)]
    return [reason("access_revoked", key_id=key_id)] if state.revoked else []
