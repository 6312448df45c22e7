"""What the registry or the owner signs to give a module the time (docs/statements.md)."""

from . import signed_text
from .shapes import JsonObject
from .strict_json import MAX_INTEGER

PREFIX = b"wattseal.time.v1\n"

MAX_CHARACTERS = 250

NONCE_BYTES = 32

FORM = (
    "time",
    MAX_CHARACTERS,
    (
        signed_text.CHIP_ID,
        ("nonce", "hex", (2 * NONCE_BYTES, 2 * NONCE_BYTES), "required", ""),
        ("unix_ms", "int", (0, MAX_INTEGER), "required", ""),
    ),
)


def build_time(chip_id: str, nonce: str, unix_ms: int) -> str:
    """The text that says what time it was when it was signed; TextError naming the member.

    nonce: what the module gave, in hex.
    """
    return signed_text.build(FORM, {"chip_id": chip_id, "nonce": nonce, "unix_ms": unix_ms})


def read_time(text: str) -> JsonObject:
    """The members of such a text; TextError if it is none."""
    return signed_text.read(FORM, text)


def signed_bytes(text: str) -> bytes:
    """What the signature is over."""
    return signed_text.signed_bytes(PREFIX, text)
