"""Packing loses nothing, and packs."""

from __future__ import annotations

from support.registry.recorder import Recorder
from support.registry.simulated_module import METER, SimulatedModule
from wattseal.common.text import normalized
from wattseal.registry.api_models import AccessState, EvseState, KeyState, ModuleState, State
from wattseal.registry.memory_ledger import MemoryLedger, pack, pack_pointer
from wattseal.registry.states import states_of


def _states(count: int) -> list[State]:
    recorder = Recorder()
    for number in range(count):
        meter = METER.model_copy(update={"serial": f"1EMH{number:08d}7"})
        module = SimulatedModule(f"module {number}", evse_id=f"DE*ABC*E{number}", meter=meter)
        recorder.commission(module)
    return [state for at, record in enumerate(recorder.records) for state in states_of(at, record)]


def test_states_come_back_as_they_were() -> None:
    table = MemoryLedger()
    states = _states(5)
    for number, state in enumerate(states):
        table.put([pack(str(number), state)])
    for number, state in enumerate(states):
        assert table.newest(type(state), str(number)) == state
        assert table.newest(AccessState, str(number)) in (None, state)
    assert (table.newest(KeyState, "another"), len(table)) == (None, len(states))


def test_a_state_is_found_under_another_name_until_that_points_elsewhere() -> None:
    old, other = (state for state in _states(2) if isinstance(state, ModuleState))
    serial = old.gateway_serial
    new = other.model_copy(update={"gateway_serial": serial})
    table = MemoryLedger()
    first, second = pack("one", old), pack("two", new)
    assert table.module_with_serial(serial) is None
    table.put([first, pack_pointer(normalized(serial), first), second])
    assert table.module_with_serial(serial) == old
    table.put([pack_pointer(normalized(serial), second)])
    assert table.module_with_serial(serial) == new


def test_a_newer_state_takes_the_older_ones_place() -> None:
    old, new = (state for state in _states(2) if isinstance(state, KeyState))
    table = MemoryLedger()
    table.put([pack("one", old)])
    table.put([pack("one", new)])
    assert (table.newest(KeyState, "one"), len(table)) == (new, 1)


def test_a_registration_takes_little_memory() -> None:
    models = (EvseState, KeyState, ModuleState)
    packed = [pack(state.model_dump_json(), state) for state in _states(20)]
    assert sum(len(one.content) for one in packed if one.model in models) / 20 < 800
