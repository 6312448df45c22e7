"""Checks the manifest of a firmware update: it is the vendor's, for this board, and not too old."""

from wire.errors import WattsealError
from wire.firmware_manifest import read_manifest, signed_bytes
from wire.signed_text import TextError

from app.contracts import Core, Json
from app.firmware import Firmware


def check_manifest(
    core: Core, firmware: Firmware, board_name: str, text: str, signature: bytes
) -> Json:
    """The members of a manifest that may be applied.

    WattsealError `update_refused` with the cause in words. The signature is checked first: what
    the vendor has not signed is not even read.
    """
    if not firmware.vendor_key:
        raise _refusal("no vendor key was built into this firmware")
    if not core.verify(firmware.vendor_key, signed_bytes(text), signature):
        raise _refusal("the signature is not the vendor's")
    try:
        manifest = read_manifest(text)
    except TextError as problem:
        raise _refusal(f"the manifest is unreadable: {problem}") from None
    if manifest["board"] != board_name:
        raise _refusal(f"the image is for the board {manifest['board']}")
    if manifest["rollback_number"] < firmware.rollback_number:
        raise _refusal(f"the rollback number is below {firmware.rollback_number}")
    return manifest


def _refusal(cause: str) -> WattsealError:
    return WattsealError("update_refused", cause=cause)
