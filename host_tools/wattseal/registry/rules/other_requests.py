"""What speaks against the records of a test charge: they must verify, and be of this station."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from wattseal.common.findings import Finding, Severity
from wattseal.common.text import normalized
from wattseal.ocmf.container import transaction_xml
from wattseal.ocmf.evse_id import EvseIdError, read_evse_id, read_operator
from wattseal.ocmf.public_key import read_public_key
from wattseal.ocmf.report import FileReport, Verdict
from wattseal.ocmf.verify import verify_file
from wattseal.registry.api_models import (
    AccessRequest,
    AccessState,
    ConsentRequest,
    DeactivationRequest,
    EvseState,
    HardwareExchangeRequest,
    KeyState,
    ModuleState,
    TestChargeRequest,
)
from wattseal.registry.records import Statement
from wattseal.registry.rules.access import access_faults, administrator_faults, operator_faults
from wattseal.registry.rules.proof import TOLERANCE_MS, read_history, recorded_end, serial_fault
from wattseal.registry.rules.reasons import reason
from wattseal.registry.states import Ledger


def active_evse(
    evse_id: str, ledger: Ledger, actor: AccessState, now_ms: int
) -> tuple[EvseState | None, list[Finding]]:
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


def judge_hardware_exchange(
    req: HardwareExchangeRequest, ledger: Ledger, actor: AccessState, now_ms: int
) -> list[Finding]:
    """Everything that speaks against it."""
    _evse, found = active_evse(req.evse_id, ledger, actor, now_ms)
    if not normalized(req.station_model):
        found.append(reason("name_missing", what="model of the station"))
    if cause := serial_fault(req.station_serial):
        what = "serial number of the station"
        found.append(reason("serial_syntax", what=what, serial=req.station_serial, cause=cause))
    return found


def judge_consent(
    req: ConsentRequest, ledger: Ledger, actor: AccessState, now_ms: int
) -> list[Finding]:
    """Everything that speaks against it."""
    evse, found = active_evse(req.evse_id, ledger, actor, now_ms)
    found += syntax_faults([req.to_operator])
    if evse and not syntax_faults([req.to_operator]):
        operator = read_operator(req.to_operator)
        if operator == evse.operator:
            found.append(reason("consent_to_self", operator=operator, evse_id=evse.evse_id))
    return found


def syntax_faults(operators: list[str]) -> list[Finding]:
    """Texts that name no operator."""
    return list(_syntax_faults(operators))


def _syntax_faults(operators: list[str]) -> Iterator[Finding]:
    for operator in operators:
        try:
            read_operator(operator)
        except EvseIdError as error:
            yield reason("operator_syntax", operator=operator, cause=str(error))


def judge_access(req: AccessRequest, actor: AccessState, now_ms: int) -> list[Finding]:
    """Everything that speaks against a new access key."""
    return [*access_faults(actor, now_ms), *administrator_faults(actor), *scope_faults(req)]


def scope_faults(req: AccessRequest) -> list[Finding]:
    """Operators that do not fit the role, or name none."""
    found = []
    if (req.role == "cpo") != bool(req.operators):
        found.append(reason("access_scope_wrong", role=req.role))
    return [*found, *syntax_faults(req.operators)]


def judge_revocation(key_id: str, ledger: Ledger, actor: AccessState, now_ms: int) -> list[Finding]:
    """Everything that speaks against revoking an access key."""
    found = [*access_faults(actor, now_ms), *administrator_faults(actor)]
    return [*found, *target_faults(key_id, ledger)]


def target_faults(key_id: str, ledger: Ledger) -> list[Finding]:
    """Why there is nothing to revoke."""
    state = ledger.access(key_id)
    if state is None:
        return [reason("access_unknown", key_id=key_id)]
    return [reason("access_revoked", key_id=key_id)] if state.revoked else []


def judge_deactivation(
    req: DeactivationRequest, ledger: Ledger, actor: AccessState, now_ms: int
) -> list[Finding]:
    """Everything that speaks against it."""
    evse, found = active_evse(req.evse_id, ledger, actor, now_ms)
    if req.farewell is None and req.reason == "decommissioned" and not req.note.strip():
        found.append(reason("farewell_or_note_needed"))
    if evse and req.farewell:
        found += _farewell_faults(req.farewell, evse, ledger)
    return found


def _farewell_faults(farewell: Statement, evse: EvseState, ledger: Ledger) -> Iterator[Finding]:
    """It follows the newest statement that is recorded, so it is of the recorded key."""
    module = ledger.module(evse.chip_id) if evse.chip_id else None
    if module is None:
        return
    history, broken = read_history([farewell], module.chip_id, recorded_end(module))
    for fault in broken:
        yield reason("farewell_broken", cause=fault.values["cause"])
    if history and history.checked[-1].kind != "farewell":
        yield reason("farewell_broken", cause="it is a statement of another type")


def judge_test_charge(
    req: TestChargeRequest, ledger: Ledger, actor: AccessState, now_ms: int
) -> list[Finding]:
    """Everything that speaks against it."""
    evse, found = active_evse(req.evse_id, ledger, actor, now_ms)
    key = ledger.key(evse.fingerprint) if evse and evse.fingerprint else None
    module = ledger.module(evse.chip_id) if evse and evse.chip_id else None
    if evse is None or key is None or module is None:
        return found
    report = _verified(req, key)
    if report.verdict is not Verdict.VERIFIED:
        return [*found, reason("test_charge_not_verified", cause=_first_error(report))]
    if not report.transactions:
        cause = "They are no transaction."
        return [*found, reason("test_charge_not_verified", cause=cause)]
    for record in (req.begin, req.end):
        found += _identity_faults(json.loads(record.split("|")[1]), evse, module)
    return [*found, *_time_faults(report, evse, now_ms)]


def _verified(req: TestChargeRequest, key: KeyState) -> FileReport:
    public = read_public_key(key.public_key)
    text = transaction_xml(1, req.begin, req.end, public)
    return verify_file("test charge", text.encode(errors="replace"), pinned=public)


def _first_error(report: FileReport) -> str:
    errors = [one for one in report.all_findings if one.severity is Severity.ERROR]
    return errors[0].sentence_en if errors else str(report.reason)


def _identity_faults(
    payload: dict[str, Any], evse: EvseState, module: ModuleState
) -> Iterator[Finding]:
    meter = evse.meter.serial if evse.meter else ""
    for what, found, expected in (
        ("module", payload.get("GS"), module.gateway_serial),
        ("meter", payload.get("MS"), meter),
    ):
        if normalized(str(found)) != normalized(expected):
            yield _of_another(what, found, expected)
    point = payload.get("CI")
    if point is not None and _evse_text(str(point)) != evse.evse_id:
        yield _of_another("charge point", point, evse.evse_id)


def _of_another(what: str, found: object, expected: str) -> Finding:
    return reason(
        "test_charge_of_another_station", what=what, found=str(found)[:50], expected=expected
    )


def _evse_text(text: str) -> str:
    try:
        return read_evse_id(text).text
    except EvseIdError:
        return text


def _time_faults(report: FileReport, evse: EvseState, now_ms: int) -> Iterator[Finding]:
    """Between registration and now; a module's clock may differ by some minutes."""
    transaction = report.transactions[0]
    first_ms, last_ms = evse.since_unix_ms - TOLERANCE_MS, now_ms + TOLERANCE_MS
    for reading in (transaction.begin, transaction.end):
        if reading and not first_ms <= _unix_ms(reading.time) <= last_ms:
            yield reason("test_charge_untimely", time=reading.time)
            return


def _unix_ms(time: str) -> int:
    """Of a time as a verified record states it; 0 if no module of ours writes times so."""
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return 0
    return int(moment.timestamp() * 1000) if moment.tzinfo else 0
