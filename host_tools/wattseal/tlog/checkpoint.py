"""The checkpoint of a transparency log: its name, size and root hash, as a text to be signed.

C2SP tlog-checkpoint: one line each, the root in base64, then extension lines, of which ours has
none.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from wattseal.wire.signed_note import NoteError, parse_checkpoint

MAX_SIZE = (1 << 53) - 1


@dataclass(frozen=True)
class Checkpoint:
    """What a log commits itself to: `size` entries under a 32-byte root hash."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or not self.origin.isprintable():
            raise NoteError("its origin is empty or not printable")
        if not 0 <= self.size <= MAX_SIZE:
            raise NoteError("its size is not one of a log")
        if len(self.root) != 32:
            raise NoteError("its root hash is not 32 bytes long")

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a signed text holds. Raises NoteError.

    Lines after the third, which a log may add, are passed over.
    """
    return Checkpoint(*parse_checkpoint(text.encode()))
