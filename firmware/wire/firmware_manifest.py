"""What the vendor signs about a firmware image (docs/statements.md)."""

from . import signed_text
from .shapes import JsonObject

PREFIX = b"wattseal.firmware.v1\n"

MAX_CHARACTERS = 600

MAX_IMAGE_BYTES = 16 * 1024 * 1024

FORM = (
    "firmware",
    MAX_CHARACTERS,
    (
        ("board", "text", (1, 40), "required", ""),
        signed_text.FIRMWARE,
        signed_text.ROLLBACK_NUMBER,
        ("size", "int", (1, MAX_IMAGE_BYTES), "required", ""),
        ("sha256", "hex", (64, 64), "required", ""),
    ),
)


def build_manifest(
    board: str, firmware: str, rollback_number: int, size_bytes: int, sha256: str
) -> str:
    """The text of a manifest; TextError naming the member that is not allowed.

    sha256: of the image, which is the firmware identity that it will have, in hex.
    """
    return signed_text.build(
        FORM,
        {
            "board": board,
            "firmware": firmware,
            "rollback_number": rollback_number,
            "size": size_bytes,
            "sha256": sha256,
        },
    )


def read_manifest(text: str) -> JsonObject:
    """The members of a manifest; TextError if it is none."""
    return signed_text.read(FORM, text)


def signed_bytes(text: str) -> bytes:
    """What the vendor's signature is over."""
    return signed_text.signed_bytes(PREFIX, text)
