"""A fingerprint as words, for two people who compare it over the telephone.

The first 16 bytes of the SHA-256 as 12 words of the English list of BIP 39. The last word holds
four bits of a checksum, so most slips of the tongue give no fingerprint at all. 128 bits are what
somebody would have to match who wanted to pass another key off as this one.
"""

from __future__ import annotations

from functools import cache

from mnemonic import Mnemonic

WORDS = 12
_BYTES = 16


@cache
def _list() -> Mnemonic:
    return Mnemonic("english")


def fingerprint_words(fingerprint: str) -> list[str]:
    """Twelve words for a SHA-256 in hex."""
    return str(_list().to_mnemonic(bytes.fromhex(fingerprint)[:_BYTES])).split()


def is_fingerprint(words: str, fingerprint: str) -> bool:
    """Whether the words, however they are written, are those of the fingerprint."""
    return words.lower().split() == fingerprint_words(fingerprint)
