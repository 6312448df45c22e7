"""What was heard on a line, taken apart: whole, halved, byte by byte, damaged and run together."""

import pytest
from wattseal.meter.emulator.faults import checked
from wattseal.meter.frames import Frame, FrameFinder
from wattseal.meter.profile import known_profile

REQUEST = checked(bytes.fromhex("010400480002"))
REPLY = checked(bytes.fromhex("0104044537799a"))  # 2935.6 kWh
EXCEPTION = checked(bytes.fromhex("018402"))
SERIAL = (checked(bytes.fromhex("0103fc000002")), checked(bytes.fromhex("01030401264bc7")))


def found(*parts: bytes, every_us: int = 1000) -> list[Frame]:
    finder = FrameFinder(known_profile("sdm630"))
    frames = [frame for at, part in enumerate(parts) for frame in finder.feed(part, at * every_us)]
    return frames + list(finder.flush())


def kinds(frames: list[Frame]) -> list[str]:
    return [frame.kind for frame in frames]


@pytest.mark.parametrize("step", [1, 2, 3, 5, 100])
def test_request_and_reply_are_found_however_they_come(step: int) -> None:
    heard = REQUEST + REPLY + SERIAL[0] + SERIAL[1]
    frames = found(*(heard[at : at + step] for at in range(0, len(heard), step)))
    assert kinds(frames) == ["request", "reply"] * 2
    assert b"".join(frame.data for frame in frames) == heard
    assert "(energy_import)" in frames[0].meaning
    assert "energy_import 2935.600 kWh" in frames[1].meaning
    assert "serial 19286983" in frames[3].meaning


def test_time_of_a_reply_counts_from_its_request() -> None:
    frames = found(REQUEST, REPLY, every_us=4_100)
    assert [frame.after_us for frame in frames] == [None, 4_100]


def test_exception_is_named() -> None:
    frames = found(REQUEST, EXCEPTION)
    assert kinds(frames) == ["request", "exception"]
    assert "illegal data address" in frames[1].meaning


def test_own_request_that_comes_back_is_an_echo_and_a_repetition_is_none() -> None:
    assert kinds(found(REQUEST, REQUEST, REPLY)) == ["request", "echo", "reply"]
    assert kinds(found(REQUEST, REQUEST, every_us=1_000_000)) == ["request", "request"]


@pytest.mark.parametrize("noise", [b"\0", b"\xff\x00\x5a", REPLY[:-1] + b"\0"])
def test_what_is_no_frame_is_told_as_it_is(noise: bytes) -> None:
    frames = found(REQUEST, noise + REPLY)
    assert kinds(frames)[0] == "request"
    assert kinds(frames)[-1] == "reply"
    between = frames[1:-1]
    assert {frame.kind for frame in between} == {"noise"}
    assert b"".join(frame.data for frame in between) == noise
    assert not any(frame.crc_is_right for frame in between)
    if noise == b"\0":
        assert between[0].meaning == "turn-around noise"


def test_reply_without_its_request_has_no_values() -> None:
    [frame] = found(REPLY)
    assert "no request to it was heard" in frame.meaning


def test_another_number_of_registers_is_told() -> None:
    frames = found(checked(bytes.fromhex("010400480001")), REPLY)
    assert "1 were asked for" in frames[1].meaning


def test_value_that_is_none_is_named() -> None:
    frames = found(REQUEST, checked(bytes.fromhex("0104047fc00000")))
    assert "energy_import: meter_sentinel" in frames[1].meaning


def test_endless_noise_is_bounded() -> None:
    finder = FrameFinder()
    told = sum(len(frame.data) for at in range(100) for frame in finder.feed(b"\xaa" * 100, at))
    assert told >= 100 * 100 - 300
