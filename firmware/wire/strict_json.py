"""The JSON of the link, with the same verdict on both interpreters.

MicroPython's `json.loads` takes what CPython's refuses and both take what we must not: trailing
text, duplicate keys, floats, integers of any size, nesting of any depth. This parser takes ASCII
JSON of objects, arrays, strings, true, false, null and integers within +-(2**53-1), at most
MAX_DEPTH deep, with each key once. RFC 8259 is the grammar.
"""

import json

from .shapes import Json, JsonObject

try:
    from _wattseal import json_text  # type: ignore[import-not-found, unused-ignore]
except ImportError:

    def json_text(value: object) -> bytes | None:  # noqa: ARG001
        """Where there is no core: None, for Python to write the text."""
        return None


MAX_DEPTH = 6
MAX_INTEGER = (1 << 53) - 1
"""The largest integer that every JSON parser in the field keeps exactly."""

_ESCAPES = {
    0x22: '"',
    0x5C: "\\",
    0x2F: "/",
    0x62: "\b",
    0x66: "\f",
    0x6E: "\n",
    0x72: "\r",
    0x74: "\t",
}
_WORDS = ((b"true", True), (b"false", False), (b"null", None))


class JsonError(ValueError):
    """The text is not the JSON of the link; the message says what and at which byte."""


def loads(data: bytes) -> Json:
    """Parse one JSON text of printable ASCII bytes (the caller has checked that they are)."""
    value, at = _value(data, _skip_blanks(data, 0), 0)
    at = _skip_blanks(data, at)
    if at != len(data):
        raise JsonError(f"text after the end of the value at byte {at}")
    return value


def dumps(value: Json) -> bytes:
    """Compact JSON text of a value that `loads` gives back; JsonError for any other value.

    On the module the core writes it, in a third of the time; why it refuses a value is found here.
    """
    text: bytes | None = json_text(value)
    if text is None:
        _check(value, 0)
        text = json.dumps(value, separators=(",", ":")).encode()
    return text


def dumps_sorted(value: Json) -> bytes:
    """The same with the members of every object in the order of their names: one text for all."""
    if isinstance(value, dict):
        members = [dumps(name) + b":" + dumps_sorted(value[name]) for name in sorted(value)]
        return b"{" + b",".join(members) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join([dumps_sorted(item) for item in value]) + b"]"
    return dumps(value)


def _skip_blanks(data: bytes, at: int) -> int:
    while at < len(data) and data[at] == 0x20:
        at += 1
    return at


def _value(data: bytes, at: int, depth: int) -> tuple[Json, int]:
    """The value that starts at `at` and the position after it."""
    if at >= len(data):
        raise JsonError("the text ends where a value should be")
    first = data[at]
    if first == 0x22:
        return _string(data, at + 1)
    if first == 0x7B or first == 0x5B:
        if depth == MAX_DEPTH:
            raise JsonError(f"nested more than {MAX_DEPTH} deep at byte {at}")
        return _object(data, at, depth + 1) if first == 0x7B else _array(data, at, depth + 1)
    if first == 0x2D or 0x30 <= first <= 0x39:
        return _integer(data, at)
    for word, meaning in _WORDS:
        if data[at : at + len(word)] == word:
            return meaning, at + len(word)
    raise JsonError(f"no value begins with the character at byte {at}")


def _next(data: bytes, at: int, closing: int) -> tuple[int, bool]:
    """Step over a comma (more follows) or over the closing bracket (the end)."""
    at = _skip_blanks(data, at)
    if at < len(data):
        if data[at] == 0x2C:
            return _skip_blanks(data, at + 1), True
        if data[at] == closing:
            return at + 1, False
    raise JsonError(f"a comma or a closing bracket is missing at byte {at}")


