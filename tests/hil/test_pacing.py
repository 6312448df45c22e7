import pytest

from hil import pacing
from hil.pacing import SLACK_NS, Pacer


@pytest.fixture
def wall(monkeypatch):
    now = {"ns": 5_000_000_000}
    monkeypatch.setattr(pacing.time, "monotonic_ns", lambda: now["ns"])
    return now


def test_emulated_time_is_ahead_by_what_it_ran_beyond_the_wall_clock(wall):
    pacer = Pacer()
    pacer.follow(100)
    assert pacer.ahead_s(100) == 0
    assert pacer.ahead_s(1_000_100) == 0.001
    wall["ns"] += 400_000
    assert pacer.ahead_s(1_000_100) == pytest.approx(0.0006)


def test_a_late_wake_up_is_made_up_for(wall):
    pacer = Pacer()
    pacer.follow(0)
    wall["ns"] += SLACK_NS
    assert pacer.ahead_s(0) == 0
    assert pacer.ahead_s(SLACK_NS + 1_000_000) == 0.001


def test_time_lost_to_slow_emulation_is_not_made_up_for(wall):
    pacer = Pacer()
    pacer.follow(0)
    wall["ns"] += 60_000_000_000
    assert pacer.ahead_s(1_000_000) == 0
    assert pacer.ahead_s(2_000_000) == 0.001
