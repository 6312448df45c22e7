"""What speaks against the records of a test charge: they must verify, and be of this station."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from wattseal.evse_id import EvseIdError, read_evse_id
from wattseal.public_key import read_public_key
from wattseal.registry.ledger import Ledger
from wattseal.registry.names import plain
from wattseal.registry.plausibility.evse_rules import active_evse
from wattseal.registry.plausibility.findings import reason
from wattseal.registry.plausibility.limits import TOLERANCE_MS
from wattseal.registry.requests import (
    AccessState,
    EvseState,
    KeyState,
    ModuleState,
    Reason,
    TestChargeRequest,
)
from wattseal.transaction_xml import transaction_xml
from wattseal.verify import FileReport, Severity, Verdict, verify_file


def judge_test_charge(
    req: TestChargeRequest, ledger: Ledger, actor: AccessState, now_ms: int
) -> list[Reason]:
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
    return errors[0].message if errors else str(report.reason)


def _identity_faults(
    payload: dict[str, Any], evse: EvseState, module: ModuleState
) -> Iterator[Reason]:
    meter = evse.meter.serial if evse.meter else ""
    for what, found, expected in (
        ("module", payload.get("GS"), module.gateway_serial),
        ("meter", payload.get("MS"), meter),
    ):
        if plain(str(found)) != plain(expected):
            yield _of_another(what, found, expected)
    point = payload.get("CI")
    if point is not None and _evse_text(str(point)) != evse.evse_id:
        yield _of_another("charge point", point, evse.evse_id)


def _of_another(what: str, found: object, expected: str) -> Reason:
    return reason(
        "test_charge_of_another_station", what=what, found=str(found)[:50], expected=expected
    )


def _evse_text(text: str) -> str:
    try:
        return read_evse_id(text).text
    except EvseIdError:
        return text


def _time_faults(report: FileReport, evse: EvseState, now_ms: int) -> Iterator[Reason]:
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
