"""What an auditor keeps between two audits: whose log it was, and the checkpoint that was seen.

Without it, an audit shows that a log agrees with itself; with it, also that it is still the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from wattseal.errors import ToolError
from wattseal.output_files import OutputDirectory
from wattseal.registry.audit_report import AuditReport
from wattseal.registry.records import Model
from wattseal.tlog.checkpoint import Checkpoint, read_checkpoint
from wattseal.wire.signed_note import NoteError, parse_note

MAX_FILE_BYTES = 65536


class AuditMemory(Model):
    """The file; `checkpoint` is the signed note as it was served."""

    version: Literal[1] = 1
    vkey: str
    registry_key: str
    checkpoint: str

    @property
    def seen(self) -> Checkpoint:
        """Size and root of then. Raises NoteError."""
        return read_checkpoint(parse_note(self.checkpoint.encode())[0].decode())


def recall(path: Path) -> AuditMemory | None:
    """What a file remembers; None if there is none yet. ToolError `file_unreadable`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES)
        memory = AuditMemory.model_validate_json(data)
        _ = memory.seen
    except FileNotFoundError:
        return None
    except OSError as error:
        cause = error.strerror or str(error)
        raise ToolError("file_unreadable", path=str(path), cause=cause) from None
    except (ValidationError, NoteError):
        cause = "it is not what an audit has written"
        raise ToolError("file_unreadable", path=str(path), cause=cause) from None
    return memory


def remember(path: Path, report: AuditReport) -> None:
    """Write what a sound audit has seen over what was remembered. ToolError `file_unwritable`."""
    memory = AuditMemory(
        vkey=report.vkey, registry_key=report.registry_key, checkpoint=report.checkpoint
    )
    text = memory.model_dump_json(indent=2) + "\n"
    OutputDirectory(path.parent).write_bytes(path.name, text.encode(), replacing=True)
