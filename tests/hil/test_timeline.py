"""The wall clock as a timeline, with a wall clock that the test moves."""

import pytest

from hil.timeline import NS_PER_S, WallTimeline


@pytest.fixture
def timeline(wall):
    return WallTimeline()


def test_actions_run_in_the_order_of_their_times_once_these_have_passed(wall, timeline):
    ran = []
    start_ns = timeline.now_ns()
    timeline.call_at(start_ns + 2 * NS_PER_S, lambda: ran.append("second"))
    timeline.call_at(start_ns + 1 * NS_PER_S, lambda: ran.append("first"))
    assert timeline.run_due() == 1
    wall.ns += 3 * NS_PER_S
    assert timeline.wait_s() == 0
    assert timeline.run_due() is None
    assert ran == ["first", "second"]


def test_what_is_cancelled_is_not_waited_for(timeline):
    timeline.call_at(timeline.now_ns(), lambda: pytest.fail("cancelled")).cancel()
    assert timeline.wait_s() is None
    timeline.run_next()
    assert timeline.run_due() is None


def test_the_next_action_can_be_skipped_to(wall, timeline):
    start_ns = timeline.now_ns()
    seen_ns = []
    timeline.call_at(start_ns + 60 * NS_PER_S, lambda: seen_ns.append(timeline.now_ns()))
    timeline.run_next()
    assert seen_ns == [start_ns + 60 * NS_PER_S]
    assert timeline.ahead_ns == 60 * NS_PER_S
    wall.ns += NS_PER_S
    assert timeline.now_ns() == start_ns + 61 * NS_PER_S


def test_what_a_busy_machine_makes_late_is_lost(wall, timeline):
    start_ns = timeline.now_ns()
    seen_ns = []
    timeline.call_at(start_ns + NS_PER_S, lambda: seen_ns.append(timeline.now_ns()))
    wall.ns += 5 * NS_PER_S
    timeline.run_next()
    assert seen_ns == [start_ns + NS_PER_S]
    assert timeline.ahead_ns == -4 * NS_PER_S


def test_a_time_that_was_told_is_never_taken_back(wall, timeline):
    timeline.call_at(timeline.now_ns() + NS_PER_S, lambda: None)
    wall.ns += 5 * NS_PER_S
    told_ns = timeline.now_ns()
    timeline.run_next()
    assert timeline.now_ns() == told_ns
    assert timeline.ahead_ns == 0
