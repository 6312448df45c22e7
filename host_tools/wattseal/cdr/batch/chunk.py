"""A chunk of the input: as much as a worker judges at a time."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Literal

from wattseal.cdr.batch.file_part import FilePart
from wattseal.cdr.ocpi import MAX_CDR_BYTES
from wattseal.errors import ToolError

CHUNK_BYTES = 512 * 1024
"""Small enough that many fit into memory, large enough that handing it over costs nothing."""

CHUNK_ROWS = 200
"""The same for rows whose size is not known beforehand."""

MAX_ROW_BYTES = MAX_CDR_BYTES

_DIGEST_BYTES = 32

TOO_LARGE = b"\0too large"
"""Stands for a row of more than MAX_ROW_BYTES; no JSON text begins so."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows `first_row` to `first_row + rows - 1` of the input, counted from 1.

    data: of form `json`, a JSON text on each line, a blank line being no CDR; of form `cells`, the
    pickled list of rows, each a list of texts, or None for one that is too large; of form `arrow`,
    a record batch in Arrow's stream format. names: of the columns; none in form `json`. part: of a
    file on this computer, whose bytes are the data.
    """

    number: int
    first_row: int
    rows: int
    form: Literal["json", "cells", "arrow"]
    names: tuple[str, ...]
    data: bytes
    part: FilePart | None = None

    def to_send(self) -> Chunk:
        """For another process here, which reads the part itself: cheaper than to hand it over."""
        return self if self.part is None else replace(self, data=b"")

    def received(self) -> Chunk:
        """What `to_send` was made of. ToolError `file_unreadable`, `input_changed`."""
        if self.part is None:
            return self
        data = self.part.read()
        if data.count(b"\n") == self.rows and data.endswith(b"\n"):
            return replace(self, data=data)
        raise ToolError("input_changed", path=self.part.path)

    @property
    def digest(self) -> bytes:
        """Of all that the verdicts follow from, but the keys."""
        about = repr((self.first_row, self.rows, self.form, self.names)).encode()
        whole = blake2b(about + b"\n", digest_size=_DIGEST_BYTES)
        whole.update(self.data)
        return whole.digest()


def cells_chunk(
    number: int, first_row: int, names: tuple[str, ...], rows: list[list[str] | None]
) -> Chunk:
    """A chunk of form `cells`."""
    return Chunk(number, first_row, len(rows), "cells", names, pickle.dumps(rows, protocol=5))
