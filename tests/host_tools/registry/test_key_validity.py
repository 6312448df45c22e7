"""How long a key is valid for a charge point: whatever happens to it, whenever it is asked."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from support.registry.operated_registry import OperatedRegistry
from support.registry.simulated_module import EVSE_ID, METER, SimulatedModule
from wattseal.registry.states import Period, history_lines, period_at

ELSEWHERE = "DE*XYZ*E7"
ALGORITHM = "ECDSA-secp256r1-SHA256"
OTHER_METER = METER.model_copy(update={"serial": "1EMH0012345699"})


class State(NamedTuple):
    status: str
    evse_id: str
    since_unix_ms: int


@pytest.fixture
def operated(tmp_path, database_url):
    return OperatedRegistry(tmp_path / "data", database_url)


@pytest.fixture
def module():
    return SimulatedModule()


def validity(answer):
    return answer.valid_from_unix_ms, answer.valid_until_unix_ms


@pytest.mark.parametrize(
    ("place", "period"),
    [(0, (10, 20)), (1, (20, 40)), (2, (20, 40)), (3, (40, 50)), (4, (40, 50))],
)
def test_a_period_is_one_stay_at_one_charge_point(place, period):
    states = [
        State("active", "A", 10),
        State("active", "B", 20),
        State("active", "B", 30),  # another meter
        State("active", "A", 40),
        State("superseded", "A", 50),
    ]
    assert period_at(states, place) == period


def test_a_period_that_has_not_ended():
    assert period_at([State("active", "A", 10), State("active", "A", 20)], 1) == Period(10, None)


def test_a_key_that_signs_is_valid_without_end(operated, module):
    begun = operated.commission(module).unix_ms
    for answer in (
        operated.registry.key_valid(EVSE_ID, begun),
        operated.registry.key(module.fingerprint),
    ):
        assert validity(answer) == (begun, None)
        assert (answer.algorithm, answer.status) == (ALGORITHM, "active")


def test_an_old_record_s_key_says_until_when_it_was_valid_in_the_end(operated, module):
    """Asked for a time of the past: the state of that time, and the end that is known now."""
    begun = operated.commission(module).unix_ms
    old = module.fingerprint
    assert operated.registry.key_valid(EVSE_ID, begun).valid_until_unix_ms is None
    module.update()
    ended = operated.commission(module, "firmware_update").unix_ms
    for answer in (operated.registry.key_valid(EVSE_ID, begun), operated.registry.key(old, begun)):
        assert (answer.fingerprint, answer.status) == (old, "active")
        assert validity(answer) == (begun, ended)
    assert operated.registry.key(old).status == "superseded"
    assert validity(operated.registry.key(old)) == (begun, ended)
    assert validity(operated.registry.key_valid(EVSE_ID, ended)) == (ended, None)
    assert operated.registry.key(old, begun - 1) is None


def test_another_meter_ends_no_validity(operated, module):
    begun = operated.commission(module).unix_ms
    module.commission(meter=OTHER_METER)
    replaced = operated.commission(module, "meter_replacement").unix_ms
    before = operated.registry.key_valid(EVSE_ID, replaced - 1)
    after = operated.registry.key_valid(EVSE_ID, replaced)
    assert [answer.meter.serial for answer in (before, after)] == [
        METER.serial,
        OTHER_METER.serial,
    ]
    assert validity(before) == validity(after) == (begun, None)


def test_a_take_over_ends_it_at_the_old_charge_point_alone(operated, module):
    begun = operated.commission(module).unix_ms
    module.commission(evse_id=ELSEWHERE)
    taken = operated.commission(module, "take_over", operated.administrator).unix_ms
    assert validity(operated.registry.key_valid(EVSE_ID, taken - 1)) == (begun, taken)
    assert validity(operated.registry.key_valid(ELSEWHERE, taken)) == (taken, None)
    assert validity(operated.registry.key(module.fingerprint)) == (taken, None)


def test_the_history_names_the_key_after_each_record(operated, module):
    begun = operated.commission(module).unix_ms
    old = module.fingerprint
    operated.wait()
    operated.registry.record_about_evse(module.test_charge(), operated.abc)
    module.update()
    rolled = operated.commission(module, "firmware_update").unix_ms
    operated.wait()
    farewell = module.deactivation(module.decommission())
    ended = operated.registry.record_about_evse(farewell, operated.abc).unix_ms
    lines = history_lines("de-abc-e1234-5", operated.registry.history(EVSE_ID))
    assert lines[-1].key is None
    keys = [line.key for line in lines[:-1]]
    assert [key.fingerprint for key in keys] == [old, old, module.fingerprint]
    assert [validity(key) for key in keys] == [(begun, rolled), (begun, rolled), (rolled, ended)]
    assert {key.algorithm for key in keys} == {ALGORITHM}


def test_the_history_of_a_charge_point_that_was_taken_over(operated, module):
    begun = operated.commission(module).unix_ms
    module.commission(evse_id=ELSEWHERE)
    taken = operated.commission(module, "take_over", operated.administrator).unix_ms
    here, gone = history_lines(EVSE_ID, operated.registry.history(EVSE_ID))
    assert (validity(here.key), gone.key) == ((begun, taken), None)
    [there] = history_lines(ELSEWHERE, operated.registry.history(ELSEWHERE))
    assert validity(there.key) == (taken, None)


def test_nothing_is_told_of_unknown_keys(operated):
    assert operated.registry.key("00" * 32) is None
    assert operated.registry.key("\0") is None
    assert history_lines(EVSE_ID, []) == []
