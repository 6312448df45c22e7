"""CRC-32 and SHA-256: on the module from the signing core, elsewhere from the standard library."""

try:
    from _wattseal import crc32, sha256  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    import hashlib
    from binascii import crc32

    def sha256(data: bytes | bytearray | memoryview) -> bytes:
        """SHA-256 of data, 32 bytes."""
        return hashlib.sha256(data).digest()


__all__ = ("crc32", "sha256")
