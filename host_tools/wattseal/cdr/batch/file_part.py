"""Part of a file, by its place there: other processes of this computer can read it themselves."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from wattseal.errors import ToolError


@dataclass(frozen=True, slots=True)
class FilePart:
    """`size` bytes from `offset` on of the file that `path` named when it was opened."""

    path: str
    device: int
    inode: int
    offset: int
    size: int

    def read(self) -> bytes:
        """The bytes; fewer if the file is shorter now. ToolError `file_unreadable`,
        `input_changed` if another file has taken its place."""
        try:
            with Path(self.path).open("rb") as file:
                now = os.fstat(file.fileno())
                if (now.st_dev, now.st_ino) == (self.device, self.inode):
                    file.seek(self.offset)
                    return file.read(self.size)
        except OSError as error:
            cause = error.strerror or str(error)
            raise ToolError("file_unreadable", path=self.path, cause=cause) from None
        raise ToolError("input_changed", path=self.path)


def whole_of(file: BinaryIO, path: str) -> FilePart | None:
    """The file that was opened by that name, if another process will find it: not a pipe, say."""
    try:
        status, real = os.fstat(file.fileno()), os.path.realpath(path)
        if stat.S_ISREG(status.st_mode) and os.path.samestat(status, Path(real).stat()):
            return FilePart(real, status.st_dev, status.st_ino, 0, status.st_size)
    except OSError:
        pass
    return None
