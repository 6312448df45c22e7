"""What the owner signs to permit one action on one module, once (docs/statements.md)."""

from . import signed_text
from .shapes import Json, JsonObject, Row
from .strict_json import MAX_INTEGER

PREFIX = b"wattseal.owner.v1\n"

MAX_CHARACTERS = 400

NONCE_BYTES = 32

ACTIONS = ("unseal", "decommission", "archive_events", "update", "cancel_update")
"""What a module does for its owner alone."""

_MORE = {
    "archive_events": (("through", "int", (1, MAX_INTEGER), "required", ""),),
    "update": (signed_text.FIRMWARE, signed_text.FIRMWARE_IDENTITY),
}
"""Rows of what the challenge names besides, by its action."""


def build_challenge(action: str, chip_id: str, nonce: str, event_number: int, **named: Json) -> str:
    """The text of a challenge; TextError naming the member that is not allowed.

    event_number: of the newest event. named: what the challenge names besides: of `archive_events`
    the last event that may be forgotten (`through`), of `update` the image to be accepted.
    """
    facts: JsonObject = dict(named)
    facts["action"] = action
    facts["chip_id"] = chip_id
    facts["nonce"] = nonce
    facts["event_number"] = event_number
    return signed_text.build(form_of(action), facts)


def read_challenge(text: str) -> JsonObject:
    """The members of a challenge, for showing the owner what is asked; TextError if it is none."""
    action = signed_text.read_object(text, MAX_CHARACTERS).get("action")
    return signed_text.read(form_of(action), text)


def signed_bytes(text: str) -> bytes:
    """What the owner's signature is over."""
    return signed_text.signed_bytes(PREFIX, text)


def form_of(action: Json) -> Row:
    """The form of the challenge for an action: some of them have members more."""
    if action not in ACTIONS:
        raise signed_text.TextError("the action is none of " + ", ".join(ACTIONS))
    members: Row = (
        ("action", "choice", ACTIONS, "required", ""),
        signed_text.CHIP_ID,
        ("nonce", "hex", (2 * NONCE_BYTES, 2 * NONCE_BYTES), "required", ""),
        signed_text.EVENT_NUMBER,
    )
    return ("owner", MAX_CHARACTERS, members + _MORE.get(action, ()))
