"""Reads files of bounded size; writes files whole or not at all, and not over other data."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from wattseal.common.errors import ToolError

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError


def read_at_most(path: Path, max_bytes: int) -> bytes:
    """Read a file's bytes; one more than `max_bytes` of a longer file, which the caller refuses.

    ToolError `file_unreadable`.
    """
    try:
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError as error:
        raise ToolError.of_file("file_unreadable", path, error) from None


def read_bounded(path: Path, max_bytes: int, malformed: str) -> bytes:
    """A file's bytes. ToolError `file_unreadable`, or the one named `malformed` if it is longer."""
    data = read_at_most(path, max_bytes)
    if len(data) > max_bytes:
        cause = f"it is larger than {max_bytes} bytes"
        raise ToolError(malformed, path=str(path), cause=cause)
    return data


_Form = TypeVar("_Form", bound="BaseModel")


def read_json_file(path: Path, form: type[_Form], malformed: str, max_bytes: int) -> _Form:
    """The object in a file of at most `max_bytes`.

    ToolError `file_unreadable`, or the one named `malformed`, which takes path and cause.
    """
    from pydantic import ValidationError  # takes a while, and many commands read no such file

    data = read_bounded(path, max_bytes, malformed)
    try:
        return form.model_validate_json(data)
    except ValidationError as error:
        raise ToolError(malformed, path=str(path), cause=first_fault(error)) from None


def first_fault(error: ValidationError) -> str:
    """What is wrong first, and where; nothing of the value itself, which may be a secret."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


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
            raise ToolError.of_file("file_unwritable", self.path, error) from None

    def check_free(self, name: str, content: str | None = None) -> None:
        """ToolError `file_exists` if the file is there and does not hold this content."""
        path = self.path / name
        try:
            is_free = not path.exists() or (
                content is not None and path.read_bytes() == content.encode()
            )
        except OSError as error:
            raise ToolError.of_file("file_unwritable", path, error) from None
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
            raise ToolError.of_file("file_unwritable", self.path, error) from None

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
            raise ToolError.of_file("file_unwritable", path, error) from None
        return path


MAX_BYTES = 16384

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def write_private(path: Path, data: bytes) -> None:
    """Write a new file that only its owner may read. ToolError `file_exists`, `file_unwritable`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ToolError.of_file("file_unwritable", path, error) from None
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except FileExistsError:
        raise ToolError("file_exists", path=str(path)) from None
    except OSError as error:
        raise ToolError.of_file("file_unwritable", path, error) from None


def read_private(path: Path) -> bytes:
    """The content of a file that nobody else may read.

    ToolError `secret_exposed`, `secret_unreadable`. On Windows the permissions are not checked.
    """
    try:
        with path.open("rb") as file:
            # Of the file that is open, which may have been replaced by now.
            facts = os.fstat(file.fileno())
            if os.name == "posix" and facts.st_mode & _OTHERS:
                raise ToolError("secret_exposed", path=str(path))
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ToolError.of_file("secret_unreadable", path, error) from None
    if len(data) > MAX_BYTES:
        cause = f"it is larger than {MAX_BYTES} bytes"
        raise ToolError("secret_unreadable", path=str(path), cause=cause)
    return data
