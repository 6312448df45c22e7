"""Typed signatures of the C module `_usb_link`: bytes over USB CDC, in images with a USB link.

A reply waits here until the host fetches it, however long; it is dropped when the host opens or
closes the port (DTR changes) or resets the bus.
"""

def start() -> None:
    """Forget at each reset of the bus what an earlier host has left."""

def read(max_bytes: int, /) -> bytes:
    """Return at most max_bytes that have arrived; b"" if none have."""

def write(data: bytes, /) -> int:
    """Put as much into the buffer as there is room for; how much that was."""

def wait(timeout_ms: int, /) -> bool:
    """Return when bytes are readable (True) or after timeout_ms (False)."""

def wait_for_room(timeout_ms: int, /) -> bool:
    """Return when the longest line can be written (True) or after timeout_ms (False)."""

def wait_until_fetched(timeout_ms: int, /) -> bool:
    """Return when the host has fetched all that was written (True) or after timeout_ms (False)."""
