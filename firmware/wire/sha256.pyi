"""What sha256.py offers, whichever of the two gives it."""

def sha256(data: bytes | bytearray | memoryview) -> bytes:
    """SHA-256 of data, 32 bytes."""
