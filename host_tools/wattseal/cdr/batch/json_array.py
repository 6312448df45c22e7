"""One JSON array, element by element, without reading it whole.

Only strings and brackets are looked at: where an element ends. Whether it is JSON is found when it
is judged, so one that is not does not stop the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from wattseal.cdr.batch.chunk import CHUNK_BYTES, CHUNK_ROWS, MAX_ROW_BYTES, TOO_LARGE, Chunk
from wattseal.cdr.batch.rows_error import RowsError

_BLANKS = b" \t\r\n"
_UTF8_MARK = b"\xef\xbb\xbf"
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_WITHIN = re.compile(rb'(?:[^"{}\[\]]++|' + _STRING + rb")*+([{}\[\]])", re.DOTALL)
_BETWEEN = re.compile(rb'(?:[^"{}\[\],]++|' + _STRING + rb")*+([{}\[\],])", re.DOTALL)
_NO_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|' + _STRING + rb")*+", re.DOTALL)


def read_json_array(file: BinaryIO) -> Iterator[Chunk]:
    """The chunks; a row's number is its element's place. RowsError if the array does not end."""
    rows: list[bytes] = []
    number, first_row, size = 0, 1, 0
    for element in _Elements(file):
        rows.append(element)
        size += len(element)
        if size >= CHUNK_BYTES or len(rows) == CHUNK_ROWS:
            yield _chunk(number, first_row, rows)
            number, first_row, size = number + 1, first_row + len(rows), 0
            rows.clear()
    if rows:
        yield _chunk(number, first_row, rows)


def _chunk(number: int, first_row: int, rows: list[bytes]) -> Chunk:
    return Chunk(number, first_row, len(rows), "json", (), b"\n".join(rows) + b"\n")


class _Elements:
    """The elements' texts, each on one line; TOO_LARGE for one that is."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._text = b""  # what is not handed on yet
        self._at = 0  # up to here it is scanned
        self._depth = 0  # of brackets that are open there
        self._cut = False  # whether the beginning of the element was thrown away

    def __iter__(self) -> Iterator[bytes]:
        self._enter()
        count = 0
        while True:
            end = self._next_end()
            element = self._text[: self._at - 1]
            self._text, self._at = self._text[self._at :], 0
            is_blank = not self._cut and not element.strip(_BLANKS)
            if not (is_blank and end == b"]" and count == 0):
                count += 1
                yield self._line(element, is_blank=is_blank)
            self._cut = False
            if end == b"]":
                self._leave()
                return

    def _enter(self) -> None:
        while len(self._text) < len(_UTF8_MARK) and self._read():
            pass
        self._text = self._text.removeprefix(_UTF8_MARK)
        while not (start := self._text.lstrip(_BLANKS)):
            if not self._read():
                raise RowsError("it is empty")
        if not start.startswith(b"["):
            raise RowsError("it does not begin with [")
        self._text = start[1:]

    def _leave(self) -> None:
        while not self._text.strip(_BLANKS):
            if not self._read():
                return
            self._text = self._text.strip(_BLANKS)
        raise RowsError("something follows after the array")

    def _next_end(self) -> bytes:
        """Scan to the end of the element: the comma or bracket, `_at` behind it."""
        while True:
            found = (_WITHIN if self._depth else _BETWEEN).match(self._text, self._at)
            if found is None:
                self._more()
                continue
            self._at = found.end()
            sign = found[1]
            if self._depth == 0 and sign in b",]":
                return sign
            self._depth += 1 if sign in b"{[" else -1
            if self._depth < 0:
                raise RowsError("a bracket closes that was not opened")

    def _more(self) -> None:
        if len(self._text) > MAX_ROW_BYTES:
            self._cut_off()
        if not self._read():
            raise RowsError("it ends within the array")

    def _cut_off(self) -> None:
        """Keep of an element that is too large no more than what tells where it ends."""
        self._cut = True
        bare = _NO_BRACKET.match(self._text, self._at)
        end = bare.end() if bare else self._at
        in_string = end < len(self._text)
        backslashes = len(self._text) - len(self._text.rstrip(b"\\"))
        escape = b"\\" if backslashes % 2 else b""
        self._text, self._at = b'"' + escape if in_string else b"", 0

    def _line(self, element: bytes, *, is_blank: bool) -> bytes:
        if self._cut or len(element) > MAX_ROW_BYTES:
            return TOO_LARGE
        if is_blank:
            return b","  # two commas with nothing between them: no JSON, and not nothing either
        return element.replace(b"\n", b" ")

    def _read(self) -> bool:
        part = self._file.read(CHUNK_BYTES)
        self._text += part
        return bool(part)
