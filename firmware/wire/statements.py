"""What a module states about itself, signed by its key (docs/statements.md).

`birth`, `handover`, `rollover` and `farewell` are the history of the module's keys and are kept;
`possession` and `event_head` answer a challenge. A signature is over PREFIX and the text; an OCMF
record is signed over bytes that begin with `{`, so neither can ever pass for the other.
"""

from . import signed_text
from .shapes import Json, JsonObject, Row, const

# As in strict_json.py: MicroPython builds a tuple with a name from elsewhere in RAM.
MAX_INTEGER = const((1 << 53) - 1)

PREFIX = b"wattseal.statement.v1\n"
"""On the module the core itself puts it before the text."""

MAX_CHARACTERS = 2000

_CHALLENGE = ("challenge", "hex", (32, 128), "required", "")
_LAST_PAGINATION = ("last_pagination", "int", (0, MAX_INTEGER), "required", "")
_EVENT_CHAIN = ("event_chain", "hex", (64, 64), "required", "")
_AFTER_UNIX_MS = ("after_unix_ms", "int", (0, MAX_INTEGER), "nullable", "")

FORMS = (
    (
        "birth",
        MAX_CHARACTERS,
        (
            signed_text.CHIP_ID,
            signed_text.KEY_NUMBER,
            signed_text.PUBLIC_KEY,
            signed_text.FIRMWARE,
            signed_text.FIRMWARE_IDENTITY,
            signed_text.ROLLBACK_NUMBER,
            _LAST_PAGINATION,
            _AFTER_UNIX_MS,
        ),
    ),
    (
        "handover",
        MAX_CHARACTERS,
        (
            signed_text.CHIP_ID,
            signed_text.KEY_NUMBER,
            signed_text.PUBLIC_KEY,
            signed_text.FIRMWARE_IDENTITY,
            ("next_firmware", "text", (1, 25), "required", ""),
            ("next_firmware_identity", "hex", (64, 64), "required", ""),
            ("next_rollback_number", "int", (0, 65535), "required", ""),
            ("commissioning", "int", (0, MAX_INTEGER), "required", ""),
            _LAST_PAGINATION,
            signed_text.UNIX_MS_OR_NULL,
            signed_text.EVENT_NUMBER,
            _EVENT_CHAIN,
        ),
    ),
    (
        "rollover",
        MAX_CHARACTERS,
        (
            signed_text.CHIP_ID,
            ("old_key_number", "int", (1, 1000), "required", ""),
            ("old_public_key", "hex", (182, 182), "required", ""),
            ("old_firmware_identity", "hex", (64, 64), "required", ""),
            ("handover", "int", (1, MAX_INTEGER), "nullable", ""),
            ("handover_sha256", "hex", (64, 64), "nullable", ""),
            signed_text.KEY_NUMBER,
            signed_text.PUBLIC_KEY,
            signed_text.FIRMWARE,
            signed_text.FIRMWARE_IDENTITY,
            signed_text.ROLLBACK_NUMBER,
            _LAST_PAGINATION,
            _AFTER_UNIX_MS,
        ),
        2,
    ),
    (
        "farewell",
        MAX_CHARACTERS,
        (
            signed_text.CHIP_ID,
            signed_text.KEY_NUMBER,
            signed_text.PUBLIC_KEY,
            signed_text.FIRMWARE_IDENTITY,
            _LAST_PAGINATION,
            signed_text.UNIX_MS_OR_NULL,
            signed_text.EVENT_NUMBER,
            _EVENT_CHAIN,
        ),
    ),
    (
        "possession",
        MAX_CHARACTERS,
        (
            _CHALLENGE,
            signed_text.EVSE_ID,
            signed_text.GATEWAY_SERIAL,
            signed_text.METER_SERIAL,
            ("meter_vendor", "text", (1, 50), "required", ""),
            ("meter_model", "text", (1, 50), "required", ""),
            signed_text.CHIP_ID,
            signed_text.KEY_NUMBER,
            signed_text.PUBLIC_KEY,
            signed_text.FIRMWARE,
            signed_text.FIRMWARE_IDENTITY,
            signed_text.COMMISSIONING,
            signed_text.SETTINGS_SHA256,
            signed_text.UNIX_MS_OR_NULL,
        ),
        2,
    ),
    (
        "event_head",
        MAX_CHARACTERS,
        (
            _CHALLENGE,
            signed_text.CHIP_ID,
            signed_text.KEY_NUMBER,
            ("number", "int", (0, MAX_INTEGER), "required", ""),
            ("chain", "hex", (64, 64), "required", ""),
            signed_text.UNIX_MS_OR_NULL,
        ),
    ),
)

TYPES = tuple(form[0] for form in FORMS)


def members_of(kind: str) -> tuple[str, ...]:
    """The names of all members of a statement, in their order; TextError for an unknown type."""
    return signed_text.members_of(_form(kind))


def build_statement(kind: str, **facts: Json) -> str:
    """The text of a statement; TextError naming the fact that is missing or not allowed.

    facts: all members but `type` and `version`.
    """
    return signed_text.build(_form(kind), facts)


def read_statement(text: str) -> JsonObject:
    """The members of a statement, of the kind that its `type` names; TextError if it is none."""
    kind = signed_text.read_object(text, MAX_CHARACTERS).get("type")
    if not isinstance(kind, str):
        raise signed_text.TextError("no type")
    return signed_text.read(_form(kind), text)


def signed_bytes(text: str) -> bytes:
    """What the signature of a statement is over."""
    return signed_text.signed_bytes(PREFIX, text)


def _form(kind: str) -> Row:
    for form in FORMS:
        if form[0] == kind:
            return form
    raise signed_text.TextError("no type of statement")