def _array(data: bytes, at: int, depth: int) -> tuple[list[Json], int]:
    items: list[Json] = []
    at = _skip_blanks(data, at + 1)
    if data[at : at + 1] == b"]":
        return items, at + 1
    more = True
    while more:
        item, at = _value(data, at, depth)
        items.append(item)
        at, more = _next(data, at, 0x5D)
    return items, at


def _object(data: bytes, at: int, depth: int) -> tuple[JsonObject, int]:
    members: JsonObject = {}
    at = _skip_blanks(data, at + 1)
    if data[at : at + 1] == b"}":
        return members, at + 1
    more = True
    while more:
        if data[at : at + 1] != b'"':
            raise JsonError(f"a key is missing at byte {at}")
        key, end = _string(data, at + 1)
        if key in members:
            raise JsonError(f"a key appears twice at byte {at}")
        at = _skip_blanks(data, end)
        if data[at : at + 1] != b":":
            raise JsonError(f"a colon is missing at byte {at}")
        members[key], at = _value(data, _skip_blanks(data, at + 1), depth)
        at, more = _next(data, at, 0x7D)
    return members, at


def _integer(data: bytes, at: int) -> tuple[int, int]:
    end = at + 1
    while end < len(data) and 0x30 <= data[end] <= 0x39:
        end += 1
    digits = data[at:end]
    if digits[:1] == b"-":
        digits = digits[1:]
    if not digits or (digits[:1] == b"0" and len(digits) > 1):
        raise JsonError(f"a number is malformed at byte {at}")
    if data[end : end + 1] in (b".", b"e", b"E"):
        raise JsonError(f"a number with a fraction or an exponent at byte {at}: integers only")
    number = int(digits) if len(digits) <= 16 else MAX_INTEGER + 1
    if number > MAX_INTEGER:
        raise JsonError(f"a number beyond 2**53-1 at byte {at}")
    return (-number if data[at] == 0x2D else number), end


def _string(data: bytes, at: int) -> tuple[str, int]:
    """The string whose first character is at `at`, and the position after its closing quote."""
    parts = []
    while True:
        quote = data.find(b'"', at)
        if quote < 0:
            raise JsonError("a string is not closed")
        escape = data.find(b"\\", at, quote)
        if escape < 0:
            parts.append(data[at:quote].decode())
            return "".join(parts), quote + 1
        parts.append(data[at:escape].decode())
        character, at = _escape(data, escape + 1)
        parts.append(character)


def _escape(data: bytes, at: int) -> tuple[str, int]:
    """The character meant by the escape whose backslash is just before `at`."""
    if at >= len(data):
        raise JsonError("a string is not closed")
    if data[at] in _ESCAPES:
        return _ESCAPES[data[at]], at + 1
    digits = data[at + 1 : at + 5]
    if (
        data[at] != 0x75
        or len(digits) != 4
        or not all(d in b"0123456789abcdefABCDEF" for d in digits)
    ):
        raise JsonError(f"an unknown escape at byte {at - 1}")
    point = int(digits, 16)
    if 0xD800 <= point <= 0xDFFF:
        raise JsonError(f"a surrogate at byte {at - 1}: the link's text is ASCII")
    return chr(point), at + 5


def _check(value: Json, depth: int) -> None:
    """Refuse what `loads` on the other end would refuse; texts first, most values are."""
    if isinstance(value, str):
        if len(value.encode()) != len(value) or "\x7f" in value:
            raise JsonError("a text is not ASCII")
    elif value is None or isinstance(value, bool):
        return
    elif isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise JsonError("an integer is beyond 2**53-1")
    elif isinstance(value, (dict, list, tuple)):
        _check_members(value, depth + 1)
    else:
        raise JsonError(f"a {type(value).__name__} has no place on the link")


def _check_members(value: Json, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise JsonError(f"nested more than {MAX_DEPTH} deep")
    for item in value:
        if isinstance(value, dict):
            if not isinstance(item, str):
                raise JsonError("a key is not a text")
            _check(value[item], depth)
        _check(item, depth)
