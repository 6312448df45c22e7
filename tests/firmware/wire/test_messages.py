import json
import random
import tracemalloc
from binascii import crc32

import pytest
from wattseal.wire import messages
from wattseal.wire.errors import WattsealError
from wattseal.wire.messages import MAX_LINE_BYTES, LineDecoder, LinkError, encode

GOOD = {"jsonrpc": "2.0", "id": 5, "method": "records", "params": {"from": 1}}


def test_a_request_is_read_as_it_was_written():
    assert messages.request(5, "records", {"from": 1}) == GOOD
    assert messages.read_request(GOOD) == (5, "records", {"from": 1})
    assert messages.read_request(messages.request(5, "hello")) == (5, "hello", {})


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"jsonrpc": "1.0"}, "jsonrpc"),
        ({"jsonrpc": 2}, "jsonrpc"),
        ({"id": None}, "id"),
        ({"id": True}, "id"),
        ({"id": "x" * 41}, "id"),
        ({"method": 7}, "method"),
        ({"method": None}, "method"),
        ({"params": []}, "params"),
        ({"params": None}, "params"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_broken_request_is_refused_naming_the_member(change, member):
    with pytest.raises(WattsealError) as refused:
        messages.read_request({**GOOD, **change})
    assert refused.value.name == "invalid_request"
    assert refused.value.detail["member"] == member


@pytest.mark.parametrize(
    ("identity", "expected"), [(5, 5), ("a", "a"), (True, None), (None, None), ([], None)]
)
def test_the_id_to_answer_with(identity, expected):
    assert messages.request_id({"id": identity}) == expected


def test_a_result_is_read_by_the_one_who_asked():
    reply = messages.result(5, {"next": None})
    assert messages.is_reply(reply)
    assert messages.read_reply(reply, 5) == {"next": None}
    with pytest.raises(WattsealError, match="JSON-RPC"):
        messages.read_reply(reply, 6)


@pytest.mark.parametrize("identity", [5, None])
def test_an_error_is_raised_at_the_one_who_asked(identity):
    reply = messages.error(identity, WattsealError("meter_exception", exception_code=2))
    with pytest.raises(WattsealError) as told:
        messages.read_reply(reply, 5)
    assert (told.value.name, told.value.code) == ("meter_exception", -32045)
    assert told.value.detail == {"exception_code": 2}


@pytest.mark.parametrize(
    "reply",
    [{}, {"id": 5}, {"id": 5, "result": None}, {"id": 6, "error": {"code": 1, "message": "x"}}],
)
def test_what_is_no_reply_to_the_request_is_refused(reply):
    with pytest.raises(WattsealError) as refused:
        messages.read_reply(reply, 5)
    assert refused.value.name == "invalid_request"


def test_a_request_is_no_reply():
    assert not messages.is_reply(GOOD)


MESSAGE = {"jsonrpc": "2.0", "id": 1, "method": "begin", "params": {"id_tag": 'a"b\\'}}
LINE = encode(MESSAGE)


def line_of(text: bytes) -> bytes:
    return text + b" %08x\n" % crc32(text)


def reasons(results: list) -> list[str]:
    return [result.reason for result in results]


def test_a_line_is_json_blank_checksum_newline():
    text, _, tail = LINE.rpartition(b" ")
    assert json.loads(text) == MESSAGE
    assert tail == b"%08x\n" % crc32(text)
    assert LINE.isascii()


@pytest.mark.parametrize("size", [1, 2, 7, len(LINE) // 2, len(LINE), 3 * len(LINE)])
def test_lines_arrive_in_pieces_of_any_size(size):
    stream = LINE * 3
    decoder = LineDecoder()
    results = []
    for at in range(0, len(stream), size):
        results += decoder.feed(stream[at : at + size])
    assert results == [MESSAGE] * 3


def test_a_line_is_complete_only_at_its_newline():
    decoder = LineDecoder()
    assert decoder.feed(LINE[:-1]) == []
    assert decoder.feed(b"\n") == [MESSAGE]


def test_a_carriage_return_before_the_newline_is_tolerated():
    assert LineDecoder().feed(LINE[:-1] + b"\r\n") == [MESSAGE]


@pytest.mark.parametrize("at", range(len(LINE) - 1))
def test_every_flipped_bit_is_noticed_and_the_next_line_is_read(at):
    for bit in range(8):
        bad = bytearray(LINE)
        bad[at] ^= 1 << bit
        results = LineDecoder().feed(bytes(bad) + LINE)
        assert results[-1] == MESSAGE
        assert len(results) >= 2
        assert all(isinstance(result, LinkError) for result in results[:-1])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\n", "no_crc"),
        (b"hello\n", "no_crc"),
        (b'{"a":1}\n', "no_crc"),
        (b'{"a":1} 0000000\n', "no_crc"),
        (LINE.upper(), "no_crc"),
        (b'{"a":1} 00000000\n', "bad_crc"),
        (b'{"a":\xc3\xbc} 00000000\n', "not_ascii"),
        (b"\t" + LINE, "not_ascii"),
        (b"\r" + LINE, "not_ascii"),
        (line_of(b'{"a":1.5}'), "bad_json"),
        (line_of(b'{"a":1,"a":1}'), "bad_json"),
        (line_of(b""), "bad_json"),
        (line_of(b"[]"), "not_an_object"),
        (line_of(b"7"), "not_an_object"),
    ],
)
def test_each_broken_line_gives_one_error_with_its_reason(line, reason):
    decoder = LineDecoder()
    assert reasons(decoder.feed(line)) == [reason]
    assert decoder.feed(LINE) == [MESSAGE]


def test_the_codes_are_those_of_json_rpc():
    assert LineDecoder().feed(b"\n")[0].code == -32700
    assert LineDecoder().feed(line_of(b"[]"))[0].code == -32600


def test_the_longest_line_is_read_and_one_byte_more_is_not():
    longest = encode({"a": "x" * (MAX_LINE_BYTES - 10 - len('{"a":""}'))})
    assert len(longest) == MAX_LINE_BYTES
    assert len(LineDecoder().feed(longest)[0]["a"]) > 4000
    with pytest.raises(LinkError) as refused:
        encode({"a": "x" * (MAX_LINE_BYTES - 9 - len('{"a":""}'))})
    assert refused.value.reason == "oversized"
    too_long = line_of(b'{"a":"' + b"x" * (MAX_LINE_BYTES - 9 - len('{"a":""}')) + b'"}')
    assert len(too_long) == MAX_LINE_BYTES + 1
    assert reasons(LineDecoder().feed(too_long)) == ["oversized"]


@pytest.mark.parametrize("piece", [1, 100, 5000, 100000])
def test_an_endless_line_gives_one_error_and_takes_bounded_memory(piece):
    decoder = LineDecoder()
    block = b"x" * piece
    results = []
    tracemalloc.start()
    for _ in range(1000000 // piece):
        results += decoder.feed(block)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reasons(results) == ["oversized"]
    assert held < 20000
    assert decoder.feed(b"\n" + LINE) == [MESSAGE]


def test_ten_thousand_random_lines_give_an_error_each():
    source = random.Random(20240229)
    decoder = LineDecoder()
    for _ in range(10000):
        noise = source.randbytes(source.randrange(60)).replace(b"\n", b"")
        results = decoder.feed(noise + b"\n")
        assert len(results) == 1
        assert isinstance(results[0], LinkError)
    assert decoder.feed(LINE) == [MESSAGE]


@pytest.mark.parametrize("value", [1.5, 2**53, "ü", b"x", {1: 2}])
def test_what_no_frame_can_carry_is_refused_when_writing(value):
    with pytest.raises(LinkError) as refused:
        encode({"a": value})
    assert refused.value.reason == "bad_json"


def test_every_error_can_be_answered_in_one_line():
    for line in (b"\n", b"x" * 5000 + b"\n", b"\xff\n", line_of(b"[")):
        error = LineDecoder().feed(line)[0]
        reply = LineDecoder().feed(encode(messages.error(None, error)))[0]
        with pytest.raises(WattsealError) as told:
            messages.read_reply(reply, 1)
        assert (told.value.name, told.value.detail) == (error.name, error.detail)
