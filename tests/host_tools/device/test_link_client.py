"""The host's end of the link with a module whose replies are lost, in virtual time."""

import pytest
from support.device import fake_module as faults
from support.device.direct_link import DirectTransport
from support.device.fake_module import FakeModule
from wattseal.common.errors import ToolError
from wattseal.device import link as link_module
from wattseal.device.link import (
    ATTEMPTS,
    QUICK_METHODS,
    QUICK_TIMEOUT_S,
    REPEATABLE_METHODS,
    WORKING_TIMEOUT_S,
    LinkClient,
    LinkCodec,
    ReplyLostError,
)
from wattseal.wire import messages
from wattseal.wire.errors import WattsealError
from wattseal.wire.methods import METHODS


@pytest.fixture
def module() -> FakeModule:
    return FakeModule()


@pytest.fixture
def transport(module: FakeModule) -> DirectTransport:
    return DirectTransport(module)


@pytest.fixture
def link(transport: DirectTransport) -> LinkClient:
    return LinkClient(transport, now_s=transport.clock_s)


def test_silent_module_is_given_up_after_the_time_out(
    module: FakeModule, transport: DirectTransport, link: LinkClient
) -> None:
    module.faults["status"] = [faults.silence] * ATTEMPTS
    with pytest.raises(ToolError, match="did not answer status within 5 s") as caught:
        link.call("status")
    assert caught.value.name == "no_reply"
    assert transport.now_s == 1000 + ATTEMPTS * QUICK_TIMEOUT_S


@pytest.mark.parametrize(
    "fault", [faults.silence, faults.garbage, faults.wrong_crc, faults.wrong_id, faults.endless]
)
def test_a_method_that_changes_nothing_is_asked_again(
    module: FakeModule, link: LinkClient, fault: faults.Fault
) -> None:
    module.faults["status"] = [fault]
    assert link.call("status")["state"] == "operational"
    assert module.calls == ["status", "status"]


@pytest.mark.parametrize(
    "fault", [faults.silence, faults.garbage, faults.wrong_crc, faults.wrong_id, faults.endless]
)
def test_a_method_that_changes_something_is_never_asked_again(
    module: FakeModule, transport: DirectTransport, link: LinkClient, fault: faults.Fault
) -> None:
    module.faults["begin"] = [fault]
    with pytest.raises(ReplyLostError):
        link.call("begin")
    assert module.calls == ["begin"]
    assert transport.now_s >= 1000 + WORKING_TIMEOUT_S


@pytest.mark.parametrize("fault", [faults.garbage, faults.wrong_crc, faults.endless])
def test_damaged_lines_are_told_from_silence(
    module: FakeModule, link: LinkClient, fault: faults.Fault
) -> None:
    module.faults["status"] = [fault] * ATTEMPTS
    with pytest.raises(ToolError, match="damaged line") as caught:
        link.call("status")
    assert caught.value.name == "no_clean_reply"


@pytest.mark.parametrize("fault", [faults.garbage_before, faults.in_pieces])
def test_the_right_reply_is_found_among_noise_and_in_pieces(
    module: FakeModule, link: LinkClient, fault: faults.Fault
) -> None:
    module.faults["status"] = [fault]
    assert link.call("status")["state"] == "operational"
    assert module.calls == ["status"]


def test_a_reply_that_comes_late_does_not_answer_the_next_request(
    module: FakeModule, link: LinkClient
) -> None:
    late: list[bytes] = []

    def hold_back(_method: str, lines: list[bytes]) -> list[bytes]:
        late.extend(lines)
        return []

    def after_the_late_one(_method: str, lines: list[bytes]) -> list[bytes]:
        return late + lines

    module.faults["self_test"] = [hold_back] * ATTEMPTS
    module.faults["public_key"] = [after_the_late_one]
    with pytest.raises(ToolError, match="did not answer"):
        link.call("self_test")
    assert "public_key" in link.call("public_key")


def test_a_refusal_is_an_error_at_once(
    module: FakeModule, transport: DirectTransport, link: LinkClient
) -> None:
    module.refuse["status"] = WattsealError("meter_exception", exception=2)
    with pytest.raises(ToolError, match=r"refused the request.*\(exception: 2\)") as caught:
        link.call("status")
    assert caught.value.name == "meter_exception"
    assert caught.value.detail == {"exception": 2}
    assert module.calls == ["status"]
    assert transport.now_s < 1001


def test_an_error_that_our_table_does_not_know_is_shown_as_told(
    module: FakeModule, link: LinkClient
) -> None:
    def future(_method: str, lines: list[bytes]) -> list[bytes]:
        identity = messages.decode(lines[0].rstrip())["id"]
        error = {"code": -32999, "message": "It is dusty.", "data": {"name": "dusty"}}
        return [messages.encode({"jsonrpc": "2.0", "id": identity, "error": error})]

    module.faults["status"] = [future]
    with pytest.raises(ToolError, match="It is dusty") as caught:
        link.call("status")
    assert caught.value.name == "dusty"


def unreadable(_method: str, _lines: list[bytes]) -> list[bytes]:
    """The module's answer to a line that reached it damaged."""
    return [messages.encode(messages.error(None, WattsealError("parse_error")))]


