"""What digests.py offers, whichever of the two gives it."""

def crc32(data: bytes | bytearray | memoryview, /) -> int:
    """CRC-32 of data, that of zlib, 0..0xFFFFFFFF."""

def sha256(data: bytes | bytearray | memoryview) -> bytes:
    """SHA-256 of data, 32 bytes."""
