"""The entry of the registry's log that publishes a module's key (docs/statements.md)."""

from . import signed_text
from .shapes import Json, JsonObject
from .strict_json import MAX_INTEGER

MAX_CHARACTERS = 1000

FORM = (
    "registration",
    MAX_CHARACTERS,
    (
        signed_text.EVSE_ID,
        signed_text.GATEWAY_SERIAL,
        signed_text.METER_SERIAL,
        signed_text.CHIP_ID,
        signed_text.KEY_NUMBER,
        signed_text.PUBLIC_KEY,
        signed_text.FIRMWARE_IDENTITY,
        signed_text.COMMISSIONING,
        signed_text.SETTINGS_SHA256,
        ("unix_ms", "int", (0, MAX_INTEGER), "required", ""),
        ("details", "hex", (64, 64), "required", ""),
    ),
    2,
)

LEAF_MEMBERS = signed_text.members_of(FORM)

COMPARED_MEMBERS = LEAF_MEMBERS[2:-2]
"""Facts about the module itself; the time and the details come from the registry."""


def build_leaf(**facts: Json) -> str:
    """The text of an entry; TextError naming the fact that is missing or not allowed.

    facts: all members but `type` and `version`.
    """
    return signed_text.build(FORM, facts)


def read_leaf(text: str) -> JsonObject:
    """The members of an entry; TextError if it is none."""
    return signed_text.read(FORM, text)


def difference(leaf: JsonObject, expected: JsonObject) -> str:
    """Which member of an entry is not as expected, in words; "" if all are.

    expected: at least the COMPARED_MEMBERS, as the module is set up.
    """
    for name in COMPARED_MEMBERS:
        if leaf[name] != expected[name]:
            return f"the entry's {name} is not this module's"
    return ""