def test_a_request_that_the_module_could_not_read_is_not_waited_for(
    module: FakeModule, transport: DirectTransport, link: LinkClient
) -> None:
    module.faults["status"] = [unreadable]
    assert link.call("status")["state"] == "operational"
    module.faults["begin"] = [unreadable]
    with pytest.raises(ReplyLostError, match="could not read the request begin"):
        link.call("begin")
    assert transport.now_s < 1001


def test_a_port_that_does_not_come_back_is_lost(
    module: FakeModule,
    transport: DirectTransport,
    link: LinkClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link_module, "PORT_BACK_S", 10.0)
    module.faults["status"] = [faults.unplug]
    for _ in range(2):
        with pytest.raises(ToolError, match="The connection to direct broke: unplugged") as caught:
            link.call("status")
        assert caught.value.name == "port_lost"
    assert module.calls == ["status"]
    assert 1020 <= transport.now_s < 1021, "ten seconds each time"


def test_what_may_be_repeated_is_asked_again_on_a_port_that_comes_back(
    module: FakeModule, transport: DirectTransport, link: LinkClient
) -> None:
    transport.comes_back = True
    link.synchronise()
    module.faults["status"] = [faults.unplug]
    assert link.call("status")["state"] == "operational"
    assert module.calls == ["hello", "status", "hello", "status"]
    assert transport.now_s < 1002


def test_a_port_that_breaks_again_and_again_is_given_up(
    module: FakeModule, transport: DirectTransport, link: LinkClient
) -> None:
    transport.comes_back = True
    module.faults["status"] = [faults.unplug] * ATTEMPTS
    with pytest.raises(ToolError) as caught:
        link.call("status")
    assert caught.value.name == "port_lost"
    assert module.calls.count("status") == ATTEMPTS
    module.faults["hello"] = [faults.unplug]
    with pytest.raises(ToolError) as caught:
        link.call("status")
    assert caught.value.name == "port_lost"
    assert link.call("status")["state"] == "operational"


def test_what_changes_something_is_of_unknown_outcome_when_the_port_goes(
    module: FakeModule, transport: DirectTransport, link: LinkClient
) -> None:
    transport.comes_back = True
    link.synchronise()
    module.faults["set_time"] = [faults.unplug]
    now = {"unix_ms": 1_772_362_800_000, "utc_offset_min": 60, "source": "informative"}
    with pytest.raises(ReplyLostError, match="unplugged"):
        link.call("set_time", now)
    assert module.calls == ["hello", "set_time"]
    assert link.call("status")["state"] == "operational"
    assert link.call("set_time", now)["synchronisation"] == "I"


def test_another_module_behind_the_same_port_is_not_taken_for_the_first(
    module: FakeModule, transport: DirectTransport, link: LinkClient
) -> None:
    transport.comes_back = True
    link.synchronise()
    module.faults["status"] = [faults.unplug]
    module.hello_changes = {"chip_id": "00" * 8}
    for _ in range(2):
        with pytest.raises(ToolError, match="another module"):
            link.call("status")
    assert "status" not in module.calls[2:]


def test_synchronising_ends_a_line_that_another_program_left_half_sent(
    module: FakeModule, transport: DirectTransport, link: LinkClient
) -> None:
    transport.write(b'{"jsonrpc":"2.0","id":7,"method":"beg')
    assert link.synchronise()["product"] == "wattseal"
    assert module.calls == ["hello"]
    assert transport.now_s < 1001


def test_complaint_and_reply_may_come_in_one_piece(
    module: FakeModule, transport: DirectTransport, link: LinkClient
) -> None:
    def at_once(_method: str, lines: list[bytes]) -> list[bytes]:
        return [b"".join(transport.take() + lines)]

    module.faults["hello"] = [at_once]
    assert link.synchronise()["product"] == "wattseal"
    assert module.calls == ["hello"]


def test_ids_of_two_programs_differ() -> None:
    first = {LinkCodec().request("hello", {}) for _ in range(20)}
    assert len(first) > 15


@pytest.mark.parametrize("size", [1, 2, 7, 4096])
def test_codec_takes_replies_in_any_pieces(size: int) -> None:
    codec = LinkCodec(first_id=41)
    request = messages.decode(codec.request("hello", {}).rstrip())
    assert request == {"jsonrpc": "2.0", "id": 42, "method": "hello"}
    stream = messages.encode(messages.result(41, {"a": 1})) + b"\x80noise\n"
    stream += messages.encode(messages.result(42, {"a": 2}))
    replies = [codec.feed(stream[at : at + size]) for at in range(0, len(stream), size)]
    assert [reply.fields for some in replies for reply in some] == [{"a": 2}]
    assert (codec.stale_replies, codec.damaged_lines) == (1, 1)


def test_what_no_frame_can_carry_is_refused_before_it_is_sent(
    transport: DirectTransport, link: LinkClient
) -> None:
    for params in ({"id_tag": "x" * 5000}, {"id_tag": "Jürgen"}, {"energy": 0.5}):
        with pytest.raises(ToolError):
            link.call("begin", params)
    assert transport.written == b""


def test_every_method_is_known_to_be_for_once_or_repeatable() -> None:
    names = {row[0] for row in METHODS}
    once = {
        "begin", "intermediate", "end", "set_time", "seal", "unseal", "archive_events",
        "decommission", "enter_boot_loader", "cancel_update", "close_session", "accept_meter",
    }  # fmt: skip
    assert names == REPEATABLE_METHODS | once
    assert not REPEATABLE_METHODS & once
    assert names > QUICK_METHODS
    assert not QUICK_METHODS & once
