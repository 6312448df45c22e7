"""Reads the objects of one array in a large JSON file, one after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TextIO

_CHUNK_CHARACTERS = 1 << 16
MAX_VALUE_CHARACTERS = 16 << 20
"""One value, such as a charge point with all its keys, is never as long as this."""

_BLANKS = " \t\r\n"
_DECODER = json.JSONDecoder()


class StreamError(ValueError):
    """The text is not JSON of the expected form; the message completes `it ...`."""


def read_array(file: TextIO, member: str) -> Iterator[Any]:
    """The elements of the array that is `member` of the object in the file.

    Only one element at a time is in memory. Raises StreamError, also for what is wrong behind the
    array, after its last element.
    """
    text = _Text(file)
    has_met = False
    text.expect("{")
    while not text.skips("}"):
        name = text.value()
        text.expect(":")
        if name == member and not has_met:
            has_met = True
            yield from _elements(text)
        elif name == member:
            raise StreamError(f"holds {member} twice")
        else:
            text.value()
        if not text.skips(","):
            text.expect("}")
            break
    if not has_met:
        raise StreamError(f"holds no {member}")
    if text.peek():
        raise StreamError("goes on behind its end")


def _elements(text: _Text) -> Iterator[Any]:
    text.expect("[")
    if text.skips("]"):
        return
    while True:
        yield text.value()
        if not text.skips(","):
            text.expect("]")
            return


class _Text:
    """A file's text, of which only the part that is needed is in memory."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._part = ""
        self._at = 0

    def peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            while self._at < len(self._part):
                if self._part[self._at] not in _BLANKS:
                    return self._part[self._at]
                self._at += 1
            if not self._read_on():
                return ""

    def skips(self, sign: str) -> bool:
        """Whether that comes next; if so, it is behind us now."""
        is_next = self.peek() == sign
        self._at += is_next
        return is_next

    def expect(self, sign: str) -> None:
        """StreamError unless that comes next."""
        if not self.skips(sign):
            raise StreamError(f"has no {sign} where one belongs")

    def value(self) -> Any:
        """The next value whole, however many parts of the file it takes."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._part, self._at)
            except json.JSONDecodeError as error:
                cause = error.msg
            except (ValueError, RecursionError):
                raise StreamError("holds a value that cannot be read") from None
            else:
                if end < len(self._part) or not self._read_on():
                    self._at = end
                    return value
                continue  # a number might go on
            if not self._read_on():
                raise StreamError(f"is not well-formed JSON ({cause})")

    def _read_on(self) -> bool:
        """Take in more, twice as much each time. Whether there was any."""
        left = self._part[self._at :]
        if len(left) > MAX_VALUE_CHARACTERS:
            raise StreamError("holds a value that is too long")
        more = self._file.read(max(_CHUNK_CHARACTERS, len(left)))
        self._part, self._at = left + more, 0
        return bool(more)
