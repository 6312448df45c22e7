"""The owner of the modules on the rig, whose signature opens their seals.

The key is made from a word that everybody can read here: it is for modules on desks only. It is
the same in every run, so that a board on a serial port can be opened again the next day.
"""

import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from wattseal.wire.owner_challenge import signed_bytes

CURVE = ec.SECP256R1()


class Owner:
    """A key pair; other words make other owners."""

    def __init__(self, word: str = "wattseal rig") -> None:
        number = int.from_bytes(hashlib.sha256(word.encode()).digest(), "big") >> 1
        self.private_key = ec.derive_private_key(number, CURVE)

    @property
    def settings(self) -> dict[str, str]:
        """What a module is configured with to know this owner."""
        spki = self.private_key.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        return {"owner_key": spki.hex()}

    def sign(self, challenge: str) -> str:
        """The answer to a challenge, DER in hex."""
        return self.private_key.sign(signed_bytes(challenge), ec.ECDSA(hashes.SHA256())).hex()
