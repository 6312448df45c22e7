"""Each fault, at the bytes that it makes of one good reply."""

import pytest
from wattseal.meter.emulator.faults import (
    FAULT_NAMES,
    FRAME_FAULTS,
    VALUE_FAULTS,
    Reply,
    Segment,
    checked,
)
from wattseal.meter.emulator.meter import Meter

REQUEST = checked(bytes.fromhex("010400480002"))
GOOD = checked(bytes.fromhex("0104044537799a"))  # 2935.6 kWh
HALVES = (GOOD[:4], GOOD[4:])


class Clock:
    now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def meter(clock):
    return Meter("sdm630", clock)


def one(data):
    return Reply((Segment(data),))


FRAMES = {
    "wrong_crc": ({}, one(GOOD[:-1] + bytes((GOOD[-1] ^ 0xFF,)))),
    "flipped_bit": ({}, one(GOOD[:3] + b"\xc5" + GOOD[4:])),
    "wrong_unit": ({}, one(checked(bytes.fromhex("0204044537799a")))),
    "wrong_function": ({}, one(checked(bytes.fromhex("0103044537799a")))),
    "wrong_length": ({}, one(checked(bytes.fromhex("0104064537799a0000")))),
    "exception": ({"code": 6}, one(checked(bytes.fromhex("018406")))),
    "silence": ({}, Reply()),
    "slow": ({"delay_ms": 150}, Reply((Segment(GOOD, 150_000_000),))),
    "late_reply": ({}, Reply(held=GOOD)),
    "doubled_reply": ({"gap_ms": 3}, Reply((Segment(GOOD), Segment(GOOD, 3_000_000)))),
    "cut_reply": ({}, one(GOOD[:4])),
    "trailing_garbage": ({"data": b"\x01\x02"}, one(GOOD + b"\x01\x02")),
    "noise": ({"data": b"\x80"}, Reply((Segment(b"\x80"), Segment(GOOD)))),
}

VALUES = {
    "sentinel": "7fc00000",  # a NaN
    "out_of_range": "7f800000",  # infinity
    "decreasing": "4537699a",  # 2934.6 kWh
    "unstable": "4537c99a",  # 2940.6 kWh
}


def test_a_good_meter_answers_well(meter):
    assert meter.answer(REQUEST) == (one(GOOD), None)


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_a_frame_fault_makes_these_bytes_of_a_reply(meter, name):
    options, expected = FRAMES[name]
    meter.arm(name, **options)
    assert meter.answer(REQUEST) == (expected, name)
    assert meter.answer(REQUEST) == (one(GOOD), None)


@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_value_fault_shows_these_registers_in_a_sound_frame(meter, name):
    meter.arm(name)
    data = bytes.fromhex("010404" + VALUES[name])
    assert meter.answer(REQUEST) == (one(checked(data)), name)
    assert meter.answer(REQUEST) == (one(GOOD), None)


def test_no_fault_is_left_untried():
    tried = {*FRAMES, *VALUES, "other_serial", "echo"}
    assert tried == set(FAULT_NAMES) == {*FRAME_FAULTS, *VALUE_FAULTS, "echo"}


def test_a_late_reply_may_come_after_a_time_instead(meter):
    meter.arm("late_reply", delay_ms=1200)
    assert meter.answer(REQUEST)[0] == Reply((Segment(GOOD, 1_200_000_000),))


def test_an_unstable_meter_shows_two_values_in_turn(meter):
    meter.arm("unstable", 3)
    shown = [meter.answer(REQUEST)[0].segments[0].data for _ in range(4)]
    assert shown[0] == shown[2] != GOOD
    assert shown[1] == shown[3] == GOOD


def test_another_serial_number_strikes_requests_for_it_only(meter):
    ask_serial = checked(bytes.fromhex("0103fc000002"))
    meter.arm("other_serial", quantity="serial", serial="1")
    assert meter.answer(REQUEST) == (one(GOOD), None)
    assert meter.answer(ask_serial) == (
        one(checked(bytes.fromhex("01030400000001"))),
        "other_serial",
    )


def test_a_fault_may_skip_requests_and_strike_several(meter):
    meter.arm("silence", 2, skip=1)
    assert [meter.answer(REQUEST)[1] for _ in range(4)] == [None, "silence", "silence", None]


def test_a_disarmed_meter_behaves(meter):
    meter.arm("silence", 100)
    meter.arm("echo", 100)
    meter.disarm()
    assert meter.answer(REQUEST) == (one(GOOD), None)
    assert not meter.take_echo()


def test_an_echo_is_for_the_next_requests(meter):
    meter.arm("echo", 2)
    assert [meter.take_echo() for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"name": "sulking"}, "no fault 'sulking'"),
        ({"name": "silence", "quantity": "voltage"}, "no quantity 'voltage'"),
    ],
)
def test_what_cannot_be_armed_is_refused(meter, arguments, reason):
    with pytest.raises(ValueError, match=reason):
        meter.arm(**arguments)


def test_an_option_that_a_fault_does_not_have_is_refused(meter):
    with pytest.raises(TypeError, match="loudness"):
        meter.arm("silence", loudness=3)


def test_a_fault_that_the_registers_cannot_show_is_refused(clock):
    with pytest.raises(ValueError, match="no pattern"):
        Meter("dvh4013", clock).arm("sentinel")


def test_energy_runs_with_time_and_power_in_whole_numbers(meter, clock):
    hour_ns = 3600 * 10**9
    meter.power_w = 11_000
    clock.now_ns += hour_ns
    assert meter.energy_wh == 2_946_600
    meter.power_w = 1
    clock.now_ns += hour_ns - 1
    assert meter.energy_wh == 2_946_600
    clock.now_ns += 1
    assert meter.energy_wh == 2_946_601
    meter.add_wh(9)
    assert meter.energy_wh == 2_946_610
    with pytest.raises(ValueError, match="not negative"):
        meter.power_w = -1
