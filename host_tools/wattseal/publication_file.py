"""The registry's answer to a registration: the proof that a key is in its log, as a JSON file.

{"checkpoint": the signed note as text, "leaf": the entry's text, "leaf_index": its place,
"proof": the hashes of the inclusion proof in hex, leaf's end first}
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from wattseal.json_file import read_json_file
from wattseal.wire.methods import MAX_PROOF_HASHES
from wattseal.wire.signed_note import MAX_NOTE_BYTES, NoteError, ecdsa_key_id, parse_note

MAX_FILE_BYTES = 65536

MAX_CHECKPOINT_BYTES = 700

_Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Publication(BaseModel):
    """A proof of publication, as the registry gives it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    checkpoint: Annotated[str, StringConstraints(min_length=50, max_length=MAX_NOTE_BYTES)]
    leaf: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    leaf_index: Annotated[int, Field(ge=0, le=(1 << 53) - 1)]
    proof: Annotated[list[_Hash], Field(max_length=MAX_PROOF_HASHES)]

    def checkpoint_for(self, name: str, registry_key: str) -> str:
        """The note's bytes in hex, as they cross the link to a module that knows this key.

        A note that is too long for the link goes without the signatures of others (witnesses, or
        the log's other keys), which the module passes over anyway: they are not signed themselves.
        """
        note = self.checkpoint.encode()
        if len(note) > MAX_CHECKPOINT_BYTES:
            key_id = bytes(ecdsa_key_id(bytes.fromhex(registry_key)))
            note = _only_of(note, name, key_id)
        return note.hex()


def _only_of(note: bytes, name: str, key_id: bytes) -> bytes:
    """A note with the signature lines of one key alone; as it is if it cannot be read."""
    try:
        text, signatures = parse_note(note)
    except NoteError:
        return note
    lines = note[len(text) + 1 :].splitlines(keepends=True)
    marked = zip(lines, signatures, strict=True)
    own = [line for line, (by, of, _signature) in marked if (by, of) == (name, key_id)]
    return text + b"\n" + b"".join(own)


def read_publication(path: Path) -> Publication:
    """A proof from its file. ToolError `file_unreadable`, `publication_malformed`."""
    return read_json_file(path, Publication, "publication_malformed", MAX_FILE_BYTES)
