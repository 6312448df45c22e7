"""What speaks against every other request: about a charge point with a key, or an access key."""

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
from wattseal.registry import api_models as api
from wattseal.registry.records import Statement
from wattseal.registry.rules.access import access_faults, administrator_faults, operator_faults
from wattseal.registry.rules.proof import TOLERANCE_MS, read_history, recorded_end, serial_fault
from wattseal.registry.rules.reasons import reason
from wattseal.registry.states import Ledger


def _active_evse(
    evse_id: str, ledger: Ledger, actor: api.AccessState, now_ms: int
) -> tuple[api.EvseState | None, list[Finding]]:
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


def judge(
    req: api.RequestAboutEvse, ledger: Ledger, actor: api.AccessState, now_ms: int
) -> list[Finding]:
    """Everything that speaks against a request about a charge point."""
    evse, found = _active_evse(req.evse_id, ledger, actor, now_ms)
    match req:
        case api.DeactivationRequest():
            found += _deactivation_faults(req, evse, ledger)
        case api.HardwareExchangeRequest():
            found += _hardware_exchange_faults(req)
        case api.ConsentRequest():
            found += _consent_faults(req, evse)
        case api.TestChargeRequest() if evse:
            found += _test_charge_faults(req, evse, ledger, now_ms)
    return found


def judge_access(req: api.AccessRequest, actor: api.AccessState, now_ms: int) -> list[Finding]:
    """Everything that speaks against a new access key."""
    return [*access_faults(actor, now_ms), *administrator_faults(actor), *scope_faults(req)]


def judge_revocation(
    key_id: str, ledger: Ledger, actor: api.AccessState, now_ms: int
) -> list[Finding]:
    """Everything that speaks against revoking an access key."""
    found = [*access_faults(actor, now_ms), *administrator_faults(actor)]
    return [*found, *target_faults(key_id, ledger)]


def scope_faults(req: api.AccessRequest) -> Iterator[Finding]:
    """Operators that do not fit the role, or name none."""
    if (req.role == "cpo") != bool(req.operators):
        yield reason("access_scope_wrong", role=req.role)
    for operator in req.operators:
        yield from _syntax_faults(operator)


def target_faults(key_id: str, ledger: Ledger) -> Iterator[Finding]:
    """Why there is nothing to revoke."""
    state = ledger.access(key_id)
    if state is None:
        yield reason("access_unknown", key_id=key_id)
    elif state.revoked:
        yield reason("access_revoked", key_id=key_id)


def _syntax_faults(operator: str) -> Iterator[Finding]:
    try:
        read_operator(operator)
    except EvseIdError as error:
        yield reason("operator_syntax", operator=operator, cause=str(error))


def _hardware_exchange_faults(req: api.HardwareExchangeRequest) -> Iterator[Finding]:
    if not normalized(req.station_model):
        yield reason("name_missing", what="model of the station")
    if cause := serial_fault(req.station_serial):
        what = "serial number of the station"
        yield reason("serial_syntax", what=what, serial=req.station_serial, cause=cause)


def _consent_faults(req: api.ConsentRequest, evse: api.EvseState | None) -> Iterator[Finding]:
    unreadable = list(_syntax_faults(req.to_operator))
    yield from unreadable
    if evse and not unreadable and read_operator(req.to_operator) == evse.operator:
        yield reason("consent_to_self", operator=evse.operator, evse_id=evse.evse_id)


def _deactivation_faults(
    req: api.DeactivationRequest, evse: api.EvseState | None, ledger: Ledger
) -> Iterator[Finding]:
    if req.farewell is None and req.reason == "decommissioned" and not req.note.strip():
        yield reason("farewell_or_note_needed")
    if evse and req.farewell:
        yield from _farewell_faults(req.farewell, evse, ledger)


def _farewell_faults(farewell: Statement, evse: api.EvseState, ledger: Ledger) -> Iterator[Finding]:
    """It follows the newest statement that is recorded, so it is of the recorded key."""
    module = ledger.module(evse.chip_id) if evse.chip_id else None
    if module is None:
        return
    history, broken = read_history([farewell], module.chip_id, recorded_end(module))
    for fault in broken:
        yield reason("farewell_broken", cause=fault.values["cause"])
    if history and history.checked[-1].kind != "farewell":
        yield reason("farewell_broken", cause="it is a statement of another type")


def _test_charge_faults(
    req: api.TestChargeRequest, evse: api.EvseState, ledger: Ledger, now_ms: int
) -> Iterator[Finding]:
    key = ledger.key(evse.fingerprint) if evse.fingerprint else None
    module = ledger.module(evse.chip_id) if evse.chip_id else None
    if key is None or module is None:
        return
    report = _verified(req, key)
    if report.verdict is not Verdict.VERIFIED:
        yield reason("test_charge_not_verified", cause=_first_error(report))
    elif not report.transactions:
        yield reason("test_charge_not_verified", cause="They are no transaction.")
    else:
        for record in (req.begin, req.end):
            yield from _identity_faults(json.loads(record.split("|")[1]), evse, module)
        yield from _time_faults(report, evse, now_ms)


def _verified(req: api.TestChargeRequest, key: api.KeyState) -> FileReport:
    public = read_public_key(key.public_key)
    text = transaction_xml(1, req.begin, req.end, public)
    return verify_file("test charge", text.encode(errors="replace"), pinned=public)


def _first_error(report: FileReport) -> str:
    errors = [one for one in report.all_findings if one.severity is Severity.ERROR]
    return errors[0].sentence_en if errors else str(report.reason)


def _identity_faults(
    payload: dict[str, Any], evse: api.EvseState, module: api.ModuleState
) -> Iterator[Finding]:
    meter = evse.meter.serial if evse.meter else ""
    point = evse.evse_id if payload.get("CI") is None else payload["CI"]
    for what, found, expected, compared in (
        ("module", payload.get("GS"), module.gateway_serial, normalized),
        ("meter", payload.get("MS"), meter, normalized),
        ("charge point", point, evse.evse_id, _evse_text),
    ):
        if compared(str(found)) != compared(expected):
            values = {"what": what, "found": str(found)[:50], "expected": expected}
            yield reason("test_charge_of_another_station", **values)


def _evse_text(text: str) -> str:
    try:
        return read_evse_id(text).text
    except EvseIdError:
        return text


def _time_faults(report: FileReport, evse: api.EvseState, now_ms: int) -> Iterator[Finding]:
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
