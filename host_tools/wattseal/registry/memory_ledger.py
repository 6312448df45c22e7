"""A ledger in memory: the newest state of each thing, as an auditor or a test computes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wattseal.registry.names import evse_name, has_serial, meter_name, plain
from wattseal.registry.packed_states import PackedState, PackedStates, pack, pack_pointer
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
        self._states = PackedStates()

    def apply(self, states: Iterable[State]) -> None:
        """Take the states that a record makes (rows.states_of)."""
        self.put(packed(states))

    def put(self, states: Iterable[PackedState]) -> None:
        """Take states that were packed before."""
        for state in states:
            self._states.put(state)

    def evse(self, evse_id: str) -> EvseState | None:
        """A charge point."""
        return self._states.get(EvseState, evse_name(evse_id))

    def key(self, fingerprint: str) -> KeyState | None:
        """A public key."""
        return self._states.get(KeyState, fingerprint)

    def module(self, chip_id: str) -> ModuleState | None:
        """A signing module."""
        return self._states.get(ModuleState, chip_id)

    def module_with_serial(self, gateway_serial: str) -> ModuleState | None:
        """The module at a charge point that has this serial number, without case and blanks.

        No two have it at a time, so it is the one that was the last to come to a charge point.
        """
        name = plain(gateway_serial)
        found = self._states.get_pointed(ModuleState, name)
        return found if found and has_serial(found, name) else None

    def meter(self, meter: MeterRef) -> MeterState | None:
        """A meter; manufacturers and serial numbers are compared without case and blanks."""
        return self._states.get(MeterState, _meter(meter))

    def consent(self, evse_id: str, to_operator: str) -> ConsentState | None:
        """The newest consent about that charge point to that operator."""
        return self._states.get(ConsentState, _consent(evse_id, to_operator))

    def access(self, key_id: str) -> AccessState | None:
        """An access key."""
        return self._states.get(AccessState, key_id)


def packed(states: Iterable[State]) -> list[PackedState]:
    """States as a ledger holds them."""
    return [each for state in states for each in _packed(state)]


def _packed(state: State) -> Iterator[PackedState]:
    kept = pack(_name(state), state)
    yield kept
    if isinstance(state, ModuleState) and state.evse_id is not None:
        yield pack_pointer(plain(state.gateway_serial), kept)


def _name(state: State) -> str:
    match state:
        case EvseState():
            return evse_name(state.evse_id)
        case KeyState():
            return state.fingerprint
        case ModuleState():
            return state.chip_id
        case MeterState():
            return _meter(ref_of(state.meter))
        case ConsentState():
            return _consent(state.evse_id, state.to_operator)
        case AccessState():
            return state.key_id


def _meter(meter: MeterRef) -> str:
    return "\n".join(meter_name(meter))


def _consent(evse_id: str, to_operator: str) -> str:
    return f"{evse_name(evse_id)}\n{to_operator}"
