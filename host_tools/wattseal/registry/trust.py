"""What a user's computer knows of registries: the key of each, and the newest checkpoint seen.

One file for each address, in the user's configuration folder, as ssh keeps the keys of hosts. The
key is taken at the first use, unless it is given; after that it must stay the same, and the log
must go on from what was seen.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from pydantic import ValidationError

from wattseal.common.errors import ToolError
from wattseal.common.files import OutputDirectory, read_at_most
from wattseal.registry.api_models import Heads
from wattseal.registry.records import Model
from wattseal.tlog.checkpoint import (
    Checkpoint,
    Ed25519Key,
    check_note,
    read_checkpoint,
    read_vkey,
)
from wattseal.wire.signed_note import NoteError

MAX_FILE_BYTES = 65536
_PRIVATE_FOLDER = 0o700


class KnownRegistry(Model):
    """The file. checkpoint, index: the newest signed notes that were checked."""

    version: Literal[1] = 1
    url: str
    vkey: str
    checkpoint: str
    index: str

    @property
    def seen(self) -> Checkpoint:
        """Size and root of then. Raises NoteError."""
        return read_checkpoint(check_note(self.checkpoint, [read_vkey(self.vkey)]))


def default_folder() -> Path:
    """The user's own folder for what is known of registries."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "wattseal" / "registries"


class Trust:
    """What is known of the registry at one address.

    vkey: its key, told by somebody else; None takes the one that is known, or the registry's own
    word at the first use. folder: where it is kept; None is the user's own.
    """

    def __init__(self, url: str, vkey: str | None = None, folder: Path | None = None) -> None:
        self._url = url
        self._given = vkey
        self._folder = folder or default_folder()
        self.path = self._folder / f"{quote(url, safe='')}.json"

    def known(self) -> KnownRegistry | None:
        """What is kept; None before the first use. ToolError `registry_pin_unreadable`."""
        try:
            known = KnownRegistry.model_validate_json(read_at_most(self.path, MAX_FILE_BYTES))
            _ = known.seen
        except (ValidationError, NoteError):
            cause = "it is not what this program has written"
            raise ToolError("registry_pin_unreadable", path=str(self.path), cause=cause) from None
        except ToolError as error:
            if not self.path.exists():
                return None
            cause = str(error.detail.get("cause", error))
            raise ToolError("registry_pin_unreadable", path=str(self.path), cause=cause) from None
        return known

    def vkey(self) -> str | None:
        """The key to check with; None if only the registry can say. ToolError."""
        known = self.known()
        if known and self._given not in (None, known.vkey):
            self._refuse(known.vkey, str(self._given))
        return self._given or (known.vkey if known else None)

    def check_told(self, vkey: str) -> None:
        """ToolError `registry_key_changed` if the registry names another key than it must have."""
        expected = self.vkey()
        if expected not in (None, vkey):
            self._refuse(str(expected), vkey)

    def _refuse(self, expected: str, found: str) -> None:
        raise ToolError(
            "registry_key_changed",
            url=self._url,
            expected=expected,
            found=found,
            path=str(self.path),
        )

    def keep(self, key: Ed25519Key, heads: Heads) -> None:
        """Keep notes that were checked, unless newer ones are kept. ToolError."""
        known = self.known()
        kept = KnownRegistry(
            url=self._url, vkey=key.vkey, checkpoint=heads.checkpoint, index=heads.index
        )
        if known and known.seen.size >= kept.seen.size:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
        except OSError as error:
            raise ToolError.of_file("file_unwritable", self._folder, error) from None
        text = kept.model_dump_json(indent=2) + "\n"
        OutputDirectory(self._folder).write_bytes(self.path.name, text.encode(), replacing=True)


def key_of(vkey: str) -> Ed25519Key:
    """The key of that line. ToolError `registry_vkey_malformed`."""
    try:
        return read_vkey(vkey)
    except NoteError as error:
        raise ToolError("registry_vkey_malformed", cause=str(error)) from None
