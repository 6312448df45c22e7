"""JSON-RPC 2.0 messages of the link: building and reading requests and replies.

A request holds `jsonrpc`, `id` (an integer or a text of at most 40 characters), `method` and,
unless the method takes none, `params` (an object). There are no notifications and no batches.
An error reply is

    {"jsonrpc":"2.0","id":7,"error":{"code":-32003,"message":"No session is open.",
     "data":{"name":"no_session","remedy":"Begin a session first.","detail":{}}}}

and its id is null when the request was too broken to have one.
"""

from .errors import WattsealError, from_wire
from .shapes import JsonObject

PROTOCOL_VERSION = 1
"""Counted up when an older peer could misunderstand; not the software's version."""

MAX_ID_CHARACTERS = 40

_REQUEST_KEYS = ("jsonrpc", "id", "method", "params")


def request(number: int, method: str, params: JsonObject | None = None) -> JsonObject:
    """A request for a method, its params as check_params wants them."""
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
    """Whether a message is a reply; a module never answers one, or two modules could chatter."""
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
