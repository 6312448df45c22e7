"""Messages of the link, JSON-RPC 2.0: requests and replies, each a line with a checksum.

    {"jsonrpc":"2.0","id":1,"method":"hello"} 5c0a1e52\n

A line is a frame: a JSON object in printable ASCII, one blank, the CRC-32 of the JSON bytes as
eight lowercase hexadecimal digits, and a line feed (a carriage return before it is tolerated): at
most MAX_LINE_BYTES in all. Every line gives exactly one result, an empty one too, so that a sender
always gets an answer; the decoder finds its way back at each line feed.

A request holds `jsonrpc`, `id` (an integer or a text of at most 40 characters), `method` and,
unless the method takes none, `params` (an object). There are no notifications and no batches.
An error reply is

    {"jsonrpc":"2.0","id":7,"error":{"code":-32003,"message":"No session is open.",
     "data":{"name":"no_session","remedy":"Begin a session first.","detail":{}}}}

and its id is null when the request was too broken to have one.
"""

from . import strict_json
from .digests import crc32
from .errors import WattsealError, from_wire
from .shapes import JsonObject

PROTOCOL_VERSION = 2
"""Counted up when an older peer could misunderstand; not the software's version."""

MAX_ID_CHARACTERS = 40

_REQUEST_KEYS = ("jsonrpc", "id", "method", "params")

MAX_LINE_BYTES = 4096

_TAIL_BYTES = 9  # the blank and the checksum

REASONS = {
    "oversized": "the line is longer than 4096 bytes",
    "not_ascii": "the line holds a byte that is not printable ASCII",
    "no_crc": "the line does not end in a blank and eight lowercase hexadecimal digits",
    "bad_crc": "the checksum is not that of the JSON text",
    "bad_json": "the JSON text is malformed or outside what the link allows",
    "not_an_object": "the JSON value is not an object",
}


class LinkError(WattsealError):
    """A line that is not a frame; `reason` is one of the keys of the table above."""

    def __init__(self, reason: str, explanation: str = ""):
        name = "invalid_request" if reason == "not_an_object" else "parse_error"
        super().__init__(name, reason=reason, explanation=explanation or REASONS[reason])
        self.reason = reason


def encode(message: JsonObject) -> bytes:
    """The line of a message, line feed included.

    LinkError `oversized` if the line is too long, `not_ascii` or `bad_json` if the message holds
    what no frame can carry (floats, integers beyond 2**53-1, text outside ASCII).
    """
    try:
        text = strict_json.dumps(message)
    except strict_json.JsonError as problem:
        raise LinkError("bad_json", str(problem)) from None
    if len(text) + _TAIL_BYTES + 1 > MAX_LINE_BYTES:
        raise LinkError("oversized")
    return text + b" %08x\n" % crc32(text)


def decode(line: bytes) -> JsonObject:
    """The message of one line without its line feed; LinkError if it is not a frame."""
    if line and not 0x20 <= min(line) <= max(line) <= 0x7E:
        raise LinkError("not_ascii")
    text, tail = line[:-_TAIL_BYTES], line[-_TAIL_BYTES:]
    if b" %08x" % crc32(text) != tail:
        raise LinkError("bad_crc" if _is_tail(tail) else "no_crc")
    try:
        message = strict_json.loads(text)
    except strict_json.JsonError as problem:
        raise LinkError("bad_json", str(problem)) from None
    if not isinstance(message, dict):
        raise LinkError("not_an_object")
    return message


def _is_tail(tail: bytes) -> bool:
    """Whether it has the form of a tail; the right one has."""
    is_whole = len(tail) == _TAIL_BYTES and tail[0] == 0x20
    return is_whole and all(digit in b"0123456789abcdef" for digit in tail[1:])


