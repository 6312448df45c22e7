"""A charge point's history with the key that signs after each record, and how long it did."""

from __future__ import annotations

from wattseal.registry.key_validity import key_validity, period_at
from wattseal.registry.names import evse_name
from wattseal.registry.records import Record
from wattseal.registry.requests import EvseState, HistoryLine, KeyState, KeyValidity
from wattseal.registry.rows import states_of


def history_lines(evse_id: str, history: list[tuple[int, Record]]) -> list[HistoryLine]:
    """Lines for the records that touched a charge point, oldest first."""
    name = evse_name(evse_id)
    states: dict[str, list[KeyState]] = {}
    signing: list[tuple[str, int] | None] = []
    key: str | None = None
    for number, record in history:
        for state in states_of(number, record):
            if isinstance(state, KeyState):
                states.setdefault(state.fingerprint, []).append(state)
            elif isinstance(state, EvseState) and evse_name(state.evse_id) == name:
                key = state.fingerprint
        signing.append(None if key is None else (key, len(states[key]) - 1))
    return [
        HistoryLine(number=number, record=record, key=_validity(states, place))
        for (number, record), place in zip(history, signing, strict=True)
    ]


def _validity(
    states: dict[str, list[KeyState]], place: tuple[str, int] | None
) -> KeyValidity | None:
    """place: a key, and which of its states it is in."""
    if place is None:
        return None
    fingerprint, at = place
    return key_validity(fingerprint, period_at(states[fingerprint], at))
