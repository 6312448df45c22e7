"""The unix program's end of the meter's line: what it asks, and what it is told and when."""

import struct

import pytest

from hil.line import Character, LineFormat
from hil.targets.unix_line import MAX_ANSWER_BYTES, MAX_WRITE_BYTES, UnixLine
from hil.timeline import NS_PER_MS, NS_PER_US, WallTimeline

LINE = LineFormat(9600)


def listen(limit_us):
    return struct.pack(">cI", b"L", limit_us)


def write(data):
    return struct.pack(">cI", b"W", len(data)) + data


class Program:
    """What a program on the line would see."""

    def __init__(self):
        self.timeline = WallTimeline()
        self.sent = []
        self.answers = []
        self.line = UnixLine(self.timeline, LINE, self.sent.append, self._answer)

    def _answer(self, answer):
        ahead_us, length = struct.unpack_from(">qB", answer)
        assert len(answer) == struct.calcsize(">qB") + length
        self.answers.append(answer[-length:] if length else b"")
        self.ahead_us = ahead_us

    def arrive(self, value, after_ms):
        """Let a character of the meter arrive so much later."""
        end_ns = self.timeline.now_ns() + after_ms * NS_PER_MS
        character = Character(value, end_ns - LINE.character_ns, end_ns, LINE)
        self.timeline.call_at(end_ns, lambda: self.line.hear(character))

    def run(self):
        """Skip the time until the program goes on."""
        while self.line.program_waits:
            self.timeline.run_next()


@pytest.fixture
def program(wall):
    return Program()


def test_a_request_is_answered_when_its_last_bit_has_left(program):
    program.line.take(write(b"abc"))
    assert program.line.program_waits
    program.run()
    assert bytes(character.value for character in program.sent) == b"abc"
    assert program.answers == [b""]
    gaps = [b.start_ns - a.end_ns for a, b in zip(program.sent, program.sent[1:], strict=False)]
    assert gaps == [0, 0]
    assert program.ahead_us == 3 * LINE.character_ns // NS_PER_US


def test_listening_ends_with_what_arrives_first(program):
    program.arrive(7, after_ms=10_000)
    program.arrive(8, after_ms=60_000)
    program.line.take(listen(30_000_000))
    program.run()
    assert program.answers == [b"\7"]
    program.line.take(listen(30_000_000))
    program.run()
    assert program.answers == [b"\7", b""]
    assert program.ahead_us == 40_000_000


def test_what_has_arrived_before_is_told_at_once(program):
    for value in range(300):
        program.line.hear(Character(value % 256, 0, 1, LINE))
    program.line.take(listen(30_000_000))
    assert not program.line.program_waits
    program.line.take(listen(0))
    assert [len(answer) for answer in program.answers] == [MAX_ANSWER_BYTES, 300 - MAX_ANSWER_BYTES]
    assert b"".join(program.answers) == bytes(value % 256 for value in range(300))


def test_nothing_has_arrived(program):
    program.line.take(listen(0))
    program.run()
    assert program.answers == [b""]


def test_requests_come_in_pieces(program):
    for value in write(b"abc"):
        assert not program.line.program_waits
        program.line.take(bytes((value,)))
    program.run()
    assert len(program.sent) == 3


def test_a_program_that_is_gone_is_told_nothing(program):
    program.line.take(write(b"abc"))
    program.line.stop()
    program.line.take(listen(0)[:2])
    program.line.stop()
    program.line.take(listen(1000))
    program.line.stop()
    assert not program.line.program_waits
    program.timeline.run_next()
    assert (program.sent, program.answers) == ([], [])


def test_a_program_is_not_told_of_the_time_before_its_start(program):
    program.line.take(listen(60_000_000))
    program.run()
    assert program.ahead_us == 60_000_000
    program.line.stop()
    program.line.take(listen(1000))
    program.run()
    assert program.ahead_us == 1000


@pytest.mark.parametrize(
    "request_",
    [
        b"X\0\0\0\0",
        write(b""),
        write(bytes(MAX_WRITE_BYTES + 1)),
        write(b"abc") + b"d",
        listen(1) + b"d",
    ],
    ids=["unknown", "nothing", "too much", "more than told", "more than nothing"],
)
def test_what_is_no_request_is_refused(program, request_):
    with pytest.raises(ValueError, match="asks its line for"):
        program.line.take(request_)


def test_who_waits_asks_for_nothing_more(program):
    program.line.take(listen(1000))
    with pytest.raises(ValueError, match="asks its line for"):
        program.line.take(listen(1000))
