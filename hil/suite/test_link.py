"""Hostile input on the link: an error reply for each line, and nothing changes."""

import contextlib
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from wattseal.device import session
from wattseal.device.device import Device
from wattseal.device.link import LinkClient, SerialTransport
from wattseal.wire import messages
from wattseal.wire.digests import crc32
from wattseal.wire.messages import MAX_LINE_BYTES, encode

from hil.flash import FlashOperation
from hil.suite.module import Module
from hil.targets.open import kind_of
from hil.targets.rp2040 import Rp2040Rig

pytestmark = pytest.mark.each_link

PARSE_ERROR, INVALID_REQUEST, UNKNOWN_METHOD, INVALID_PARAMS = -32700, -32600, -32601, -32602

# An emulated module takes half a second of wall time for an answer, and a board a fiftieth.
RANDOM_LINES = {"unix": 10_000, "rp2040": 100, "serial": 1_000}
RANDOM_LINES_OF_ALL = 2_000

UNCHANGED = ("state", "cause", "key_number", "missing", "session", "journal")


def framed(text: str | bytes) -> bytes:
    """A line with a right checksum over whatever text."""
    data = text if isinstance(text, bytes) else text.encode()
    return data + b" %08x\n" % crc32(data)


def request(**changes: Any) -> bytes:
    return framed(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "hello", **changes}))


def what_must_not_change(module: Module) -> tuple[Any, ...]:
    status = module.status()
    known = {name: status[name] for name in UNCHANGED}
    settings = module.client.call("configure")["settings"]
    return known, settings, module.client.call("public_key")


HOSTILE = {
    "empty": (b"\n", PARSE_ERROR),
    "no checksum": (b'{"jsonrpc":"2.0","id":1,"method":"hello"}\n', PARSE_ERROR),
    "wrong checksum": (request()[:-2] + b"0\n", PARSE_ERROR),
    "checksum in capitals": (
        framed('{"jsonrpc":"2.0","id":1,"method":"status"}').upper(),
        PARSE_ERROR,
    ),
    "oversized": (b"x" * (MAX_LINE_BYTES + 1) + b"\n", PARSE_ERROR),
    "oversized request": (
        request(method="x" * MAX_LINE_BYTES),
        PARSE_ERROR,
    ),
    "bytes outside ascii": (framed(b'{"jsonrpc":"2.0","id":1,"method":"\xc3\xa4"}'), PARSE_ERROR),
    "control characters": (b"\x00\x01\x02\x03\x04\x7f\n", PARSE_ERROR),
    "no json": (framed("begin"), PARSE_ERROR),
    "cut json": (framed('{"jsonrpc":"2.0","id":1'), PARSE_ERROR),
    "deep json": (framed("[" * 500 + "]" * 500), PARSE_ERROR),
    "a float": (framed('{"jsonrpc":"2.0","id":1,"method":"hello","x":1.5}'), PARSE_ERROR),
    "a list": (framed("[]"), INVALID_REQUEST),
    "a number": (framed("7"), INVALID_REQUEST),
    "an empty object": (framed("{}"), INVALID_REQUEST),
    "another version": (request(jsonrpc="1.0"), INVALID_REQUEST),
    "no id": (framed('{"jsonrpc":"2.0","method":"hello"}'), INVALID_REQUEST),
    "an id of the wrong type": (request(id=[1]), INVALID_REQUEST),
    "a member too many": (request(extra=1), INVALID_REQUEST),
    "params of the wrong type": (request(params=[1]), INVALID_REQUEST),
    "a method of the wrong type": (request(method=7), INVALID_REQUEST),
    "an unknown method": (request(method="key_create"), UNKNOWN_METHOD),
    "an unknown param": (request(method="begin", params={"user": "x"}), INVALID_PARAMS),
    "a param of the wrong type": (request(method="begin", params={"id_tag": 7}), INVALID_PARAMS),
    "a bool for an int": (request(method="records", params={"from": True}), INVALID_PARAMS),
    "an int beyond its limit": (request(method="records", params={"to": 0}), INVALID_PARAMS),
    "a text with a bar": (request(method="begin", params={"id_tag": "a|b"}), INVALID_PARAMS),
    "a tag too long": (request(method="begin", params={"id_tag": "a" * 41}), INVALID_PARAMS),
}  # fmt: skip


def test_a_hostile_line_gets_its_error_and_the_next_request_its_answer(module: Module) -> None:
    before = what_must_not_change(module)
    for name, (line, code) in HOSTILE.items():
        reply = module.client.exchange(line)
        assert reply["error"]["code"] == code, name
        assert reply["error"]["message"], name
        assert reply["error"]["data"]["remedy"], name
        assert module.client.call("hello")["product"] == "wattseal", name
        assert module.client.unasked() == b"", name
    assert what_must_not_change(module) == before


def test_a_reply_is_never_answered(module: Module) -> None:
    module.client.send(framed('{"jsonrpc":"2.0","id":5,"result":{}}'))
    hello = module.client.call("hello")  # it would have been answered before this
    assert hello["product"] == "wattseal"
    assert module.client.unasked() == b""


