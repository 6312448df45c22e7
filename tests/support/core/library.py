"""The core through ctypes: one method per C function, buffers of exactly the length given."""

import ctypes
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from support.core.build import CORE
from support.core.flash import NorFlash

READ = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_size_t
)
ERASE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32)
NOISE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
RESTART = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Storage(ctypes.Structure):
    """`ws_storage`."""

    _fields_ = [
        ("context", ctypes.c_void_p),
        ("sector_size", ctypes.c_uint32),
        ("page_size", ctypes.c_uint32),
        ("sector_count", ctypes.c_uint32),
        ("chip_id", ctypes.POINTER(ctypes.c_uint8)),
        ("read", READ),
        ("program", READ),
        ("erase", ERASE),
    ]


class EntropySource(ctypes.Structure):
    """`ws_entropy_source`."""

    _fields_ = [("context", ctypes.c_void_p), ("read", NOISE), ("restart", RESTART)]


class ScanPattern(ctypes.Structure):
    """`ws_scan_pattern`."""

    _fields_ = [
        ("magic", ctypes.POINTER(ctypes.c_uint8)),
        ("magic_size", ctypes.c_size_t),
        ("number_offset", ctypes.c_uint32),
    ]


class KeyFacts(ctypes.Structure):
    """`ws_key_facts`."""

    _fields_ = [("number", ctypes.c_uint32), ("identity", ctypes.c_uint8 * 32)]


class KeyList(ctypes.Structure):
    """`ws_key_list`."""

    _fields_ = [
        ("broken_slots", ctypes.c_uint32),
        ("count", ctypes.c_uint32),
        ("keys", KeyFacts * 8),
    ]


class Keys(NamedTuple):
    """What `ws_key_inspect` tells: broken slots, and `{number: identity}` in the order told."""

    broken_slots: int
    whole: dict[int, bytes]


class KeyInputs(ctypes.Structure):
    """`ws_key_inputs`."""

    _fields_ = [
        ("entropy", ctypes.POINTER(EntropySource)),
        ("chip_id", ctypes.POINTER(ctypes.c_uint8)),
        ("chip_id_size", ctypes.c_size_t),
        ("identity", ctypes.POINTER(ctypes.c_uint8)),
    ]


class Sha256Context(ctypes.Structure):
    """`ws_sha256_context`."""

    _fields_ = [
        ("state", ctypes.c_uint32 * 8),
        ("size", ctypes.c_size_t),
        ("block", ctypes.c_uint8 * 64),
    ]


class Health(ctypes.Structure):
    """`ws_health`."""

    _fields_ = [
        ("sample_count", ctypes.c_uint32),
        ("history", ctypes.c_uint32),
        ("repetitions", ctypes.c_uint32),
        ("window_first", ctypes.c_uint32),
        ("window_alike", ctypes.c_uint32),
        ("lag_alike", ctypes.c_uint16 * 32),
        ("failed", ctypes.c_uint32),
    ]


HEDGE_SIZE = 256
"""More bytes than a `ws_hedge` has."""

Hedge = ctypes.Array[ctypes.c_uint8]
"""Memory with a `ws_hedge`."""


def new_hedge() -> Hedge:
    """A hedge that is not seeded."""
    return empty(HEDGE_SIZE, 0)


def constant(header: str, name: str) -> int:
    """Value of a `#define` of one number in a header of the core."""
    text = (CORE / header).read_text()
    found = re.search(rf"^#define {name} (\d+|0x[0-9A-F]+)u?\b", text, re.M)
    assert found, f"{header} defines no number {name}"
    return int(found[1], 0)


def buffer_of(data: bytes) -> ctypes.Array[ctypes.c_uint8]:
    """A C array of exactly these bytes."""
    return (ctypes.c_uint8 * len(data)).from_buffer_copy(data)


def empty(size: int, fill: int = 0xEE) -> ctypes.Array[ctypes.c_uint8]:
    """A C array that does not look wiped."""
    return buffer_of(bytes([fill]) * size)


def storage_of(flash: NorFlash) -> Storage:
    """A flash as the C core sees it. Keep `flash` alive while the core uses it."""

    def read(_context: int, offset: int, target: int, size: int) -> int:
        data = flash.read(offset, size)
        if data is None:
            return -5
        ctypes.memmove(target, data, size)
        return 0

    def program(_context: int, offset: int, source: int, size: int) -> int:
        return 0 if flash.program(offset, ctypes.string_at(source, size)) else -5

    def erase(_context: int, sector: int) -> int:
        return 0 if flash.erase(sector) else -5

    return Storage(
        None,
        flash.sector_size,
        flash.page_size,
        flash.sector_count,
        ctypes.cast(buffer_of(flash.chip_id), ctypes.POINTER(ctypes.c_uint8)),
        READ(read),
        READ(program),
        ERASE(erase),
    )


