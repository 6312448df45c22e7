import pytest

from hil.line import Character, LineFormat, Transmitter
from hil.timeline import EmulatedTimeline


@pytest.mark.parametrize(
    ("line_format", "bits", "character_ns"),
    [
        (LineFormat(9600), 10, 1_041_667),
        (LineFormat(19200, "even"), 11, 572_917),
        (LineFormat(9600, "none", 2), 11, 1_145_833),
        (LineFormat(115200), 10, 86_806),
    ],
)
def test_a_character_lasts_its_bits(line_format, bits, character_ns):
    assert line_format.character_bits == bits
    assert line_format.character_ns == character_ns


@pytest.mark.parametrize(
    ("line_format", "silence_ns"),
    [
        (LineFormat(9600), 3_645_833),
        (LineFormat(19200, "even"), 2_005_208),
        (LineFormat(38400), 1_750_000),
        (LineFormat(115200), 1_750_000),
    ],
)
def test_the_silence_between_frames_is_that_of_the_standard(line_format, silence_ns):
    assert line_format.silence_ns == silence_ns


@pytest.mark.parametrize(
    ("other", "understood"),
    [
        (LineFormat(9600), True),
        (LineFormat(9600, stop_bits=2), True),
        (LineFormat(9610), True),
        (LineFormat(19200), False),
        (LineFormat(10000), False),
        (LineFormat(9600, "even"), False),
        (LineFormat(9600, data_bits=7), False),
    ],
)
def test_a_receiver_understands_its_own_format_only(other, understood):
    assert LineFormat(9600).understands(other) is understood


def test_bytes_leave_back_to_back_each_at_the_end_of_its_stop_bit(timeline):
    left: list[tuple[int, Character]] = []
    line_format = LineFormat(9600)
    sender = Transmitter(timeline, line_format, lambda c: left.append((timeline.now_ns(), c)))
    sender.send(b"\x01\x02")
    sender.send(b"\x03")
    assert sender.pending == 3
    timeline.advance(line_format.character_ns - 1)
    assert left == []
    timeline.advance(10 * line_format.character_ns)
    length = line_format.character_ns
    assert [(at_ns, c.value) for at_ns, c in left] == [
        (length, 1),
        (2 * length, 2),
        (3 * length, 3),
    ]
    assert [c.start_ns for _, c in left] == [0, length, 2 * length]
    assert sender.pending == 0


def test_a_stopped_sender_falls_silent_within_the_character(timeline):
    left = []
    sender = Transmitter(timeline, LineFormat(9600), left.append)
    sender.send(b"abc")
    timeline.advance(1_500_000)
    sender.stop()
    timeline.advance(10_000_000)
    assert [c.value for c in left] == [ord("a")]


def test_emulated_time_goes_on_over_a_fresh_clock_and_forgets_what_was_due(timeline):
    happened = []
    timeline.advance(500)
    timeline.call_at(900, lambda: happened.append("old"))
    timeline.continue_on(EmulatedTimeline().clock)
    assert timeline.now_ns() == 500
    timeline.call_at(1000, lambda: happened.append(timeline.now_ns()))
    timeline.skip(100)
    timeline.advance(2000)
    assert timeline.now_ns() == 2600
    # Unpowered time passed before the action was due, so the action comes that much later.
    assert happened == [1100]
