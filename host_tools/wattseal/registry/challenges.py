"""Challenges that need no memory: each says how long it is good, under the registry's own mark.

Bytes: 16 random ones, the end of its life (8, Unix time in ms), and the first 16 of an HMAC-SHA-256
over both. A challenge may be answered twice; that a proof of possession is recorded only once, and
only if it is newer than the last, is a rule of its own (possession_not_newer).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Literal

from wattseal.registry.plausibility.limits import CHALLENGE_MS
from wattseal.registry.requests import Challenge

_RANDOM_BYTES = 16
_TIME_BYTES = 8
_MARK_BYTES = 16
_ALL_BYTES = _RANDOM_BYTES + _TIME_BYTES + _MARK_BYTES


class Challenges:
    """Made and known again by whoever has the key (Identity.challenge_key)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, now_ms: int) -> Challenge:
        """A new one."""
        until_ms = now_ms + CHALLENGE_MS
        said = secrets.token_bytes(_RANDOM_BYTES) + until_ms.to_bytes(_TIME_BYTES, "big")
        return Challenge(challenge=(said + self._mark(said)).hex(), until_unix_ms=until_ms)

    def judge(self, challenge: str, now_ms: int) -> Literal["good", "unknown", "expired"]:
        """Whether a challenge, in hex, is the registry's own and still good."""
        try:
            data = bytes.fromhex(challenge)
        except ValueError:
            return "unknown"
        said, mark = data[:-_MARK_BYTES], data[-_MARK_BYTES:]
        if len(data) != _ALL_BYTES or not hmac.compare_digest(mark, self._mark(said)):
            return "unknown"
        until_ms = int.from_bytes(said[_RANDOM_BYTES:], "big")
        return "good" if now_ms <= until_ms else "expired"

    def _mark(self, said: bytes) -> bytes:
        return hmac.new(self._key, said, hashlib.sha256).digest()[:_MARK_BYTES]
