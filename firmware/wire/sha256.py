"""SHA-256: on the module from the signing core, elsewhere from the standard library."""

try:
    from _wattseal import sha256  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    import hashlib

    def sha256(data: bytes | bytearray | memoryview) -> bytes:
        """SHA-256 of data, 32 bytes."""
        return hashlib.sha256(data).digest()


__all__ = ("sha256",)
