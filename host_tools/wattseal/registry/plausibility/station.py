"""What speaks against an exchange of the station's hardware, and against a consent."""

from __future__ import annotations

from collections.abc import Iterator

from wattseal.evse_id import EvseIdError, read_operator
from wattseal.registry.ledger import Ledger
from wattseal.registry.names import plain
from wattseal.registry.plausibility.evse_rules import active_evse
from wattseal.registry.plausibility.findings import reason
from wattseal.registry.plausibility.serials import serial_fault
from wattseal.registry.requests import (
    AccessState,
    ConsentRequest,
    HardwareExchangeRequest,
    Reason,
)


def judge_hardware_exchange(
    req: HardwareExchangeRequest, ledger: Ledger, actor: AccessState, now_ms: int
) -> list[Reason]:
    """Everything that speaks against it."""
    _evse, found = active_evse(req.evse_id, ledger, actor, now_ms)
    if not plain(req.station_model):
        found.append(reason("name_missing", what="model of the station"))
    if cause := serial_fault(req.station_serial):
        what = "serial number of the station"
        found.append(reason("serial_syntax", what=what, serial=req.station_serial, cause=cause))
    return found


def judge_consent(
    req: ConsentRequest, ledger: Ledger, actor: AccessState, now_ms: int
) -> list[Reason]:
    """Everything that speaks against it."""
    evse, found = active_evse(req.evse_id, ledger, actor, now_ms)
    found += syntax_faults([req.to_operator])
    if evse and not syntax_faults([req.to_operator]):
        operator = read_operator(req.to_operator)
        if operator == evse.operator:
            found.append(reason("consent_to_self", operator=operator, evse_id=evse.evse_id))
    return found


def syntax_faults(operators: list[str]) -> list[Reason]:
    """Texts that name no operator."""
    return list(_syntax_faults(operators))


def _syntax_faults(operators: list[str]) -> Iterator[Reason]:
    for operator in operators:
        try:
            read_operator(operator)
        except EvseIdError as error:
            yield reason("operator_syntax", operator=operator, cause=str(error))
