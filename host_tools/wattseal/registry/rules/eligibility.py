"""The publication gate: may a charge point be shown as compliant, and may it charge?

S.A.F.E. best practices, initial commissioning: while the publication of the key is pending, the
POI is not published as compliant with calibration law and sessions are not authorised. A state of
the registry exists only once its entry is in the log, so an active key is a published one.
"""

from __future__ import annotations

from wattseal.common.findings import make_finding
from wattseal.ocmf.evse_id import read_evse_id
from wattseal.registry.api_models import Eligibility, EvseState, Reason
from wattseal.registry.rules.proof import VERIFICATION_YEARS, calibration_fault
from wattseal.registry.states import Ledger

TABLE = "registry_eligibility"

_STATUS_CODES = {"deactivated": "key_deactivated", "taken_over": "taken_over", "moved": "moved"}


def eligibility(evse_id: str, ledger: Ledger, now_ms: int) -> Eligibility:
    """Whether a charge point may be published and used. EvseIdError if it is no EVSE-ID.

    Both are allowed or neither: each needs a published key and a calibrated meter.
    """
    evse = read_evse_id(evse_id)
    state = ledger.evse(evse.text)
    found = _faults(evse.text, state, ledger, now_ms)
    return Eligibility(
        evse_id=evse.text,
        publish=not found,
        authorise=not found,
        reasons=found,
        entry=state.entry if state else None,
        unix_ms=now_ms,
    )


def _faults(evse_id: str, state: EvseState | None, ledger: Ledger, now_ms: int) -> list[Reason]:
    if state is None:
        return [_reason("never_registered", evse_id=evse_id)]
    if state.status != "active":
        return [_reason(_STATUS_CODES[state.status], evse_id=evse_id, entry=state.entry)]
    meter = ledger.meter(state.meter) if state.meter else None
    if meter is None:
        return [_reason("meter_unknown", evse_id=evse_id)]
    year = meter.meter.calibration_year
    if calibration_fault(year, now_ms):
        return [_reason("calibration_expired", evse_id=evse_id, year=year + VERIFICATION_YEARS)]
    return []


def _reason(code: str, **values: str | int | None) -> Reason:
    return Reason.of(make_finding(TABLE, code, values))
