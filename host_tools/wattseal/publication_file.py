"""The registry's answer to a registration: the proof that a key is in its log, as a JSON file.

{"checkpoint": the signed note as text, "leaf": the entry's text, "leaf_index": its place,
"proof": the hashes of the inclusion proof in hex, leaf's end first}
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from wattseal.errors import ToolError
from wattseal.wire.methods import MAX_PROOF_HASHES

MAX_FILE_BYTES = 65536

MAX_CHECKPOINT_BYTES = 700

_Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def _fits_the_link(checkpoint: str) -> str:
    if not 50 <= len(checkpoint.encode()) <= MAX_CHECKPOINT_BYTES:
        raise ValueError(f"must have 50 to {MAX_CHECKPOINT_BYTES} bytes")
    return checkpoint


class Publication(BaseModel):
    """A proof of publication, as the registry gives it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    checkpoint: Annotated[str, AfterValidator(_fits_the_link)]
    leaf: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    leaf_index: Annotated[int, Field(ge=0, le=(1 << 53) - 1)]
    proof: Annotated[list[_Hash], Field(max_length=MAX_PROOF_HASHES)]

    @property
    def checkpoint_hex(self) -> str:
        """The note's bytes as they cross the link, which is ASCII."""
        return self.checkpoint.encode().hex()


def read_publication(path: Path) -> Publication:
    """A proof from its file. ToolError `file_unreadable`, `publication_malformed`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        cause = error.strerror or str(error)
        raise ToolError("file_unreadable", path=str(path), cause=cause) from None
    if len(data) > MAX_FILE_BYTES:
        cause = f"it is larger than {MAX_FILE_BYTES} bytes"
        raise ToolError("publication_malformed", path=str(path), cause=cause)
    try:
        return Publication.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        cause = f"{where}: {first['msg']}" if where else first["msg"]
        raise ToolError("publication_malformed", path=str(path), cause=cause) from None
