"""The meter's end of the line, in emulated time."""

import pytest
from wattseal.meter.emulator.faults import checked
from wattseal.meter.emulator.meter import Meter

from hil.line import LineFormat, Transmitter
from hil.meter.port import COLLISION, DAMAGED, GAP_IN_FRAME, TOO_EARLY, MeterPort

LINE = LineFormat(9600)
CHARACTER_NS = LINE.character_ns
SILENCE_NS = LINE.silence_ns
TURNAROUND_NS = 5_000_000
REQUEST = checked(bytes.fromhex("010400480002"))
GOOD = checked(bytes.fromhex("0104044537799a"))


class Line:
    """A line with the meter at one end and the test at the other."""

    def __init__(self, timeline):
        self.timeline = timeline
        self.heard = []
        self.echoed = bytearray()
        self.meter = Meter("sdm630", timeline.now_ns)
        self.port = MeterPort(
            timeline,
            self.meter,
            LINE,
            self.heard.append,
            lambda character: self.echoed.append(character.value),
            TURNAROUND_NS,
        )
        self.sender = Transmitter(timeline, LINE, self.port.hear)

    def send(self, data):
        """Send and wait until the last bit has left."""
        self.sender.send(data)
        self.timeline.advance(len(data) * CHARACTER_NS)

    def heard_bytes(self):
        return bytes(character.value for character in self.heard)

    def kinds(self):
        return [violation.kind for violation in self.port.violations]


@pytest.fixture
def line(timeline):
    timeline.advance(1_000_000)
    return Line(timeline)


def test_a_reply_comes_after_the_turnaround_at_the_speed_of_the_line(line, timeline):
    line.send(REQUEST)
    end_ns = timeline.now_ns()
    timeline.advance(100_000_000)
    assert line.heard_bytes() == GOOD
    assert line.heard[0].start_ns == end_ns + TURNAROUND_NS
    assert line.heard[-1].end_ns == end_ns + TURNAROUND_NS + len(GOOD) * CHARACTER_NS
    assert line.kinds() == []


def test_an_exchange_is_recorded_with_its_times(line, timeline):
    line.send(REQUEST)
    timeline.advance(100_000_000)
    line.meter.arm("wrong_crc")
    line.send(REQUEST)
    timeline.advance(100_000_000)
    first, second = line.port.exchanges
    assert (first.request, bytes(first.reply), first.fault) == (REQUEST, GOOD, None)
    assert first.silence_before_ns is None
    assert first.end_ns - first.start_ns == len(REQUEST) * CHARACTER_NS
    assert second.fault == "wrong_crc"
    assert second.silence_before_ns == second.start_ns - first.reply_end_ns


@pytest.mark.parametrize(("silence_ns", "kinds"), [(SILENCE_NS, []), (SILENCE_NS - 1, [TOO_EARLY])])
def test_a_request_must_keep_3_5_characters_away_from_the_reply_before(
    line, timeline, silence_ns, kinds
):
    line.send(REQUEST)
    timeline.advance(TURNAROUND_NS + len(GOOD) * CHARACTER_NS)
    assert line.heard_bytes() == GOOD
    timeline.advance(silence_ns)
    line.send(REQUEST)
    assert line.kinds() == kinds


def test_a_silence_within_a_request_is_noticed(line, timeline):
    line.send(REQUEST[:4])
    timeline.advance(2 * CHARACTER_NS)
    line.send(REQUEST[4:])
    timeline.advance(100_000_000)
    assert line.kinds() == [GAP_IN_FRAME]


def test_a_request_cut_by_silence_is_damaged_and_not_answered(line, timeline):
    line.send(REQUEST[:4])
    timeline.advance(SILENCE_NS)
    line.send(REQUEST[4:])
    timeline.advance(100_000_000)
    assert line.kinds() == [DAMAGED, DAMAGED]
    assert line.heard == []


def test_a_request_during_the_reply_is_a_collision_and_not_answered(line, timeline):
    line.send(REQUEST)
    timeline.advance(TURNAROUND_NS + 2 * CHARACTER_NS)
    line.send(REQUEST)
    timeline.advance(100_000_000)
    assert COLLISION in line.kinds()
    assert line.heard_bytes() == GOOD


def test_another_speed_is_not_understood(line, timeline):
    Transmitter(timeline, LineFormat(19200), line.port.hear).send(REQUEST)
    timeline.advance(100_000_000)
    assert line.heard == []
    assert DAMAGED in line.kinds()


def test_another_unit_is_left_alone(line, timeline):
    line.send(checked(b"\x07" + REQUEST[1:-2]))
    timeline.advance(100_000_000)
    assert line.heard == []
    assert line.kinds() == []


def test_the_port_is_busy_from_the_first_character_to_the_last(line, timeline):
    assert not line.port.busy
    line.send(REQUEST[:1])
    assert line.port.busy
    line.send(REQUEST[1:])
    timeline.advance(SILENCE_NS)
    assert line.port.busy  # the reply is still to come
    timeline.advance(TURNAROUND_NS)
    assert line.port.busy
    timeline.advance(len(GOOD) * CHARACTER_NS)
    assert not line.port.busy


def test_a_held_reply_goes_out_before_the_next_one(line, timeline):
    line.meter.arm("late_reply")
    line.send(REQUEST)
    timeline.advance(2_000_000_000)
    assert line.heard == []
    line.meter.add_wh(1000)
    line.send(REQUEST)
    timeline.advance(100_000_000)
    assert line.heard_bytes() == GOOD + checked(bytes.fromhex("0104044537899a"))


def test_a_late_reply_may_meet_the_next_request(line, timeline):
    line.meter.arm("late_reply", delay_ms=100)
    line.send(REQUEST)
    timeline.advance(100_000_000)
    line.send(REQUEST)
    timeline.advance(100_000_000)
    assert COLLISION in line.kinds()


def test_segments_keep_their_gaps(line, timeline):
    line.meter.arm("doubled_reply", gap_ms=20)
    line.send(REQUEST)
    timeline.advance(200_000_000)
    assert line.heard_bytes() == GOOD + GOOD
    assert line.heard[9].start_ns - line.heard[8].end_ns == 20_000_000


def test_an_echo_comes_back_character_by_character(line, timeline):
    line.meter.arm("echo")
    line.send(REQUEST)
    assert bytes(line.echoed) == REQUEST
    timeline.advance(100_000_000)
    assert line.heard_bytes() == GOOD
    line.send(REQUEST)
    assert bytes(line.echoed) == REQUEST


def test_a_meter_whose_master_has_lost_power_falls_silent(line, timeline):
    line.meter.arm("late_reply", skip=1)
    line.send(REQUEST)
    timeline.advance(TURNAROUND_NS + CHARACTER_NS)
    line.port.fall_silent()
    timeline.advance(100_000_000)
    assert line.heard_bytes() == GOOD[:1]
    line.send(REQUEST)
    timeline.advance(TURNAROUND_NS)
    line.port.fall_silent()
    line.send(REQUEST)
    timeline.advance(100_000_000)
    assert line.heard_bytes() == GOOD[:1] + GOOD
