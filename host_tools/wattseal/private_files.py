"""Files that hold a secret: written for their owner alone, refused when others can read them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from wattseal.errors import ToolError

MAX_BYTES = 16384

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def write_private(path: Path, data: bytes) -> None:
    """Write a new file that only its owner may read. ToolError `file_exists`, `file_unwritable`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except FileExistsError:
        raise ToolError("file_exists", path=str(path)) from None
    except OSError as error:
        raise _unwritable(path, error) from None


def read_private(path: Path) -> bytes:
    """The content of a file that nobody else may read.

    ToolError `secret_exposed`, `secret_unreadable`. Windows keeps its permissions elsewhere, and
    is believed.
    """
    try:
        with path.open("rb") as file:
            # Of the file that is open now, whatever is put in its place meanwhile.
            facts = os.fstat(file.fileno())
            if os.name == "posix" and facts.st_mode & _OTHERS:
                raise ToolError("secret_exposed", path=str(path))
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        cause = error.strerror or str(error)
        raise ToolError("secret_unreadable", path=str(path), cause=cause) from None
    if len(data) > MAX_BYTES:
        cause = f"it is larger than {MAX_BYTES} bytes"
        raise ToolError("secret_unreadable", path=str(path), cause=cause)
    return data


def _unwritable(path: Path, error: OSError) -> ToolError:
    return ToolError("file_unwritable", path=str(path), cause=error.strerror or str(error))
