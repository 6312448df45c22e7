"""A JSON text a line (JSON Lines, NDJSON), handed on in blocks of whole lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from wattseal.cdr.batch.chunk import CHUNK_BYTES, MAX_ROW_BYTES, TOO_LARGE, Chunk
from wattseal.cdr.batch.file_part import FilePart


def read_json_lines(file: BinaryIO, whole: FilePart | None = None) -> Iterator[Chunk]:
    """The chunks. A row's number is that of its line. whole: the file, if others can read it."""
    number, first_row, part, offset = 0, 1, None, 0
    while block := _whole_lines(file):
        rows = block.count(b"\n")
        if whole:
            start, offset = offset, file.tell()
            is_as_written = offset - start == len(block)  # nothing was added, no row cut out
            part = replace(whole, offset=start, size=len(block)) if is_as_written else None
        yield Chunk(number, first_row, rows, "json", (), block, part)
        number, first_row = number + 1, first_row + rows


def _whole_lines(file: BinaryIO) -> bytes:
    """At least CHUNK_BYTES, up to the end of a line; all lines end in a newline."""
    block = file.read(CHUNK_BYTES)
    if not block or block.endswith(b"\n"):
        return block
    start = block.rfind(b"\n") + 1
    block += file.readline(MAX_ROW_BYTES)
    if block.endswith(b"\n"):
        too_large = len(block) - start - 1 > MAX_ROW_BYTES
    else:
        too_large = len(block) - start > MAX_ROW_BYTES
        if len(block) - start >= MAX_ROW_BYTES:
            too_large = _skip_line(file) or too_large
        block += b"\n"
    return block[:start] + TOO_LARGE + b"\n" if too_large else block


def _skip_line(file: BinaryIO) -> bool:
    """Go to the end of a line; whether there was more of it."""
    was_more = False
    while part := file.readline(CHUNK_BYTES):
        was_more = was_more or part != b"\n"
        if part.endswith(b"\n"):
            break
    return was_more
