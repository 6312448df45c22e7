"""The serve loop against hostile lines: one answer each, the state as before."""

import json
import random
from typing import Any

from app.link import IDLE_MS
from hypothesis import given, settings
from hypothesis import strategies as st
from support.app.bench import Bench
from wire.digests import crc32
from wire.messages import MAX_LINE_BYTES, decode, encode, request
from wire.methods import METHODS as METHOD_TABLE


def framed(text: bytes) -> bytes:
    return text + b" %08x\n" % crc32(text)


def error_of(bench: Bench, data: bytes) -> tuple[object, str]:
    """`(id, name)` of the one error reply to some bytes."""
    (reply,) = bench.exchange(data)
    return reply["id"], reply["error"]["data"]["name"]


def test_line_that_is_no_frame_is_answered() -> None:
    bench = Bench().boot()
    for line in (
        b"\n",
        b"\r\n",
        b"{}\n",
        b"hello\n",
        b'{"jsonrpc":"2.0","id":1,"method":"hello"} 00000000\n',
        b"\x00\xff\xfe\n",
        b"x" * 5000 + b"\n",
        framed(b'{"a":1.5}'),
        framed(b"[" * 50),
        framed(b'{"a":1,"a":2}'),
        framed(b'{"id":99999999999999999999}'),
    ):
        assert error_of(bench, line) == (None, "parse_error")
    assert error_of(bench, framed(b"[]")) == (None, "invalid_request")


def test_frame_that_is_no_request_is_answered_with_its_id() -> None:
    bench = Bench().boot()
    for text, expected in (
        (b"{}", (None, "invalid_request")),
        (b'{"jsonrpc":"2.0","method":"hello"}', (None, "invalid_request")),
        (b'{"jsonrpc":"2.0","id":null,"method":"hello"}', (None, "invalid_request")),
        (b'{"jsonrpc":"2.0","id":true,"method":"hello"}', (None, "invalid_request")),
        (b'{"jsonrpc":"1.0","id":3,"method":"hello"}', (3, "invalid_request")),
        (b'{"jsonrpc":"2.0","id":"a","method":7}', ("a", "invalid_request")),
        (b'{"jsonrpc":"2.0","id":4,"method":"hello","params":[]}', (4, "invalid_request")),
        (b'{"jsonrpc":"2.0","id":5,"method":"hello","extra":1}', (5, "invalid_request")),
        (b'{"jsonrpc":"2.0","id":6,"method":"__init__"}', (6, "unknown_method")),
        (b'{"jsonrpc":"2.0","id":7,"method":"hello","params":{"a":1}}', (7, "invalid_params")),
        (b'{"jsonrpc":"2.0","id":8,"method":"begin","params":{"id_tag":7}}', (8, "invalid_params")),
    ):
        assert error_of(bench, framed(text)) == expected


def test_text_outside_ascii_is_refused_and_not_quoted() -> None:
    bench = Bench().boot()
    for text in (
        rb'{"jsonrpc":"2.0","id":1,"method":"hall\u00f6chen"}',
        rb'{"jsonrpc":"2.0","id":1,"method":"hello","params":{"\u00f6":1}}',
        rb'{"jsonrpc":"2.0","id":1,"method":"begin","params":{"id_tag":"\u20ac"}}',
        rb'{"jsonrpc":"2.0","id":1,"method":"begin","params":{"id_tag":"\u0000\u007f"}}',
        rb'{"jsonrpc":"2.0","id":1,"\u00f6":1}',
    ):
        identity, name = error_of(bench, framed(text))
        assert identity in (1, None)
        assert name in ("unknown_method", "invalid_params", "invalid_request", "parse_error")


def test_id_that_cannot_be_echoed_is_refused_before_anything_is_done() -> None:
    bench = Bench().set_up()
    for identity in (rb"\u00f6", rb"\u007f", rb"\n", rb"a\u0000"):
        line = framed(b'{"jsonrpc":"2.0","id":"%s","method":"begin"}' % identity)
        assert error_of(bench, line) == (None, "invalid_request")
    assert bench.call("status")["session"] is None


def test_reply_of_another_module_is_not_answered() -> None:
    bench = Bench().boot()
    (hello,) = bench.exchange(encode({"jsonrpc": "2.0", "id": 1, "method": "hello"}))
    assert bench.exchange(encode(hello)) == []
    assert bench.exchange(encode({"jsonrpc": "2.0", "id": None, "error": {}})) == []


def test_request_in_pieces_is_one_request() -> None:
    bench = Bench().boot()
    line = encode({"jsonrpc": "2.0", "id": 9, "method": "hello"})
    for index in range(len(line) - 1):
        assert bench.exchange(line[index : index + 1]) == []
    (reply,) = bench.exchange(line[-1:])
    assert reply["id"] == 9


def test_many_lines_at_once_are_answered_in_order() -> None:
    bench = Bench().boot()
    lines = [encode({"jsonrpc": "2.0", "id": number, "method": "hello"}) for number in range(40)]
    assert [reply["id"] for reply in bench.exchange(b"".join(lines))] == list(range(40))


