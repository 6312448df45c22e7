"""The signing core over fake flash: it really signs, and its keys are made of flash operations."""

import hashlib
import struct
import zlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .flash import PAGE_BYTES, SECTOR_BYTES, CoreError, FakeFlash

AREA_KEYS = 0
KEY = "<I32s32s8sI"
"""Number, identity, secret, chip and CRC of a stored key."""
KEY_BYTES = struct.calcsize(KEY)
SLOTS = 4
FIRST_IMAGE = hashlib.sha256(b"first image").digest()
STATEMENT_PREFIX = b"wattseal.statement.v1\n"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SIGNING = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
HEDGED_SIGNING = ec.ECDSA(hashes.SHA256())


class FakeCore(FakeFlash):
    """What `_wattseal` offers; a key lies in a sector of its own, in two pages that a cut parts.

    `failing_tests` is what self_test tells; `entropy_fails` makes key_create and random refuse;
    `image` is the running one's identity, `chip` the id of the chip that has the flash now.
    `hedges` is whether the port adds entropy to nonces: not unless a test sets it, because hedged
    signatures differ in length from run to run. Of each signature, `signed_hedged` tells whether it
    was.
    """

    AREA_SETTINGS = 1
    AREA_STATEMENTS = 2
    AREA_EVENTS = 3
    AREA_JOURNAL = 4
    CoreError = CoreError

    def __init__(
        self, seed: int = 0, events: int = 8, journal: int = 8, statements: int = 4
    ) -> None:
        sectors = {AREA_KEYS: SLOTS, 1: 4, 2: statements, 3: events, 4: journal}
        super().__init__(sectors, seed)
        self.failing_tests: tuple[str, ...] = ()
        self.entropy_fails = False
        self.image = FIRST_IMAGE
        self.chip = bytes(range(8))
        self.seals = 0
        self.hedges = self._is_hedged = False
        self.signed_hedged: list[bool] = []

    def power_up(self) -> None:
        super().power_up()
        self._is_hedged = False

    def self_test(self, everything: bool, /) -> tuple[str, ...]:
        return self.failing_tests

    def firmware_identity(self) -> bytes:
        return self.image

    def hedge(self) -> bool:
        self._is_hedged = self.hedges and not self.entropy_fails
        return self._is_hedged

    def random(self) -> bytes:
        if self.entropy_fails:
            raise CoreError(-4, "entropy")
        return self.noise.randbytes(32)

    def chip_id(self) -> bytes:
        return self.chip

    def sha256(self, data: bytes) -> bytes:
        return hashlib.sha256(data).digest()

    # --- the keys ----------------------------------------------------------------------------

    def _slot(self, slot: int) -> bytes:
        content = bytearray(SECTOR_BYTES)
        self.flash_read(AREA_KEYS, slot * SECTOR_BYTES, content)
        return bytes(content)

    def _read(self) -> tuple[list[int], list[int], dict[int, tuple[int, bytes, int]], list[int]]:
        """Blank slots, broken ones, `number: (slot, identity, secret)` of the whole keys, and the
        slots with keys of other chips.
        """
        blank, broken, foreign, whole = [], [], [], {}
        for slot in range(SLOTS):
            content = self._slot(slot)
            number, identity, secret, chip, crc = struct.unpack_from(KEY, content)
            is_committed = content[PAGE_BYTES : 2 * PAGE_BYTES] == bytes(PAGE_BYTES)
            if content == b"\xff" * SECTOR_BYTES:
                blank.append(slot)
            elif crc != zlib.crc32(content[: KEY_BYTES - 4]) or not is_committed:
                broken.append(slot)
            elif chip != self.chip:
                foreign.append(slot)
            else:
                assert number not in whole, "two whole keys of one number"
                whole[number] = (slot, identity, int.from_bytes(secret, "big"))
        return blank, broken, whole, foreign

    def key_slots(self) -> tuple[int, tuple[tuple[int, bytes], ...]]:
        _, broken, whole, foreign = self._read()
        if foreign:
            raise CoreError(-12, "key_of_other_chip")
        return len(broken), tuple((number, whole[number][1]) for number in sorted(whole))

    def key_create(self, number: int) -> None:
        blank, _, whole, _ = self._read()
        if number in whole:
            raise CoreError(-6, "key_exists")
        if not blank:
            raise CoreError(-2, "space")
        if self.entropy_fails:
            raise CoreError(-4, "entropy")
        page = bytearray(b"\xff" * PAGE_BYTES)
        key = (number, self.image, self.noise.randbytes(32), self.chip, 0)
        struct.pack_into(KEY, page, 0, *key)
        struct.pack_into("<I", page, KEY_BYTES - 4, zlib.crc32(page[: KEY_BYTES - 4]))
        self.flash_erase(AREA_KEYS, blank[0])
        self.flash_program(AREA_KEYS, blank[0] * SECTOR_BYTES, page)
        self.flash_program(AREA_KEYS, blank[0] * SECTOR_BYTES + PAGE_BYTES, bytes(PAGE_BYTES))

    def key_secure(self, number: int) -> None:
        self._key(number)
        slot = self._read()[2][number][0]
        for page in range(2):
            offset = slot * SECTOR_BYTES + page * PAGE_BYTES
            self.flash_program(
                AREA_KEYS, offset, bytes(self.content[AREA_KEYS][offset : offset + PAGE_BYTES])
            )

    def key_erase(self, number: int) -> None:
        whole = self._read()[2]
        if number not in whole:
            raise CoreError(-5, "no_key")
        self._erase(whole[number][0])

    def key_erase_all(self) -> None:
        for slot in range(SLOTS):
            self._erase(slot)

    def key_discard_broken(self) -> int:
        broken = self._read()[1]
        for slot in broken:
            self._erase(slot)
        return len(broken)

    def _erase(self, slot: int) -> None:
        """Zeros over the key first, as the real core does: an erase that is cut may leave it."""
        self.flash_program(AREA_KEYS, slot * SECTOR_BYTES, bytes(PAGE_BYTES))
        self.flash_erase(AREA_KEYS, slot)

    def _key(self, number: int) -> ec.EllipticCurvePrivateKey:
        _, broken, whole, foreign = self._read()
        if number not in whole and foreign:
            raise CoreError(-12, "key_of_other_chip")
        if number not in whole:
            raise CoreError(*((-7, "key_broken") if broken else (-5, "no_key")))
        return ec.derive_private_key(whole[number][2] % (ORDER - 1) + 1, ec.SECP256R1())

    def key_public(self, number: int) -> bytes:
        return spki_of(self._key(number))

    # --- signing and checking ----------------------------------------------------------------

    def sign_record(self, number: int, payload: bytes) -> bytes:
        assert payload[:1] == b"{"
        self.seals += 1
        signature = self._sign(number, bytes(payload))
        return b'{"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SD":"%s"}' % signature.hex().encode()

    def sign_statement(self, number: int, text: bytes) -> bytes:
        return self._sign(number, STATEMENT_PREFIX + bytes(text))

    def _sign(self, number: int, message: bytes) -> bytes:
        self.signed_hedged.append(self._is_hedged)
        return self._key(number).sign(message, HEDGED_SIGNING if self._is_hedged else SIGNING)

    def public_key_valid(self, public_key: bytes) -> bool:
        try:
            key = serialization.load_der_public_key(public_key)
        except ValueError:
            return False
        is_ours = isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1"
        return is_ours and spki_of(key) == public_key

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        if not self.public_key_valid(public_key):
            return False
        key = serialization.load_der_public_key(public_key)
        assert isinstance(key, ec.EllipticCurvePublicKey)
        try:
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


def spki_of(key: ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey) -> bytes:
    """SubjectPublicKeyInfo DER of a key's public half."""
    public = key.public_key() if isinstance(key, ec.EllipticCurvePrivateKey) else key
    return public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
