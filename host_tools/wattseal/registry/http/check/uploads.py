"""Takes a form apart: one file or one text. All of it stays in memory, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

MAX_FORM_BYTES = 4 << 20
"""Of a whole request: a bundle of one month is far smaller."""


class UploadError(ValueError):
    """The form cannot be read."""


@dataclass(frozen=True)
class Upload:
    """What was given; `name` is the file's, empty for pasted text."""

    name: str
    data: bytes


class _InMemory(MultiPartParser):
    """Whose files are never put on a disk."""

    spool_max_size = MAX_FORM_BYTES + 1


async def read_upload(request: Request) -> tuple[Upload | None, str]:
    """The file or the text of the form, None if it has neither, and the language that it names.

    The file counts if both are given. UploadError.
    """
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        raise UploadError
    parser = _InMemory(
        request.headers, request.stream(), max_files=1, max_fields=4, max_part_size=MAX_FORM_BYTES
    )
    try:
        form = await parser.parse()
    except MultiPartException:
        raise UploadError from None
    try:
        return await _given(form.get("file"), form.get("text")), str(form.get("lang", ""))
    finally:
        await form.close()


async def _given(file: UploadFile | str | None, text: UploadFile | str | None) -> Upload | None:
    if isinstance(file, UploadFile) and file.filename:
        return Upload(file.filename, await file.read())
    if isinstance(text, str) and text.strip():
        return Upload("", text.encode("utf-8", "replace"))
    return None
