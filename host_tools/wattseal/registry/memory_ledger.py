"""A ledger in memory: the newest state of each thing, as an auditor or a test computes them."""

from __future__ import annotations

from collections.abc import Iterable

from wattseal.registry.names import evse_name, meter_name
from wattseal.registry.packed_states import PackedStates
from wattseal.registry.records import MeterRef
from wattseal.registry.requests import (
    AccessState,
    ConsentState,
    EvseState,
    KeyState,
    MeterState,
    ModuleState,
    State,
)
from wattseal.registry.rows import ref_of


class MemoryLedger:
    """Holds as many states as there are things, whatever the number of records."""

    def __init__(self) -> None:
        self._evses = PackedStates(EvseState)
        self._keys = PackedStates(KeyState)
        self._modules = PackedStates(ModuleState)
        self._meters = PackedStates(MeterState)
        self._consents = PackedStates(ConsentState)
        self._access = PackedStates(AccessState)

    def apply(self, states: Iterable[State]) -> None:
        """Take the states that a record makes (rows.states_of)."""
        for state in states:
            self._take(state)

    def _take(self, state: State) -> None:
        match state:
            case EvseState():
                self._evses.put(evse_name(state.evse_id), state)
            case KeyState():
                self._keys.put(state.fingerprint, state)
            case ModuleState():
                self._modules.put(state.chip_id, state)
            case MeterState():
                self._meters.put(_meter(ref_of(state.meter)), state)
            case ConsentState():
                self._consents.put(_consent(state.evse_id, state.to_operator), state)
            case AccessState():
                self._access.put(state.key_id, state)

    def evse(self, evse_id: str) -> EvseState | None:
        """A charge point."""
        return self._evses.get(evse_name(evse_id))

    def key(self, fingerprint: str) -> KeyState | None:
        """A public key."""
        return self._keys.get(fingerprint)

    def module(self, chip_id: str) -> ModuleState | None:
        """A signing module."""
        return self._modules.get(chip_id)

    def meter(self, meter: MeterRef) -> MeterState | None:
        """A meter; manufacturers and serial numbers are compared without case and blanks."""
        return self._meters.get(_meter(meter))

    def consent(self, evse_id: str, to_operator: str) -> ConsentState | None:
        """The newest consent about that charge point to that operator."""
        return self._consents.get(_consent(evse_id, to_operator))

    def access(self, key_id: str) -> AccessState | None:
        """An access key."""
        return self._access.get(key_id)


def _meter(meter: MeterRef) -> str:
    return "\n".join(meter_name(meter))


def _consent(evse_id: str, to_operator: str) -> str:
    return f"{evse_name(evse_id)}\n{to_operator}"
