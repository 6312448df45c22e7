"""Frames of the link: one JSON object a line, with a checksum.

    {"jsonrpc":"2.0","id":1,"method":"hello"} 5c0a1e52\n

A frame is a JSON object in printable ASCII, one blank, the CRC-32 of the JSON bytes as eight
lowercase hexadecimal digits, and a line feed (a carriage return before it is tolerated): at most
MAX_LINE_BYTES in all. Every line gives exactly one result, an empty one too, so that a sender
always gets an answer; the decoder finds its way back at each line feed.
"""

from . import strict_json
from .crc import crc32
from .errors import WattsealError
from .shapes import JsonObject

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
    except strict_json.JsonError as error:
        raise LinkError("bad_json", str(error)) from None
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
    except strict_json.JsonError as error:
        raise LinkError("bad_json", str(error)) from None
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
        except LinkError as error:
            return error
