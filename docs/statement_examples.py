"""The worked examples of docs/statements.md: one module's life, always the same bytes.

The private keys are SHA-256 over a name that everybody can read, and nonces are by RFC 6979: the
examples can be made again anywhere, and the keys are good for nothing else.
"""

import base64
import hashlib
import sys
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "firmware"))

from wire import (
    firmware_manifest,
    merkle,
    owner_challenge,
    publication,
    signed_note,
    signed_time,
    statements,
)

CHIP_ID = "e66138935f4c8b2a"
REGISTRY_NAME = "registry.example/keys"
IMAGE_1 = hashlib.sha256(b"wattseal example image 1").hexdigest()
IMAGE_2 = hashlib.sha256(b"wattseal example image 2").hexdigest()
SETTINGS_SHA256 = hashlib.sha256(b"wattseal example settings").hexdigest()
_CHALLENGE = hashlib.sha256(b"wattseal example challenge").hexdigest()
_CHAIN = hashlib.sha256(b"wattseal example event").hexdigest()
_ZERO_MS = 1_795_263_600_000


def _seed(name: str) -> bytes:
    return hashlib.sha256(f"wattseal example key: {name}".encode()).digest()


class ExampleKey:
    """A P-256 key pair that everybody can make."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._key = ec.derive_private_key(int.from_bytes(_seed(name)), ec.SECP256R1())
        self.spki = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, message: bytes) -> bytes:
        """ECDSA with SHA-256 and the nonce of RFC 6979, DER."""
        return self._key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


MODULE_1 = ExampleKey("module, key 1")
MODULE_2 = ExampleKey("module, key 2")
REGISTRY = ExampleKey("registry")
OWNER = ExampleKey("owner")
VENDOR = ExampleKey("vendor")
_ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(_seed("registry, Ed25519"))
KEYS = (MODULE_1, MODULE_2, REGISTRY, OWNER, VENDOR)

_STATION = {
    "evse_id": "DE*ABC*E0001",
    "gateway_serial": "WS-0001",
    "meter_serial": "1EMH0012345678",
}
_SECOND_IMAGE = {"firmware": "0.2.0", "firmware_identity": IMAGE_2, "rollback_number": 1}
_KEY_2 = {"key_number": 2, "public_key": MODULE_2.spki.hex()}


def handover() -> str:
    """The hand-over from the first key to the second image."""
    return statements.build_statement(
        "handover",
        chip_id=CHIP_ID,
        key_number=1,
        public_key=MODULE_1.spki.hex(),
        firmware_identity=IMAGE_1,
        next_firmware="0.2.0",
        next_firmware_identity=IMAGE_2,
        next_rollback_number=1,
        commissioning=1,
        last_pagination=42,
        unix_ms=_ZERO_MS,
        event_number=90,
        event_chain=_CHAIN,
    )


def statement_examples() -> dict[str, tuple[str, tuple[ExampleKey, ...]]]:
    """Of each type of statement `(text, who signs it, in order)`."""
    return {
        "birth": (
            statements.build_statement(
                "birth",
                chip_id=CHIP_ID,
                key_number=1,
                public_key=MODULE_1.spki.hex(),
                firmware="0.1.0",
                firmware_identity=IMAGE_1,
                rollback_number=1,
                last_pagination=0,
                after_unix_ms=None,
            ),
            (MODULE_1,),
        ),
        "handover": (handover(), (MODULE_1,)),
        "rollover": (
            statements.build_statement(
                "rollover",
                chip_id=CHIP_ID,
                old_key_number=1,
                old_public_key=MODULE_1.spki.hex(),
                old_firmware_identity=IMAGE_1,
                handover=2,
                handover_sha256=hashlib.sha256(handover().encode()).hexdigest(),
                last_pagination=42,
                after_unix_ms=_ZERO_MS,
                **_KEY_2,
                **_SECOND_IMAGE,
            ),
            (MODULE_2,),
        ),
        "possession": (
            statements.build_statement(
                "possession",
                challenge=_CHALLENGE,
                meter_vendor="EMH",
                meter_model="ED300L",
                chip_id=CHIP_ID,
                firmware="0.2.0",
                firmware_identity=IMAGE_2,
                commissioning=1,
                settings_sha256=SETTINGS_SHA256,
                unix_ms=_ZERO_MS + 60_000,
                **_KEY_2,
                **_STATION,
            ),
            (MODULE_2,),
        ),
        "event_head": (
            statements.build_statement(
                "event_head",
                challenge=_CHALLENGE,
                chip_id=CHIP_ID,
                key_number=2,
                number=98,
                chain=_CHAIN,
                unix_ms=_ZERO_MS + 120_000,
            ),
            (MODULE_2,),
        ),
        "farewell": (
            statements.build_statement(
                "farewell",
                chip_id=CHIP_ID,
                firmware_identity=IMAGE_2,
                last_pagination=44,
                unix_ms=_ZERO_MS + 180_000,
                event_number=98,
                event_chain=_CHAIN,
                **_KEY_2,
            ),
            (MODULE_2,),
        ),
    }


def entry() -> str:
    """The entry of the log that publishes key 2."""
    return publication.build_leaf(
        chip_id=CHIP_ID,
        firmware_identity=IMAGE_2,
        commissioning=1,
        settings_sha256=SETTINGS_SHA256,
        unix_ms=_ZERO_MS + 90_000,
        details=hashlib.sha256(b"wattseal example record of the registry").hexdigest(),
        **_KEY_2,
        **_STATION,
    )


def published() -> tuple[str, int, list[bytes]]:
    """`(checkpoint, index, proof)`: the entry is the second of three."""
    others = [merkle.leaf_hash(b"wattseal example entry %d" % index) for index in (0, 2)]
    proof = [others[0], others[1]]
    root = merkle.root_from_inclusion_proof(1, 3, merkle.leaf_hash(entry().encode()), proof)
    return _checkpoint(3, root), 1, proof


def _checkpoint(size: int, root: bytes) -> str:
    """The signed note of a tree, with the lines of both keys of the registry."""
    text = f"{REGISTRY_NAME}\n{size}\n{base64.b64encode(root).decode()}\n"
    lines = (
        _ed25519_id() + _ED25519.sign(text.encode()),
        signed_note.ecdsa_key_id(REGISTRY.spki) + REGISTRY.sign(text.encode()),
    )
    return f"{text}\n" + "".join(
        f"\u2014 {REGISTRY_NAME} {base64.b64encode(line).decode()}\n" for line in lines
    )


def _ed25519_id() -> bytes:
    typed = b"\x01" + _ED25519.public_key().public_bytes_raw()
    return hashlib.sha256(REGISTRY_NAME.encode() + b"\n" + typed).digest()[:4]


def ed25519_line() -> str:
    """The registry's Ed25519 key as clients of tile logs are given it."""
    typed = b"\x01" + _ED25519.public_key().public_bytes_raw()
    return f"{REGISTRY_NAME}+{_ed25519_id().hex()}+{base64.b64encode(typed).decode()}"


def challenge(action: str) -> str:
    """The challenge for an action of the owner."""
    nonce = hashlib.sha256(b"wattseal example nonce").hexdigest()
    facts = {
        "archive_events": {"through": 90},
        "close_session": {"begin_pagination": 41},
        "update": {"firmware": "0.2.0", "firmware_identity": IMAGE_2},
        "set_time": {"unix_ms": _ZERO_MS},
    }
    return owner_challenge.build_challenge(action, CHIP_ID, nonce, 98, **facts.get(action, {}))


def signed_time_text() -> str:
    """What the registry or the owner signs to give the module the time."""
    nonce = hashlib.sha256(b"wattseal example nonce").hexdigest()
    return signed_time.build_time(CHIP_ID, nonce, _ZERO_MS)


def manifest() -> str:
    """The manifest of the second image."""
    return firmware_manifest.build_manifest("rp2040", "0.2.0", 1, 413_184, IMAGE_2)
