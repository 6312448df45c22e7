"""The vendor's part on the rig: bundles signed with the key pair that ./dev makes for a clone."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from wattseal.device.update import image_limit
from wattseal.wire.firmware_manifest import build_manifest, signed_bytes

from hil.images import BUILD
from hil.rig import RigError

PRIVATE_KEY = BUILD / "vendor" / "private.pem"


@dataclass(frozen=True)
class Release:
    """An image with what its manifest says of it."""

    image: Path
    board: str
    firmware: str
    rollback_number: int = 1

    @property
    def identity(self) -> str:
        """The firmware identity that a module running it tells: SHA-256 of the image in hex."""
        return hashlib.sha256(self.image.read_bytes()).hexdigest()

    def manifest(self) -> str:
        """The text that the vendor signs; RigError for an image that its board cannot hold."""
        size, limit = self.image.stat().st_size, image_limit(self.board)
        if size > limit:
            raise RigError(f"{self.image} has {size} bytes, the board {self.board} takes {limit}")
        return str(
            build_manifest(self.board, self.firmware, self.rollback_number, size, self.identity)
        )

    def signed(self, key: ec.EllipticCurvePrivateKey | None = None) -> dict[str, Any]:
        """The manifest as the link takes it, signed by the clone's vendor key or by another one."""
        manifest = self.manifest()
        signature = (key or vendor_key()).sign(signed_bytes(manifest), ec.ECDSA(hashes.SHA256()))
        return {"manifest": manifest, "vendor_signature": signature.hex()}


def vendor_key() -> ec.EllipticCurvePrivateKey:
    """The private key of this clone; RigError if ./dev has not made one."""
    if not PRIVATE_KEY.exists():
        raise RigError(f"there is no vendor key {PRIVATE_KEY}; ./dev build makes it")
    key = load_pem_private_key(PRIVATE_KEY.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise RigError(f"{PRIVATE_KEY} is not a key on an elliptic curve")
    return key
