"""What is recorded of a module and its keys that speaks against a registration."""

from __future__ import annotations

from collections.abc import Iterator

from wattseal.registry.plausibility.access import is_administrator
from wattseal.registry.plausibility.findings import reason
from wattseal.registry.plausibility.history import History
from wattseal.registry.plausibility.situation import Situation
from wattseal.registry.records import MAX_NEW_STATEMENTS
from wattseal.registry.requests import AccessState, ModuleState, Reason


def key_faults(now: Situation) -> Iterator[Reason]:
    """A key belongs to one module, and ends once; the next one has a higher number."""
    old, number = now.module_key, now.facts.proof.members["key_number"]
    if old and now.has_new_key and number <= old.key_number:
        yield reason("key_number_not_newer", found=number, recorded=old.key_number)
    if now.key is None:
        return
    if now.key.chip_id != now.facts.proof.chip_id:
        yield reason("key_of_another_module", chip_id=now.key.chip_id, entry=now.key.entry)
    if now.key.status != "active":
        yield reason("key_deactivated", status=now.key.status, entry=now.key.entry)


def module_faults(now: Situation, actor: AccessState) -> Iterator[Reason]:
    """A module's serial number stays, its counters go up and its proofs are ever newer."""
    if now.module is None:
        return
    module, proof = now.module, now.facts.proof
    found = proof.members["gateway_serial"]
    if found != module.gateway_serial and not is_administrator(actor):
        values = {"chip_id": module.chip_id, "recorded": module.gateway_serial, "found": found}
        yield reason("chip_serial_conflict", **values)
    given_ms, recorded_ms = proof.unix_ms, module.possession_unix_ms
    if given_ms is not None and recorded_ms is not None and given_ms <= recorded_ms:
        yield reason("possession_not_newer", entry=module.entry)
    least = module.commissioning + (1 if _is_sealed_anew(now, module) else 0)
    if proof.commissioning < least:
        values = {"found": proof.commissioning, "recorded": module.commissioning}
        yield reason("commissioning_not_newer", **values)


def serial_faults(now: Situation) -> Iterator[Reason]:
    """A serial number is that of one module at a time, or of the one that takes its place."""
    holder = now.serial_holder
    if holder is None or holder.chip_id == now.facts.proof.chip_id:
        return
    if now.is_occupied and now.evse and now.evse.chip_id == holder.chip_id:
        return  # as when a new board is put into the old housing
    yield reason(
        "gateway_serial_taken",
        serial=holder.gateway_serial,
        chip_id=holder.chip_id,
        evse_id=holder.evse_id,
        entry=holder.entry,
    )


def _is_sealed_anew(now: Situation, module: ModuleState) -> bool:
    """Whether the module's settings are others than those that are recorded."""
    return (
        not now.is_at_home
        or now.has_new_meter
        or now.facts.proof.members["gateway_serial"] != module.gateway_serial
    )


def history_faults(now: Situation) -> Iterator[Reason]:
    """The statements go on where the recorded ones end, and lead from key to key."""
    history = now.facts.history
    if history is None:
        return
    if now.module is None:
        yield from _length_faults(history, 0)
        return
    recorded = now.module.statements
    if history.count < recorded:
        yield reason("history_missing", found=history.count, recorded=recorded)
    elif history.text_of(recorded) not in (None, now.module.last_statement):
        cause = "another statement of that number is recorded"
        yield reason("history_broken", number=recorded, cause=cause)
    else:
        yield from _length_faults(history, recorded)
        yield from _succession_faults(now, history)


def _length_faults(history: History, recorded: int) -> Iterator[Reason]:
    found = history.count - recorded
    if found > MAX_NEW_STATEMENTS:
        yield reason("history_too_long", found=found, allowed=MAX_NEW_STATEMENTS)


def _succession_faults(now: Situation, history: History) -> Iterator[Reason]:
    """How the present key follows the recorded one: by a roll-over, or by farewell and birth."""
    if now.module is None or now.module_key is None or not now.has_new_key:
        return
    old = now.module_key
    found = now.facts.proof.members["key_number"]
    said_farewell = any(one.kind == "birth" for one in history.after(now.module.statements))
    if old.status == "active" and said_farewell:
        yield reason("rollover_missing", recorded=old.key_number, found=found)
    if old.status != "active" and not said_farewell:
        yield reason("farewell_missing", recorded=old.key_number, status=old.status)
