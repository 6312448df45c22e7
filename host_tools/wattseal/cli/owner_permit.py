"""The owner's permission for one action: by the key at hand, or by a signature made elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from wattseal import owner_answer
from wattseal.cli import key_files
from wattseal.device import Device
from wattseal.device_models import Hello
from wattseal.errors import ToolError
from wattseal.protected_key import SigningKey

Signature = Annotated[
    str | None,
    typer.Option(metavar="HEX", help="What `wattseal owner sign` gave for the open challenge."),
]


@dataclass(frozen=True)
class Permit:
    """Either an answer to the challenge that is open, or the key to answer a fresh one with."""

    signature: str | None
    key: SigningKey | None = None
    path: Path | None = None

    def answer(self, device: Device, hello: Hello, action: str, through: int | None = None) -> str:
        """The owner's signature, DER in hex.

        ToolError `owner_key_differs` before a wrong answer is sent, `challenge_malformed` if the
        module's challenge is not for this action.
        """
        if self.key is None:
            return self.signature or ""
        known = device.configuration().settings.get("owner_key")
        if known is not None and known != self.key.public.spki.hex():
            fingerprint = self.key.public.fingerprint
            raise ToolError("owner_key_differs", path=str(self.path), fingerprint=fingerprint)
        challenge = device.challenge(action, through).challenge
        members = owner_answer.read_challenge(challenge)
        wanted = {"action": action, "chip_id": hello.chip_id, "through": through}
        if any(members.get(name) != value for name, value in wanted.items()):
            raise ToolError("challenge_malformed", cause="it is for another module or action")
        return owner_answer.answer(challenge, self.key)


def permit(signature: str | None, owner_key: Path | None, password_file: Path | None) -> Permit:
    """The permission that the command line gives; asks for the password, before a port is open."""
    if (signature is None) == (owner_key is None):
        raise ToolError(
            "usage",
            cause="The owner has to permit that.",
            help="Give either --owner-key, or the --signature over `wattseal device challenge`.",
        )
    if owner_key is None:
        return Permit(signature)
    return Permit(None, key_files.owner_key(owner_key, password_file), owner_key)
