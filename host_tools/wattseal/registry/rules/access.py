"""Who may do what: an access key's role, scope and life."""

from __future__ import annotations

from collections.abc import Iterator

from wattseal.common.findings import Finding
from wattseal.registry.api_models import AccessState
from wattseal.registry.rules.reasons import reason


def access_faults(actor: AccessState, now_ms: int) -> Iterator[Finding]:
    """Why the access key is good no more."""
    if actor.revoked:
        yield reason("access_revoked", key_id=actor.key_id)
    if actor.until_unix_ms is not None and now_ms > actor.until_unix_ms:
        yield reason("access_expired", key_id=actor.key_id)


def is_administrator(actor: AccessState) -> bool:
    """Whether everything is allowed."""
    return actor.role == "administrator"


def operator_faults(actor: AccessState, operator: str) -> Iterator[Finding]:
    """Why the access key may not act for an operator, such as DE*ABC."""
    if not is_administrator(actor) and operator not in actor.operators:
        yield reason("evse_not_yours", key_id=actor.key_id, operator=operator)


def administrator_faults(actor: AccessState) -> Iterator[Finding]:
    """Why the access key may not do an administrator's work."""
    if not is_administrator(actor):
        yield reason("administrator_needed", key_id=actor.key_id)
