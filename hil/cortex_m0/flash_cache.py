"""The model of the RP2040's flash cache for itself, to replay recorded accesses through it."""

import ctypes
import weakref
from array import array

from hil.cortex_m0.library import load_library

FLASH_WINDOW = range(0x10000000, 0x11000000)
"""Addresses through which the flash is read by way of the cache."""


class FlashCache:
    """16 KB, two ways, lines of 8 bytes; empty at first. The line used longest ago gives way.

    A model: the datasheet does not say which line gives way, and the processor fetches ahead of
    what it executes.
    """

    def __init__(self) -> None:
        self._library = load_library()
        self._cache = self._library.flash_cache_new()
        if self._cache is None:
            raise MemoryError("no memory for the model of the cache")
        weakref.finalize(self, self._library.flash_cache_free, self._cache)

    def replay(self, addresses: "array[int]") -> int:
        """Read from these addresses (an array of type "I") in their order; the misses."""
        if addresses.typecode != "I" or addresses.itemsize != 4:
            raise TypeError("addresses are an array of 32-bit numbers, type I")
        if not addresses:
            return 0
        place = (ctypes.c_uint32 * len(addresses)).from_buffer(addresses)
        return int(self._library.flash_cache_replay(self._cache, place, len(addresses)))

    def flush(self) -> None:
        """Empty the cache, as writing to the flash does."""
        self._library.flash_cache_flush(self._cache)