class LineDecoder:
    """Cuts a byte stream into frames; holds at most one line, whatever it is fed."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[JsonObject | LinkError]:
        """What the bytes completed, in order: a dict for a frame, a LinkError for any other line.

        An oversized line gives its one error as soon as it is too long; the rest of it is dropped.
        """
        results: list[JsonObject | LinkError] = []
        start = 0
        while start < len(data):
            end = data.find(b"\n", start)
            stop = len(data) if end < 0 else end
            self._take(data, start, stop, results)
            if end < 0:
                break
            if not self._skipping:
                results.append(self._finish())
            self._skipping = False
            start = end + 1
        return results

    def _take(
        self, data: bytes, start: int, stop: int, results: list[JsonObject | LinkError]
    ) -> None:
        """Add bytes of one line to the buffer, or drop them when the line is too long."""
        if self._skipping:
            return
        if len(self._line) + stop - start > MAX_LINE_BYTES - 1:
            self._line = bytearray()
            self._skipping = True
            results.append(LinkError("oversized"))
            return
        self._line.extend(data[start:stop])

    def _finish(self) -> JsonObject | LinkError:
        """The result of the line in the buffer, which is emptied."""
        line = bytes(self._line)
        self._line = bytearray()
        if line[-1:] == b"\r":
            line = line[:-1]
        try:
            return decode(line)
        except LinkError as problem:
            return problem


def request(number: int, method: str, params: JsonObject | None = None) -> JsonObject:
    """A request for a method, its params as `check_params` requires them."""
    message = {"jsonrpc": "2.0", "id": number, "method": method}
    if params:
        message["params"] = params
    return message


def result(request_id: int | str, fields: JsonObject) -> JsonObject:
    """The reply of a method that succeeded."""
    return {"jsonrpc": "2.0", "id": request_id, "result": fields}


def error(request_id: int | str | None, cause: WattsealError) -> JsonObject:
    """The reply of a method that was refused, or (id None) to a line that is no request."""
    return {
        "jsonrpc": "2.0",
        "id": request_id,
        "error": {
            "code": cause.code,
            "message": cause.sentence,
            "data": {"name": cause.name, "remedy": cause.remedy, "detail": cause.detail},
        },
    }


def request_id(message: JsonObject) -> int | str | None:
    """The id to answer with, None if the message has no usable one."""
    found = message.get("id")
    if type(found) is int or (isinstance(found, str) and len(found) <= MAX_ID_CHARACTERS):
        return found
    return None


def read_request(message: JsonObject) -> tuple[int | str, str, JsonObject]:
    """`(id, method, params)` of a request; WattsealError `invalid_request` naming the member."""
    for key in message:
        if key not in _REQUEST_KEYS:
            raise WattsealError("invalid_request", member=key[:40], problem="unknown")
    if message.get("jsonrpc") != "2.0":
        raise WattsealError("invalid_request", member="jsonrpc", problem='not "2.0"')
    identity = request_id(message)
    if identity is None:
        raise WattsealError("invalid_request", member="id", problem="no integer or short text")
    method = message.get("method")
    if not isinstance(method, str):
        raise WattsealError("invalid_request", member="method", problem="no text")
    params = message.get("params", {})
    if not isinstance(params, dict):
        raise WattsealError("invalid_request", member="params", problem="no object")
    return identity, method, params


def is_reply(message: JsonObject) -> bool:
    """Whether a message is a reply; a module answers none, or two modules would never stop."""
    return "method" not in message and ("result" in message or "error" in message)


def read_reply(message: JsonObject, expected_id: int | str) -> JsonObject:
    """The result fields of the reply to a request; raises the WattsealError that it carries.

    WattsealError `invalid_request` if the message is no reply to that request. A reply to a line
    that the module could not read has id null and is taken as the answer.
    """
    failure = message.get("error")
    if isinstance(failure, dict) and message.get("id") in (expected_id, None):
        raise _read_error(failure)
    if message.get("id") != expected_id:
        raise WattsealError("invalid_request", member="id", problem="not that of the request")
    fields = message.get("result")
    if not isinstance(fields, dict):
        raise WattsealError("invalid_request", member="result", problem="no object")
    return fields


def _read_error(failure: JsonObject) -> WattsealError:
    data = failure.get("data")
    data = data if isinstance(data, dict) else {}
    detail = data.get("detail")
    return from_wire(
        failure.get("code", 0),
        str(data.get("name", "unknown")),
        str(failure.get("message", "")),
        str(data.get("remedy", "")),
        detail if isinstance(detail, dict) else {},
    )
