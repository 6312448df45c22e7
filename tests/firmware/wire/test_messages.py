import pytest
from wattseal.wire import messages
from wattseal.wire.errors import WattsealError

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
