"""The running image: what was built into it, and what the core measured of it."""

from app.contracts import Core, Release

NOT_MEASURED = "00" * 32
"""Identity of an image that could not be measured; the module is in the state fault then."""

_DIGITS_OF_LABEL = 16


class Firmware:
    """version, rollback_number and vendor_key (SPKI DER, b"" for none) are those of the release.

    identity: SHA-256 of the image in hex, once `measure` was called.
    """

    def __init__(self, release: Release) -> None:
        self.version = release.VERSION
        self.rollback_number = release.ROLLBACK_NUMBER
        self.vendor_key = release.VENDOR_KEY
        self.identity = NOT_MEASURED

    def measure(self, core: Core) -> None:
        """Let the core hash the image, which takes a while; CoreError if it cannot be read."""
        self.identity = core.firmware_identity().hex()

    @property
    def label(self) -> str:
        """The version, and enough of the identity to tell two builds apart: GV of records."""
        return self.version + "+" + self.identity[:_DIGITS_OF_LABEL]
