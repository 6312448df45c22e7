"""JSON of a known form, from files that somebody else may have written."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from wattseal.bounded_file import read_at_most
from wattseal.errors import ToolError

_Form = TypeVar("_Form", bound=BaseModel)


def read_json_file(path: Path, form: type[_Form], malformed: str, max_bytes: int) -> _Form:
    """The object in a file, of which no more than `max_bytes` and one are ever read.

    ToolError `file_unreadable`, or the one named `malformed`, which takes path and cause.
    """
    data = read_at_most(path, max_bytes)
    if len(data) > max_bytes:
        cause = f"it is larger than {max_bytes} bytes"
        raise ToolError(malformed, path=str(path), cause=cause)
    try:
        return form.model_validate_json(data)
    except ValidationError as error:
        raise ToolError(malformed, path=str(path), cause=first_fault(error)) from None


def first_fault(error: ValidationError) -> str:
    """What is wrong first, and where; nothing of the value itself, which may be a secret."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]
