"""The running image: what was built into it, what the core measured of it, and what may replace it.

An update has a manifest: it must be the vendor's, for this board, and not too old.
"""

from wire.errors import WattsealError
from wire.firmware_manifest import read_manifest, signed_bytes
from wire.signed_text import TextError

from app.contracts import Core, Json, Release

NOT_MEASURED = "00" * 32
"""Identity of an image that could not be measured; the module is in the state fault then."""

_DIGITS_OF_LABEL = 16


class Firmware:
    """version, rollback_number, date_unix_ms and vendor_key (SPKI DER, b"" for none) are those of
    the release.

    identity: SHA-256 of the image in hex, once `measure` was called. label: the version, and enough
    of the identity to tell two builds apart: GV of records.
    """

    def __init__(self, release: Release) -> None:
        self.version = release.VERSION
        self.rollback_number = release.ROLLBACK_NUMBER
        self.date_unix_ms = release.DATE_UNIX_MS
        self.vendor_key = release.VENDOR_KEY
        self._identify(NOT_MEASURED)

    def measure(self, core: Core) -> None:
        """Let the core hash the image, which takes a while; CoreError if it cannot be read."""
        self._identify(core.firmware_identity().hex())

    def _identify(self, identity: str) -> None:
        self.identity = identity
        self.label = self.version + "+" + identity[:_DIGITS_OF_LABEL]


def check_manifest(
    core: Core, firmware: Firmware, board_name: str, least: int, text: str, signature: bytes
) -> Json:
    """Check an update's manifest; returns its members if it may be applied.

    least: the lowest rollback number. WattsealError `update_refused` with the cause in words. The
    signature is checked first: what the vendor has not signed is not even read.
    """
    if not firmware.vendor_key:
        raise refusal("no vendor key was built into this firmware")
    if not core.verify(firmware.vendor_key, signed_bytes(text), signature):
        raise refusal("the signature is not the vendor's")
    try:
        manifest = read_manifest(text)
    except TextError as problem:
        raise refusal(f"the manifest is unreadable: {problem}") from None
    if manifest["board"] != board_name:
        raise refusal(f"the image is for the board {manifest['board']}")
    if manifest["rollback_number"] < least:
        raise refusal(f"the rollback number is below {least}")
    if manifest["sha256"] == firmware.identity:
        raise refusal("this image is running already")
    return manifest


def refusal(cause: str) -> WattsealError:
    """Return the error that refuses an update."""
    return WattsealError("update_refused", cause=cause)
