"""What the owner signs to permit one action on one module, once (docs/statements.md)."""

from . import signed_text
from .shapes import Json, JsonObject, Row
from .strict_json import MAX_INTEGER

PREFIX = b"wattseal.owner.v1\n"

MAX_CHARACTERS = 400

NONCE_BYTES = 32

ACTIONS = (
    "unseal",
    "decommission",
    "archive_events",
    "close_session",
    "accept_meter",
    "set_time",
    "update",
    "cancel_update",
)
"""What a module does for its owner alone."""

_NUMBER = (1, MAX_INTEGER)
_OF_ACTION: dict[str, Row] = {
    "archive_events": (("through", "int", _NUMBER, "required", ""),),
    "close_session": (("begin_pagination", "int", _NUMBER, "required", ""),),
    "set_time": (("unix_ms", "int", _NUMBER, "required", ""),),
    "update": (signed_text.FIRMWARE, signed_text.FIRMWARE_IDENTITY),
}
"""Members that the challenge for one action has beside the others."""


def build_challenge(action: str, chip_id: str, nonce: str, event_number: int, **facts: Json) -> str:
    """The text of a challenge; TextError naming the member that is not allowed.

    event_number: of the newest event. facts: members of this action alone. `through`: the last
    event that may be forgotten; `begin_pagination`: of the session that may be closed;
    `unix_ms`: the time at the moment of the challenge;
    `firmware` and `firmware_identity`: of the image that may follow.
    """
    members: JsonObject = {
        "action": action,
        "chip_id": chip_id,
        "nonce": nonce,
        "event_number": event_number,
    }
    members.update(facts)
    return signed_text.build(form_of(action), members)


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
    return ("owner", MAX_CHARACTERS, members + _OF_ACTION.get(action, ()))
