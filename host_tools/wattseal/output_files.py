"""Writes files whole or not at all, and never over different data."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from wattseal.errors import ToolError


class OutputDirectory:
    """A directory that takes records. Made, with its parents, when first written to.

    ToolError `file_unwritable` and `file_exists`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def check_writable(self) -> None:
        """Find out now, before anything happens on the module, whether writing will work."""
        self._make()
        try:
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise _unwritable(self.path, error) from None

    def check_free(self, name: str, content: str | None = None) -> None:
        """Refuse a name that is taken by other data than the content that is to go there."""
        path = self.path / name
        try:
            if content is None:
                is_free = not path.exists()
            else:
                is_free = not path.exists() or path.read_bytes() == content.encode()
        except OSError as error:
            raise _unwritable(path, error) from None
        if not is_free:
            raise ToolError("file_exists", path=str(path))

    def write(self, files: Mapping[str, str]) -> list[Path]:
        """Write files, each at once under its final name; the same data again is no error."""
        for name, content in files.items():
            self.check_free(name, content)
        self._make()
        return [
            self._write_one(self.path / name, content.encode()) for name, content in files.items()
        ]

    def write_bytes(self, name: str, content: bytes, *, replacing: bool = False) -> Path:
        """Write one file of any content, at once under its final name.

        Other data there is refused, unless the caller made this content from it.
        """
        if not replacing:
            self.check_free(name)
        self._make()
        return self._write_one(self.path / name, content)

    def _make(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(self.path, error) from None

    def _write_one(self, path: Path, content: bytes) -> Path:
        temporary: Path | None = None
        try:
            handle, temporary_name = tempfile.mkstemp(dir=self.path, prefix=f".{path.name}.")
            temporary = Path(temporary_name)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o644)
            temporary.replace(path)
        except OSError as error:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    temporary.unlink()
            raise _unwritable(path, error) from None
        return path


def _unwritable(path: Path, error: OSError) -> ToolError:
    return ToolError("file_unwritable", path=str(path), cause=error.strerror or str(error))
