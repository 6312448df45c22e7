"""The checkpoint of a transparency log: its name, size and root hash, as a text to be signed.

C2SP tlog-checkpoint: one line each, the root in base64, then extension lines, of which ours has
none.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

MAX_SIZE = (1 << 53) - 1

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


class CheckpointMalformedError(ValueError):
    """The text is no checkpoint; the message says why."""


@dataclass(frozen=True)
class Checkpoint:
    """What a log commits itself to: `size` entries under a 32-byte root hash."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or not self.origin.isprintable():
            raise CheckpointMalformedError("its origin is empty or not printable")
        if not 0 <= self.size <= MAX_SIZE:
            raise CheckpointMalformedError("its size is not one of a log")
        if len(self.root) != 32:
            raise CheckpointMalformedError("its root hash is not 32 bytes long")

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a signed text holds. Raises CheckpointMalformedError."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise CheckpointMalformedError("it has not the three lines of origin, size and root")
    origin, size, root = lines[:3]
    if not _DECIMAL.fullmatch(size):
        raise CheckpointMalformedError("its size is no decimal number")
    try:
        checkpoint = Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
    except binascii.Error:
        raise CheckpointMalformedError("its root hash is not in base64") from None
    if checkpoint.text != text:
        raise CheckpointMalformedError("its root hash is not in the one base64 there is for it")
    return checkpoint
