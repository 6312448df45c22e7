"""The owner's answer to a module's challenge: read what is asked, sign exactly that."""

from __future__ import annotations

from typing import Any

from wattseal.errors import ToolError
from wattseal.protected_key import SigningKey
from wattseal.wire import owner_challenge
from wattseal.wire.signed_text import TextError

MEANINGS = {
    "unseal": "open the seal, so that the metrological settings can be changed",
    "decommission": "erase the module's private key for ever and end its life at this station",
    "archive_events": "forget old events of the event log",
}
"""What each action lets happen, for whoever is to sign it."""


def read_challenge(text: str) -> dict[str, Any]:
    """The members of a challenge. ToolError `challenge_malformed`: nothing else is ever signed."""
    try:
        return dict(owner_challenge.read_challenge(text))
    except (TextError, UnicodeEncodeError) as error:
        raise ToolError("challenge_malformed", cause=str(error)) from None


def describe(members: dict[str, Any]) -> str:
    """What signing a challenge permits, in one sentence."""
    through = f" up to event {members['through']}" if "through" in members else ""
    return f"Module {members['chip_id']} may {MEANINGS[members['action']]}{through}, once."


def answer(challenge: str, key: SigningKey) -> str:
    """The owner's signature over a challenge, DER in hex. ToolError `challenge_malformed`."""
    read_challenge(challenge)
    return key.sign(owner_challenge.signed_bytes(challenge)).hex()
