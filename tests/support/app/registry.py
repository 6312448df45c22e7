"""A public-key registry's log in memory: RFC 6962 hashes, checkpoints signed with ECDSA.

It shares no code with the firmware, and `checkpoint` lies to order.
"""

import base64
import hashlib
import json

from cryptography.hazmat.primitives.asymmetric import ec

from .core import SIGNING, spki_of

NAME = "registry.example/keys"
OTHER_LINE = "\u2014 witness.example/w " + base64.b64encode(b"otherid!" * 9).decode() + "\n"
"""A signature of somebody whom the module does not know."""


class FakeRegistry:
    """`entries` are the log's; the first ones are other people's."""

    def __init__(self, secret: int = 5, name: str = NAME) -> None:
        self.key = ec.derive_private_key(secret, ec.SECP256R1())
        self.name = name
        self.public_key = spki_of(self.key)
        self.entries = [f"entry {number}" for number in range(5)]

    def register(self, possession: dict, **changes: object) -> int:
        """Append the entry for a module's proof of possession; its index."""
        leaf: dict = {"type": "registration", "version": 2}
        for name in (
            "evse_id",
            "gateway_serial",
            "meter_serial",
            "chip_id",
            "key_number",
            "public_key",
            "firmware_identity",
            "commissioning",
            "settings_sha256",
        ):
            leaf[name] = possession[name]
        leaf["unix_ms"] = 1_780_000_000_000
        leaf["details"] = hashlib.sha256(b"details").hexdigest()
        leaf.update(changes)
        self.entries.append(json.dumps(leaf, separators=(",", ":")))
        self.entries.append("entry behind it")
        return len(self.entries) - 2

    def proof(self, index: int) -> dict:
        """The params of accept_publication."""
        hashes = [_leaf(entry) for entry in self.entries]
        return {
            "checkpoint": self.checkpoint().hex(),
            "leaf": self.entries[index],
            "leaf_index": index,
            "proof": b"".join(_path(index, hashes)).hex(),
        }

    def text(self, origin: str | None = None) -> str:
        """The checkpoint's text."""
        root = base64.b64encode(_root([_leaf(entry) for entry in self.entries])).decode()
        return f"{origin or self.name}\n{len(self.entries)}\n{root}\n"

    def checkpoint(self, text: str | None = None) -> bytes:
        """The signed note of a checkpoint."""
        text = text or self.text()
        return f"{text}\n{OTHER_LINE}{self.signature_line(text)}".encode()

    def signature_line(self, text: str) -> str:
        """The line of this registry's signature over a text."""
        key_id = hashlib.sha256(self.public_key).digest()[:4]
        signature = self.key.sign(text.encode(), SIGNING)
        return f"\u2014 {self.name} {base64.b64encode(key_id + signature).decode()}\n"


def _leaf(entry: str) -> bytes:
    return hashlib.sha256(b"\x00" + entry.encode()).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(count: int) -> int:
    return 1 << (count - 1).bit_length() - 1


def _root(hashes: list[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    middle = _split(len(hashes))
    return _node(_root(hashes[:middle]), _root(hashes[middle:]))


def _path(index: int, hashes: list[bytes]) -> list[bytes]:
    if len(hashes) == 1:
        return []
    middle = _split(len(hashes))
    if index < middle:
        return [*_path(index, hashes[:middle]), _root(hashes[middle:])]
    return [*_path(index - middle, hashes[middle:]), _root(hashes[:middle])]