def entropy_of(
    noise: Callable[[int], bytes | None], restart: Callable[[], None] | None = None
) -> EntropySource:
    """A noise source from a function `size -> raw samples`, None when it does not deliver."""

    def read(_context: int, target: int, size: int) -> int:
        samples = noise(size)
        if samples is None:
            return -1
        ctypes.memmove(target, samples, size)
        return 0

    return EntropySource(None, NOISE(read), RESTART(lambda _: restart()) if restart else RESTART())


class Core:
    """The functions of the core. Results that may be refused are `(error name, value)`."""

    def __init__(self, path: Path) -> None:
        self.library = ctypes.CDLL(str(path))
        self.library.ws_error_name.restype = ctypes.c_char_p
        self.library.ws_self_test_name.restype = ctypes.c_char_p
        self.library.ws_crc16.restype = ctypes.c_uint16
        for name in ("ws_crc32", "ws_self_test"):
            getattr(self.library, name).restype = ctypes.c_uint32
        self.library.ws_der_encode.restype = ctypes.c_size_t
        for name in (
            "ws_p256_scalar_valid",
            "ws_p256_point_valid",
            "ws_health_good",
            "ws_hedge_draw",
        ):
            getattr(self.library, name).restype = ctypes.c_bool

    def error_name(self, code: int) -> str:
        return self.library.ws_error_name(code).decode()

    def crc16(self, data: bytes) -> int:
        return self.library.ws_crc16(buffer_of(data), ctypes.c_size_t(len(data)))

    def crc32(self, data: bytes) -> int:
        return self.library.ws_crc32(buffer_of(data), ctypes.c_size_t(len(data)))

    def scan_is_erased(self, flash: NorFlash, offset: int, size: int) -> tuple[str, bool]:
        erased = ctypes.c_bool(True)
        storage = storage_of(flash)
        code = self.library.ws_scan_is_erased(
            ctypes.byref(storage), offset, ctypes.c_size_t(size), ctypes.byref(erased)
        )
        return self.error_name(code), erased.value

    def scan_highest(
        self, flash: NorFlash, magic: bytes, number_offset: int, below: int
    ) -> tuple[str, int]:
        highest = ctypes.c_int32(-2)
        storage = storage_of(flash)
        pattern = ScanPattern(buffer_of(magic), len(magic), number_offset)
        code = self.library.ws_scan_highest(
            ctypes.byref(storage), ctypes.byref(pattern), below, ctypes.byref(highest)
        )
        return self.error_name(code), highest.value

    def sha256(self, data: bytes) -> bytes:
        digest = empty(32)
        self.library.ws_sha256(buffer_of(data), ctypes.c_size_t(len(data)), digest)
        return bytes(digest)

    def sha256_joined(self, head: bytes, tail: bytes) -> bytes:
        digest = empty(32)
        self.library.ws_sha256_joined(
            buffer_of(head),
            ctypes.c_size_t(len(head)),
            buffer_of(tail),
            ctypes.c_size_t(len(tail)),
            digest,
        )
        return bytes(digest)

    def sha256_pieces(self, pieces: list[bytes]) -> tuple[bytes, bytes]:
        """Digest of the pieces in a row, and what the context holds afterwards."""
        context, digest = Sha256Context(), empty(32)
        ctypes.memset(ctypes.byref(context), 0xEE, ctypes.sizeof(context))
        self.library.ws_sha256_init(ctypes.byref(context))
        for piece in pieces:
            size = ctypes.c_size_t(len(piece))
            self.library.ws_sha256_update(ctypes.byref(context), buffer_of(piece), size)
        self.library.ws_sha256_out(ctypes.byref(context), digest)
        return bytes(digest), bytes(context)

    def sha256_over_data(self, data: bytes) -> bytes:
        """The digest, written over the data's first 32 bytes."""
        buffer = buffer_of(data)
        self.library.ws_sha256(buffer, ctypes.c_size_t(len(data)), buffer)
        assert bytes(buffer[32:]) == data[32:]
        return bytes(buffer[:32])

    def scalar_valid(self, scalar: int) -> bool:
        return self.library.ws_p256_scalar_valid(buffer_of(scalar.to_bytes(32)))

    def point_valid(self, point: bytes) -> bool:
        assert len(point) == 65
        return self.library.ws_p256_point_valid(buffer_of(point))

    def public(self, private_key: int) -> tuple[str, bytes]:
        point = empty(65)
        code = self.library.ws_p256_public(buffer_of(private_key.to_bytes(32)), point)
        return self.error_name(code), bytes(point)

    def sign(
        self, private_key: int, digest: bytes, added_entropy: bytes | None = None
    ) -> tuple[str, bytes]:
        assert len(digest) == 32
        added = None if added_entropy is None else buffer_of(added_entropy)
        signature = empty(64)
        key = buffer_of(private_key.to_bytes(32))
        code = self.library.ws_ecdsa_sign(key, buffer_of(digest), added, signature)
        return self.error_name(code), bytes(signature)

    def verify_public_key(self, spki: bytes) -> str:
        return self._verify("ws_verify_public_key", spki)

    def verify(self, spki: bytes, message: bytes, der: bytes) -> str:
        return self._verify("ws_verify", spki, message, der)

    def verify_digest(self, spki: bytes, digest: bytes, der: bytes) -> str:
        return self._verify("ws_verify_digest", spki, digest, der)

    def _verify(self, function: str, *parts: bytes) -> str:
        arguments = [(buffer_of(part), ctypes.c_size_t(len(part))) for part in parts]
        code = getattr(self.library, function)(*(item for pair in arguments for item in pair))
        return self.error_name(code)

    def der_encode(self, signature: bytes) -> bytes:
        der = empty(72)
        size = self.library.ws_der_encode(buffer_of(signature), der)
        assert bytes(der[size:]) == bytes([0xEE]) * (72 - size), "wrote past the size it told"
        return bytes(der[:size])

    def der_decode(self, der: bytes) -> tuple[str, bytes]:
        signature = empty(64)
        size = ctypes.c_size_t(len(der))
        code = self.library.ws_der_decode(buffer_of(der), size, signature)
        return self.error_name(code), bytes(signature)

    def spki_encode(self, point: bytes) -> bytes:
        spki = empty(91)
        self.library.ws_spki_encode(buffer_of(point), spki)
        return bytes(spki)

    def spki_decode(self, spki: bytes) -> tuple[str, bytes]:
        point = empty(65)
        code = self.library.ws_spki_decode(buffer_of(spki), ctypes.c_size_t(len(spki)), point)
        return self.error_name(code), bytes(point)

    def drbg(self, seed: bytes, personalisation: bytes, sizes: list[int]) -> list[bytes] | str:
        """Outputs of these sizes, one after the other, or the name of the error."""
        state = empty(512)
        code = self.library.ws_drbg_init(
            state,
            buffer_of(seed),
            ctypes.c_size_t(len(seed)),
            buffer_of(personalisation) if personalisation else None,
            ctypes.c_size_t(len(personalisation)),
        )
        if code != 0:
            return self.error_name(code)
        outputs = []
        for size in sizes:
            out = empty(size)
            self.library.ws_drbg_generate(state, out, ctypes.c_size_t(size))
            outputs.append(bytes(out))
        return outputs

    def entropy_seed(
        self, noise: Callable[[int], bytes | None], restart: Callable[[], None] | None = None
    ) -> tuple[str, bytes]:
        seed = empty(64)
        source = entropy_of(noise, restart)
        code = self.library.ws_entropy_seed(ctypes.byref(source), seed)
        return self.error_name(code), bytes(seed)

    def random(
        self, noise: Callable[[int], bytes | None], personalisation: bytes
    ) -> tuple[str, bytes]:
        out = empty(32)
        source = entropy_of(noise)
        size = ctypes.c_size_t(len(personalisation))
        code = self.library.ws_random(ctypes.byref(source), buffer_of(personalisation), size, out)
        return self.error_name(code), bytes(out)

    def hedge_seed(
        self, hedge: Hedge, noise: Callable[[int], bytes | None], personalisation: bytes = b""
    ) -> str:
        source = entropy_of(noise)
        size = ctypes.c_size_t(len(personalisation))
        code = self.library.ws_hedge_seed(
            hedge, ctypes.byref(source), buffer_of(personalisation), size
        )
        return self.error_name(code)

    def hedge_draw(self, hedge: Hedge | None) -> bytes | None:
        added = empty(32)
        drawn = self.library.ws_hedge_draw(hedge, added)
        assert drawn or bytes(added) == bytes([0xEE]) * 32
        return bytes(added) if drawn else None

    def key_inspect(self, flash: NorFlash) -> tuple[str, Keys]:
        found = KeyList()
        ctypes.memset(ctypes.byref(found), 0xEE, ctypes.sizeof(found))
        storage = storage_of(flash)
        code = self.library.ws_key_inspect(ctypes.byref(storage), ctypes.byref(found))
        whole = {key.number: bytes(key.identity) for key in found.keys[: found.count]}
        assert len(whole) == found.count
        return self.error_name(code), Keys(found.broken_slots, whole)

    def key_create(
        self,
        flash: NorFlash,
        noise: Callable[[int], bytes | None],
        chip_id: bytes = b"",
        identity: bytes = bytes(32),
        number: int = 1,
    ) -> str:
        source = entropy_of(noise)
        inputs = KeyInputs(
            ctypes.pointer(source),
            ctypes.cast(buffer_of(chip_id), ctypes.POINTER(ctypes.c_uint8)),
            len(chip_id),
            ctypes.cast(buffer_of(identity), ctypes.POINTER(ctypes.c_uint8)),
        )
        storage = storage_of(flash)
        code = self.library.ws_key_create(
            ctypes.byref(storage), ctypes.byref(inputs), ctypes.c_uint32(number)
        )
        return self.error_name(code)

    def key_erase(self, flash: NorFlash, number: int) -> str:
        storage = storage_of(flash)
        code = self.library.ws_key_erase(ctypes.byref(storage), ctypes.c_uint32(number))
        return self.error_name(code)

    def key_secure(self, flash: NorFlash, number: int) -> str:
        storage = storage_of(flash)
        code = self.library.ws_key_secure(ctypes.byref(storage), ctypes.c_uint32(number))
        return self.error_name(code)

    def key_erase_all(self, flash: NorFlash) -> str:
        storage = storage_of(flash)
        return self.error_name(self.library.ws_key_erase_all(ctypes.byref(storage)))

    def key_discard_broken(self, flash: NorFlash) -> tuple[str, int]:
        erased = ctypes.c_uint32(0xEEEEEEEE)
        storage = storage_of(flash)
        code = self.library.ws_key_discard_broken(ctypes.byref(storage), ctypes.byref(erased))
        return self.error_name(code), erased.value

    def key_public(self, flash: NorFlash, number: int = 1) -> tuple[str, bytes]:
        spki = empty(91)
        storage = storage_of(flash)
        code = self.library.ws_key_public(ctypes.byref(storage), ctypes.c_uint32(number), spki)
        return self.error_name(code), bytes(spki)

    def key_sign(
        self, flash: NorFlash, digest: bytes, number: int = 1, hedge: Hedge | None = None
    ) -> tuple[str, bytes]:
        signature = empty(64)
        storage = storage_of(flash)
        code = self.library.ws_key_sign(
            ctypes.byref(storage), ctypes.c_uint32(number), hedge, buffer_of(digest), signature
        )
        return self.error_name(code), bytes(signature)

    def sign_record(
        self,
        flash: NorFlash,
        payload: bytes,
        capacity: int = 194,
        number: int = 1,
        hedge: Hedge | None = None,
    ) -> tuple[str, bytes]:
        text = empty(capacity)
        size = ctypes.c_size_t(0xEEEE)
        storage = storage_of(flash)
        code = self.library.ws_sign_record(
            ctypes.byref(storage),
            ctypes.c_uint32(number),
            hedge,
            buffer_of(payload),
            ctypes.c_size_t(len(payload)),
            text,
            ctypes.c_size_t(capacity),
            ctypes.byref(size),
        )
        assert bytes(text[size.value :]) == bytes([0xEE]) * (capacity - size.value)
        return self.error_name(code), bytes(text[: size.value])

    def sign_statement(
        self, flash: NorFlash, text: bytes, number: int = 1, hedge: Hedge | None = None
    ) -> tuple[str, bytes]:
        der = empty(72)
        size = ctypes.c_size_t(0xEEEE)
        storage = storage_of(flash)
        code = self.library.ws_sign_statement(
            ctypes.byref(storage),
            ctypes.c_uint32(number),
            hedge,
            buffer_of(text),
            ctypes.c_size_t(len(text)),
            der,
            ctypes.byref(size),
        )
        assert bytes(der[size.value :]) == bytes([0xEE]) * (72 - size.value)
        return self.error_name(code), bytes(der[: size.value])

    def self_test(self, tests: int = 0x7F) -> set[str]:
        """Names of the tests that failed."""
        failed = self.library.ws_self_test(ctypes.c_uint32(tests))
        return {self.self_test_name(bit) or f"bit {bit}" for bit in range(32) if failed >> bit & 1}

    def self_test_name(self, bit: int) -> str | None:
        name = self.library.ws_self_test_name(bit)
        return name.decode() if name else None
