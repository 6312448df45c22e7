"""Reads files that somebody else may have written: never more of them than is wanted."""

from __future__ import annotations

from pathlib import Path

from wattseal.errors import ToolError


def read_at_most(path: Path, max_bytes: int) -> bytes:
    """A file's bytes; one more than `max_bytes` of a longer file, which the caller refuses.

    ToolError `file_unreadable`.
    """
    try:
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError as error:
        cause = error.strerror or str(error)
        raise ToolError("file_unreadable", path=str(path), cause=cause) from None
