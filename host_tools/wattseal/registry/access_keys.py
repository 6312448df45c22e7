"""Access keys: `wsk_`, the key's public id, `_`, and a secret of which only a hash is recorded."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from datetime import UTC, datetime
from typing import NamedTuple

from wattseal.registry.failures import AccessError
from wattseal.registry.ledger import Ledger
from wattseal.registry.requests import AccessState

_ID_CHARACTERS = "abcdefghijklmnopqrstuvwxyz234567"
_ID_LENGTH = 12
_SECRET_BYTES = 32
_KEY = re.compile(r"wsk_([a-z2-7]{12})_([a-z2-7]{52})")
_NO_SECRET = "0" * 64


class NewKey(NamedTuple):
    """A key that was just made: `text` is told once, `secret_sha256` is recorded."""

    key_id: str
    text: str
    secret_sha256: str


def make_key() -> NewKey:
    """A key with a new secret of 256 bits."""
    key_id = "".join(secrets.choice(_ID_CHARACTERS) for _ in range(_ID_LENGTH))
    secret = base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode().rstrip("=").lower()
    return read_key(f"wsk_{key_id}_{secret}")


def read_key(text: str) -> NewKey:
    """A key's parts. AccessError `access_unknown` if it is not of the form of one."""
    found = _KEY.fullmatch(text)
    if not found:
        raise AccessError("access_unknown")
    return NewKey(found[1], text, hashlib.sha256(text.encode()).hexdigest())


def authenticate(text: str, ledger: Ledger, now_ms: int) -> AccessState:
    """Whom a key lets in. AccessError `access_unknown`, `access_revoked`, `access_expired`."""
    given = read_key(text)
    state = ledger.access(given.key_id)
    expected = state.secret_sha256 if state else _NO_SECRET
    if not hmac.compare_digest(given.secret_sha256, expected) or state is None:
        raise AccessError("access_unknown")
    if state.revoked:
        raise AccessError("access_revoked", key_id=state.key_id)
    if state.until_unix_ms is not None and now_ms > state.until_unix_ms:
        until = datetime.fromtimestamp(state.until_unix_ms // 1000, UTC)
        raise AccessError(
            "access_expired", key_id=state.key_id, until=f"{until:%Y-%m-%d %H:%M} UTC"
        )
    return state
