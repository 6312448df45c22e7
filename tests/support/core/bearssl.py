"""BearSSL's ECDSA, as a second opinion on ours: the tests alone have its curve code."""

import ctypes
import hashlib
import tempfile
from functools import cache
from pathlib import Path

from support.core.build import CACHE, bearssl_root, run

SOURCES = (Path(__file__).parent / "bearssl_curve.txt").read_text().split()
P256 = 23  # BR_EC_secp256r1


class PrivateKey(ctypes.Structure):
    """`br_ec_private_key`."""

    _fields_ = [("curve", ctypes.c_int), ("x", ctypes.c_char_p), ("xlen", ctypes.c_size_t)]


class PublicKey(ctypes.Structure):
    """`br_ec_public_key`."""

    _fields_ = [("curve", ctypes.c_int), ("q", ctypes.c_char_p), ("qlen", ctypes.c_size_t)]


@cache
def library() -> ctypes.CDLL:
    """The compiled library, made once."""
    root = bearssl_root()
    target = CACHE / f"bearssl-{hashlib.sha256(repr((root, SOURCES)).encode()).hexdigest()[:16]}"
    if not target.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as name:
            command = ["gcc", "-O2", "-fPIC", "-shared", f"-I{root / 'inc'}", f"-I{root / 'src'}"]
            run([*command, *(str(root / path) for path in SOURCES), "-o", "out"], Path(name))
            (Path(name) / "out").replace(target)
    return ctypes.CDLL(str(target))


def _implementation() -> ctypes.c_void_p:
    return ctypes.cast(ctypes.byref(ctypes.c_char.in_dll(library(), "br_ec_p256_m15")), _VOID)


_VOID = ctypes.c_void_p


def sign(private_key: int, digest: bytes) -> bytes:
    """r and s by RFC 6979 with HMAC-SHA-256."""
    hash_class = ctypes.cast(
        ctypes.byref(ctypes.c_char.in_dll(library(), "br_sha256_vtable")), _VOID
    )
    signature = ctypes.create_string_buffer(64)
    key = PrivateKey(P256, private_key.to_bytes(32), 32)
    call = library().br_ecdsa_i15_sign_raw
    call.restype = ctypes.c_size_t
    size = call(_implementation(), hash_class, digest, ctypes.byref(key), signature)
    assert size == len(signature)
    return signature.raw


def verifies(point: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether a signature of r and s is good."""
    key = PublicKey(P256, point, len(point))
    call = library().br_ecdsa_i15_vrfy_raw
    call.restype = ctypes.c_uint32
    size = ctypes.c_size_t(len(digest)), ctypes.byref(key), signature, ctypes.c_size_t(64)
    return bool(call(_implementation(), digest, *size))
