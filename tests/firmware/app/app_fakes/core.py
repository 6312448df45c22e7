"""The signing core over fake flash: it really signs, and its key is made of flash operations."""

import hashlib
import struct
import zlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .flash import PAGE_BYTES, CoreError, FakeFlash

AREA_KEYS = 0
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class FakeCore(FakeFlash):
    """What `_wattseal` offers; the key lies in an area of its own, in two pages that a cut parts.

    `failing_tests` is what self_test tells; `entropy_fails` makes key_create refuse.
    """

    AREA_SETTINGS = 1
    AREA_EVENTS = 2
    AREA_JOURNAL = 3
    KEY_EMPTY = 0
    KEY_VALID = 1
    KEY_BROKEN = 2
    CoreError = CoreError

    def __init__(self, seed: int = 0, events: int = 8, journal: int = 8) -> None:
        super().__init__({AREA_KEYS: 1, 1: 4, 2: events, 3: journal}, seed)
        self.failing_tests: tuple[str, ...] = ()
        self.entropy_fails = False
        self.seals = 0

    def self_test(self, everything: bool, /) -> tuple[str, ...]:
        return self.failing_tests

    def chip_id(self) -> bytes:
        return bytes(range(8))

    def sha256(self, data: bytes) -> bytes:
        return hashlib.sha256(data).digest()

    # --- the key -----------------------------------------------------------------------------

    def _slot(self) -> bytearray:
        slot = bytearray(2 * PAGE_BYTES)
        self.flash_read(AREA_KEYS, 0, slot)
        return slot

    def key_state(self) -> tuple[int, int]:
        slot = self._slot()
        if slot == b"\xff" * len(slot):
            return self.KEY_EMPTY, 0
        number, _, crc = struct.unpack_from("<I32sI", slot)
        if crc == zlib.crc32(slot[:36]) and slot[PAGE_BYTES:] == b"\x00" * PAGE_BYTES:
            return self.KEY_VALID, number
        return self.KEY_BROKEN, 0

    def key_create(self) -> int:
        state = self.key_state()[0]
        if state != self.KEY_EMPTY:
            raise CoreError(
                *((-6, "key_exists") if state == self.KEY_VALID else (-7, "key_broken"))
            )
        if self.entropy_fails:
            raise CoreError(-4, "entropy")
        page = bytearray(b"\xff" * PAGE_BYTES)
        struct.pack_into("<I32s", page, 0, 1, self.random.randbytes(32))
        struct.pack_into("<I", page, 36, zlib.crc32(page[:36]))
        self.flash_program(AREA_KEYS, 0, page)
        self.flash_program(AREA_KEYS, PAGE_BYTES, b"\x00" * PAGE_BYTES)
        return 1

    def key_discard_broken(self) -> int:
        if self.key_state()[0] != self.KEY_BROKEN:
            return 0
        self.flash_erase(AREA_KEYS, 0)
        return 1

    def _key(self) -> ec.EllipticCurvePrivateKey:
        state, _ = self.key_state()
        if state != self.KEY_VALID:
            raise CoreError(*((-5, "no_key") if state == self.KEY_EMPTY else (-7, "key_broken")))
        secret = int.from_bytes(self._slot()[4:36], "big") % (ORDER - 1) + 1
        return ec.derive_private_key(secret, ec.SECP256R1())

    def key_public(self) -> bytes:
        return (
            self._key()
            .public_key()
            .public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )

    def seal(self, payload: bytes) -> bytes:
        self.seals += 1
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        signature = self._key().sign(bytes(payload), algorithm)
        return b'{"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SD":"%s"}' % signature.hex().encode()
