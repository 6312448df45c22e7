"""What is to be sent, and what became of it: a folder that survives whatever stops the sending.

For each CDR two files, named by its partner and its own name: the bytes to send, written first, and
the state beside it. A CDR that was put in is sent with those bytes and no others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from wattseal.errors import ToolError
from wattseal.output_files import OutputDirectory

State = Literal["pending", "sent", "refused", "unknown"]
_STATE, _BODY = ".state.json", ".cdr.json"


class Entry(BaseModel):
    """A CDR in the outbox. `codes` of what the validation found, `cause` why it was not taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    cdr: str
    country_code: str
    party_id: str
    codes: tuple[str, ...] = ()
    state: State = "pending"
    location: str | None = None
    report: str | None = None
    cause: str | None = None

    @property
    def stem(self) -> str:
        """Of its two files."""
        return hashlib.sha256(f"{self.url}\n{self.cdr}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Outbox:
    """ToolError `outbox_unusable`, `file_unwritable`."""

    folder: Path

    def put(self, entry: Entry, body: bytes) -> Entry:
        """Take a CDR in; one that is there keeps its state, and another of its name is refused.

        A CDR is never changed once it was sent (OCPI 2.2.1, section 10.1).
        """
        out = OutputDirectory(self.folder)
        path = self.folder / (entry.stem + _BODY)
        known = self._read(self.folder / (entry.stem + _STATE))
        if path.exists():
            if path.read_bytes() != body:
                raise self._unusable(f"it holds another CDR {entry.cdr}, which does not change")
            if known is not None:
                return known
        out.write_bytes(entry.stem + _BODY, body, replacing=True)
        return self.note(entry)

    def note(self, entry: Entry) -> Entry:
        """Keep an entry's new state."""
        text = entry.model_dump_json(indent=2) + "\n"
        OutputDirectory(self.folder).write_bytes(entry.stem + _STATE, text.encode(), replacing=True)
        return entry

    def entries(self) -> Iterator[Entry]:
        """Everything in it, in the order of the files."""
        for path in sorted(self.folder.glob("*" + _STATE)):
            entry = self._read(path)
            if entry is not None:
                yield entry

    def body(self, entry: Entry) -> bytes:
        """The bytes to send."""
        try:
            return (self.folder / (entry.stem + _BODY)).read_bytes()
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from None

    def _read(self, path: Path) -> Entry | None:
        try:
            return Entry.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from None
        except ValidationError:
            raise self._unusable(f"{path.name} is not what was written there") from None

    def _unusable(self, cause: str) -> ToolError:
        return ToolError("outbox_unusable", path=str(self.folder), cause=cause)
