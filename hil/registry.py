"""A small public-key registry for tests: an append-only log in memory, and the proofs from it.

What a registry adds for people (accounts, pages, a database) has no part in what a module checks.
This one does the part that has: it takes a module's proof of possession, writes the entry, and
answers with the entry's place, its inclusion proof and the signed checkpoint.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_der_public_key
from wattseal.tlog.checkpoint import Checkpoint, EcdsaSigner, Ed25519Signer, sign_note
from wattseal.wire.publication import build_leaf
from wattseal.wire.signed_time import build_time
from wattseal.wire.signed_time import signed_bytes as signed_bytes_of_time
from wattseal.wire.statements import read_statement, signed_bytes

from hil import transparency_log as tree

NAME = "rig.wattseal.example/keys"
CHALLENGE_BYTES = 32
COPIED_MEMBERS = (
    *("evse_id", "gateway_serial", "meter_serial", "chip_id", "key_number", "public_key"),
    *("firmware_identity", "commissioning", "settings_sha256"),
)


class RegistryError(Exception):
    """The registry does not take this; the message says why."""


@dataclass(frozen=True)
class Publication:
    """What the registry answers: all that `accept_publication` asks for."""

    checkpoint: str
    leaf: str
    leaf_index: int
    proof: tuple[bytes, ...]

    def params(self) -> dict[str, Any]:
        """The params of the link's method."""
        return {
            "checkpoint": self.checkpoint.encode().hex(),
            "leaf": self.leaf,
            "leaf_index": self.leaf_index,
            "proof": b"".join(self.proof).hex(),
        }

    def text(self) -> str:
        """The file that `wattseal device publish` takes."""
        proof = [each.hex() for each in self.proof]
        return json.dumps({**self.params(), "checkpoint": self.checkpoint, "proof": proof})


class Registry:
    """The log. Its keys are its own, so two registries never speak for each other."""

    def __init__(self, name: str = NAME) -> None:
        self.name = name
        self._ecdsa = EcdsaSigner(name, ec.generate_private_key(ec.SECP256R1()))
        self._ed25519 = Ed25519Signer(name, ed25519.Ed25519PrivateKey.generate())
        self._leaves: list[str] = []
        self._challenges: set[str] = set()

    @property
    def settings(self) -> dict[str, str]:
        """What a module is configured with to know this registry."""
        return {"registry_name": self.name, "registry_key": self._ecdsa.public.spki.hex()}

    @property
    def size(self) -> int:
        """Number of entries."""
        return len(self._leaves)

    def challenge(self) -> str:
        """A fresh challenge for a proof of possession, good for one registration."""
        made = secrets.token_hex(CHALLENGE_BYTES)
        self._challenges.add(made)
        return made

    def sign_time(self, chip_id: str, nonce: str, unix_ms: int) -> str:
        """The signature of its key over a time for a module's question, DER in hex."""
        return self._ecdsa.sign(signed_bytes_of_time(build_time(chip_id, nonce, unix_ms))).hex()

    def register(self, statement: str, signature: str, unix_ms: int) -> Publication:
        """Write the entry of a module that has proven its key, and publish it.

        RegistryError if the statement is no proof of possession over a challenge of this registry,
        signed by the key that it names.
        """
        facts = read_statement(statement)
        if facts["type"] != "possession":
            raise RegistryError("the statement is no proof of possession")
        if facts["challenge"] not in self._challenges:
            raise RegistryError("the challenge is not one of this registry, or was used")
        key = load_der_public_key(bytes.fromhex(str(facts["public_key"])))
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise RegistryError("the key is not on an elliptic curve")
        key.verify(bytes.fromhex(signature), signed_bytes(statement), ec.ECDSA(hashes.SHA256()))
        self._challenges.remove(str(facts["challenge"]))
        details = hashlib.sha256(statement.encode()).hexdigest()
        copied = {name: facts[name] for name in COPIED_MEMBERS}
        self.append(build_leaf(**copied, unix_ms=unix_ms, details=details))
        return self.publication(self.size - 1)

    def append(self, leaf: str) -> None:
        """Write an entry, whatever it says."""
        self._leaves.append(leaf)

    def grow(self, size: int) -> None:
        """Let others register until the log has so many entries."""
        while self.size < size:
            self.append(f"entry {self.size} of another module")

    def publication(self, index: int, size: int | None = None) -> Publication:
        """The proof for an entry in the log as it is, or as it was at an earlier size."""
        leaves = self.leaf_hashes()[:size]
        return Publication(
            checkpoint=self.checkpoint(tree.root(leaves), len(leaves)),
            leaf=self._leaves[index],
            leaf_index=index,
            proof=tuple(tree.inclusion_proof(leaves, index)),
        )

    def checkpoint(self, root: bytes, size: int, origin: str | None = None) -> str:
        """A checkpoint signed by both keys, over whatever it is told to say."""
        text = Checkpoint(origin or self.name, size, root).text
        return str(sign_note(text, [self._ed25519, self._ecdsa]))

    def forked(self, index: int) -> Publication:
        """A proof for an entry in a log of the same size in which another entry was rewritten.

        Properly signed: this is what a registry that cheats would show.
        """
        leaves = self.leaf_hashes()
        leaves[0 if index else -1] = bytes(tree.leaf_hash(b"rewritten"))
        return Publication(
            checkpoint=self.checkpoint(tree.root(leaves), len(leaves)),
            leaf=self._leaves[index],
            leaf_index=index,
            proof=tuple(tree.inclusion_proof(leaves, index)),
        )

    def leaf_hashes(self) -> list[bytes]:
        """Of all entries, in order."""
        return [bytes(tree.leaf_hash(leaf.encode())) for leaf in self._leaves]