def test_line_is_found_again_after_an_oversized_one() -> None:
    bench = Bench().boot()
    hello = encode({"jsonrpc": "2.0", "id": 1, "method": "hello"})
    replies = bench.exchange(b"a" * (3 * MAX_LINE_BYTES) + b"\n" + hello)
    assert [reply["id"] for reply in replies] == [None, 1]


def test_ten_thousand_random_lines_change_nothing() -> None:
    bench = Bench().set_up()
    bench.call("begin")
    before, status = bench.core.snapshot(), bench.call("status")
    dice = random.Random(2)
    lines = []
    for number in range(10_000):
        line = bytearray(encode({"jsonrpc": "2.0", "id": number, "method": "end"}))
        if number % 2:
            line = bytearray(dice.randbytes(dice.randrange(120)).replace(b"\n", b"")) + b"\n"
        else:
            line[dice.randrange(len(line) - 11)] ^= 1 << dice.randrange(7)
        lines.append(bytes(line))
    data = b"".join(lines)
    replies = bench.exchange(data)
    assert len(replies) == data.count(b"\n")
    assert all("error" in reply for reply in replies)
    assert bench.core.snapshot() == before
    after = bench.call("status")
    for moving in ("uptime_ms", "clock"):
        del after[moving], status[moving]
    assert after == status


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=50),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
METHODS = st.sampled_from([row[0] for row in METHOD_TABLE])


@settings(max_examples=200, deadline=None)
@given(METHODS, st.dictionaries(st.text(max_size=12), VALUES, max_size=4), VALUES)
def test_hostile_params_are_answered(method: str, params: dict, identity: object) -> None:
    bench = Bench().boot()
    message = {"jsonrpc": "2.0", "id": identity, "method": method, "params": params}
    text = json.dumps(message).encode()
    if len(text) > 3000 or b"\x7f" in text:
        return
    (reply,) = bench.exchange(framed(text))
    assert ("result" in reply) != ("error" in reply)
    if "error" in reply:
        assert reply["error"]["data"]["name"] != "internal_error"


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_give_one_answer_a_line(data: bytes) -> None:
    bench = Bench().boot()
    assert len(bench.exchange(data)) == data.count(b"\n")


def test_quiet_link_lets_the_module_see_to_itself() -> None:
    bench = Bench().set_up()
    start_us = bench.port.us
    bench.server.serve_once()
    assert bench.port.us - start_us >= IDLE_MS * 1000


def test_trouble_while_idle_does_not_stop_the_loop() -> None:
    bench = Bench().set_up()

    def broken() -> None:
        raise MemoryError

    bench.module.idle = broken  # type: ignore[method-assign]
    bench.idle(3)
    assert bench.call("hello")["product"] == "wattseal"
    assert bench.all_events()[-1]["detail"]["error"] == "internal_error"


def test_reply_that_memory_does_not_suffice_for_is_an_error_reply(monkeypatch) -> None:
    bench = Bench().set_up()

    def broken(*_: object) -> dict:
        raise MemoryError

    monkeypatch.setattr("app.link._reply_to", broken)
    assert error_of(bench, encode({"jsonrpc": "2.0", "id": 1, "method": "hello"})) == (
        None,
        "internal_error",
    )
    monkeypatch.undo()
    assert bench.call("hello")["product"] == "wattseal"


def test_requests_of_a_host_that_fetches_nothing_wait_and_the_module_goes_on() -> None:
    """What it did not fetch is not cut, and idle work and watchdog do not wait for it."""
    bench = Bench().boot()
    idled: list[int] = []
    bench.module.idle = lambda: idled.append(bench.port.us)
    lines = b"".join(encode(request(number, "hello")) for number in range(1, 20))
    bench.link.room = False
    bench.link.send(lines)
    feedings = bench.port.feedings
    for _ in range(60):
        bench.server.serve_once()
    assert bench.link.sent == b""
    assert len(idled) == 60
    assert idled[-1] - idled[0] == 59 * IDLE_MS * 1000
    assert bench.port.feedings >= feedings + 60
    bench.link.room = True
    while not bench.link.is_drained:
        bench.server.serve_once()
    replies = bytes(bench.link.sent).splitlines()
    assert [decode(reply)["id"] for reply in replies] == list(range(1, 20))


def test_room_that_ends_among_requests_of_one_piece_cuts_none(monkeypatch: Any) -> None:
    bench = Bench().boot()
    write = bench.link.write

    def fill(data: bytes) -> None:
        write(data)
        bench.link.room = False

    monkeypatch.setattr(bench.link, "write", fill)
    bench.link.send(b"".join(encode(request(number, "hello")) for number in range(1, 4)))
    for answered in range(1, 4):
        for _ in range(3):
            bench.server.serve_once()
        assert bench.link.sent.count(b"\n") == answered
        bench.link.room = True
    ids = [decode(reply)["id"] for reply in bytes(bench.link.sent).splitlines()]
    assert ids == [1, 2, 3]
