"""Packing loses nothing, and packs."""

from __future__ import annotations

from registry.recorder import Recorder
from registry.simulated_module import METER, SimulatedModule
from wattseal.registry.packed_states import PackedStates
from wattseal.registry.requests import EvseState, KeyState, MeterState, ModuleState, State
from wattseal.registry.rows import states_of


def _states(count: int) -> list[State]:
    recorder = Recorder()
    for number in range(count):
        meter = METER.model_copy(update={"serial": f"1EMH{number:08d}7"})
        module = SimulatedModule(f"module {number}", evse_id=f"DE*ABC*E{number}", meter=meter)
        recorder.commission(module)
    return [state for at, record in enumerate(recorder.records) for state in states_of(at, record)]


def test_states_come_back_as_they_were() -> None:
    for model in (EvseState, KeyState, ModuleState, MeterState):
        table = PackedStates(model)
        states = [state for state in _states(5) if isinstance(state, model)]
        for number, state in enumerate(states):
            table.put(str(number), state)
        assert [table.get(str(number)) for number in range(5)] == states
        assert (table.get("5"), len(table)) == (None, 5)


def test_a_newer_state_takes_the_older_ones_place() -> None:
    old, new = (state for state in _states(2) if isinstance(state, KeyState))
    table = PackedStates(KeyState)
    table.put("one", old)
    table.put("one", new)
    assert (table.get("one"), len(table)) == (new, 1)


def test_a_registration_takes_little_memory() -> None:
    tables = {model: PackedStates(model) for model in (EvseState, KeyState, ModuleState)}
    for state in _states(20):
        if type(state) in tables:
            tables[type(state)].put(state.model_dump_json(), state)
    packed = [len(one) for table in tables.values() for one in table._packed.values()]
    assert sum(packed) / 20 < 800