def test_a_carriage_return_before_the_line_feed_is_tolerated(module: Module) -> None:
    line = encode(messages.request(9, "hello"))
    assert module.client.exchange(line[:-1] + b"\r\n")["id"] == 9


def random_lines(generator: random.Random, count: int) -> Iterator[bytes]:
    """Noise, and good requests with a few bytes changed, cut or doubled; none is a good request."""
    good = [
        encode(messages.request(1, "begin", {"id_tag": "1F2D3A4F5506C7"})),
        encode(messages.request(2, "release", {"through": 1})),
        encode(messages.request(3, "configure", {"gateway_id": "x", "meter_unit": 2})),
    ]
    while count:
        if generator.random() < 0.5:
            line = generator.randbytes(generator.randrange(0, 300))
        else:
            damaged = bytearray(generator.choice(good)[:-1])
            for _ in range(generator.randrange(1, 5)):
                damaged[generator.randrange(len(damaged))] = generator.randrange(256)
            whole = generator.random() < 0.7
            line = bytes(damaged if whole else damaged[: generator.randrange(len(damaged))])
        line = line.replace(b"\n", b" ") + b"\n"
        if line not in good:
            count -= 1
            yield line


def test_random_lines_get_an_error_each_and_change_nothing(
    module: Module, target: str, pytestconfig: pytest.Config
) -> None:
    count = RANDOM_LINES[kind_of(target)]
    if pytestconfig.getoption("--all"):
        count = max(count, RANDOM_LINES_OF_ALL)
    generator = random.Random(20260301)
    before = what_must_not_change(module)
    for line in random_lines(generator, count):
        reply = module.client.exchange(line)
        assert "error" in reply, line
        assert reply["id"] is None
    assert what_must_not_change(module) == before
    assert module.client.unasked() == b""


@pytest.mark.needs("flash")
def test_hostile_lines_write_nothing_to_flash(module: Module) -> None:
    facts = what_must_not_change(module)
    before = len(module.rig.flash_operations())
    for line, code in HOSTILE.values():
        if code != INVALID_PARAMS:
            module.client.exchange(line)
    # Between two lines the module may erase ahead, whatever the lines are.
    done = module.rig.flash_operations()[before:]
    assert [operation for operation in done if operation.kind != "erase"] == []
    assert what_must_not_change(module) == facts


ERASE_LIMIT_S = 2.5
REPLY_LIMIT_S = 5
SESSIONS_TO_AN_ERASE = 8


class LineInAnErase:
    """A port whose next `begin` reaches the module while it erases a sector, if it does so idle."""

    def __init__(self, rig: Rp2040Rig, port: SerialTransport) -> None:
        self._rig = rig
        self._port = port
        self.was_in_an_erase = False
        self.times_sent = 0

    def write(self, data: bytes) -> None:
        """Send the bytes; those of a `begin` in the next erase, or when none has come in time."""
        is_begin = b'"method":"begin"' in data
        self.times_sent += is_begin
        if not is_begin or self.was_in_an_erase or not self._sent_in_an_erase(data):
            self._port.write(data)

    def read(self, timeout_s: float) -> bytes:
        """Bytes as they come; the client's time-outs are in the module's time."""
        return self._port.read(min(timeout_s, 0.2))

    def reopen(self, timeout_s: float) -> bool:
        """Open the port again, as the port does itself."""
        return self._port.reopen(timeout_s)

    def _sent_in_an_erase(self, data: bytes) -> bool:
        desk = self._rig.desk

        def send(operation: FlashOperation) -> None:
            if operation.kind == "erase" and not self.was_in_an_erase:
                self.was_in_an_erase = True
                desk.link.send(data)

        self._rig.call(lambda: setattr(desk, "cut_policy", send))
        with contextlib.suppress(TimeoutError):
            self._rig.run_until(lambda: self.was_in_an_erase, ERASE_LIMIT_S)
        self._rig.call(lambda: setattr(desk, "cut_policy", lambda _: None))
        return self.was_in_an_erase


@pytest.mark.needs("uart")
def test_a_request_that_an_erase_swallows_is_sent_again(own_module: Module) -> None:
    """A UART loses bytes while flash is erased: interrupts are off, and it keeps 32 of them."""
    rig = own_module.rig
    assert isinstance(rig, Rp2040Rig)
    own_module.client.close()
    with SerialTransport(rig.port) as port:
        line = LineInAnErase(rig, port)
        device = Device(LinkClient(line, REPLY_LIMIT_S, now_s=lambda: rig.now_ns() / 1e9))
        for number in range(SESSIONS_TO_AN_ERASE):
            signed = session.begin(device)
            assert (signed.record.pagination, signed.was_recovered) == (2 * number + 1, False)
            if line.was_in_an_erase:
                break
            session.end(device, "E", signed.record)
        assert line.times_sent == number + 2  # once more than there are begin records
        session.end(device, "E", signed.record)
    own_module.reconnect()
    assert own_module.newest_pagination() == 2 * number + 2
