"""A proof of possession: read, and judged by itself.

The key is one that is worth something, it has signed, it answers a challenge of this registry, and
it has done so lately.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from wattseal.offline_challenge import offline_challenge
from wattseal.public_key import (
    KeyUnreadableError,
    PublicKey,
    SignatureMalformedError,
    recall_public_key,
)
from wattseal.quick_text import read_statement
from wattseal.registry.key_weakness import weakness
from wattseal.registry.plausibility.findings import reason
from wattseal.registry.plausibility.limits import CHALLENGE_MS, DAY_MS, TOLERANCE_MS
from wattseal.registry.records import Possession
from wattseal.registry.requests import Reason
from wattseal.wire import statements
from wattseal.wire.signed_text import TextError

CheckChallenge = Callable[[str], Literal["good", "unknown", "expired"]]
"""Judges a challenge that is not the offline one."""


@dataclass(frozen=True)
class Proof:
    """A proof of possession that was read; `members` as docs/statements.md has them."""

    possession: Possession
    members: dict[str, Any]

    @property
    def chip_id(self) -> str:
        """The module's chip."""
        return str(self.members["chip_id"])

    @property
    def commissioning(self) -> int:
        """Counts the sealings that changed something."""
        return int(self.members["commissioning"])

    @property
    def unix_ms(self) -> int | None:
        """By the module's clock; None if that was not set."""
        unix_ms: int | None = self.members["unix_ms"]
        return unix_ms


@dataclass(frozen=True)
class Challenged:
    """How the proof's challenge and its time are judged.

    oldest_ms: the age of a proof over a challenge that `check_challenge` finds good.
    """

    registry_name: str
    now_ms: int
    check_challenge: CheckChallenge
    offline_days: int
    oldest_ms: int = CHALLENGE_MS + TOLERANCE_MS


def read_proof(possession: Possession) -> tuple[Proof | None, list[Reason]]:
    """A proof of possession, unless it is none."""
    try:
        members = read_statement(possession.statement)
    except TextError as error:
        return None, [reason("statement_unreadable", cause=str(error))]
    if members["type"] != "possession":
        cause = "it is a statement of another type"
        return None, [reason("statement_unreadable", cause=cause)]
    return Proof(possession, members), []


def key_of(proof: Proof) -> tuple[PublicKey | None, list[Reason]]:
    """Its key, None if it is none on secp256r1, and what is wrong with key and signature."""
    text = proof.members["public_key"]
    try:
        key = recall_public_key(text)
    except KeyUnreadableError as error:
        return None, [reason("key_not_on_curve", cause=str(error))]
    if key.curve.name != "secp256r1" or key.spki.hex() != text:
        return None, [reason("key_not_on_curve", cause="it is written in another form")]
    found = []
    if weak := weakness(key):
        found.append(reason("key_weak", cause=weak))
    if not _is_signed(proof.possession, key):
        found.append(reason("possession_signature_wrong"))
    return key, found


def _is_signed(possession: Possession, key: PublicKey) -> bool:
    message = statements.signed_bytes(possession.statement)
    try:
        return key.verify(message, bytes.fromhex(possession.signature))
    except SignatureMalformedError:
        return False


def challenge_faults(proof: Proof, wanted: Challenged) -> Iterator[Reason]:
    """Why it does not answer this registry, now or while the technician was out."""
    given = proof.members["challenge"]
    if wanted.offline_days and given == offline_challenge(wanted.registry_name, proof.chip_id):
        if proof.unix_ms is None:
            yield reason("possession_time_missing")
        yield from _time_faults(proof, wanted.now_ms, wanted.offline_days * DAY_MS)
        return
    verdict = wanted.check_challenge(given)
    if verdict != "good":
        yield reason(f"challenge_{verdict}")
    else:
        yield from _time_faults(proof, wanted.now_ms, wanted.oldest_ms)


def _time_faults(proof: Proof, now_ms: int, oldest_ms: int) -> Iterator[Reason]:
    if proof.unix_ms is None:
        return
    age_ms = now_ms - proof.unix_ms
    if age_ms < -TOLERANCE_MS:
        yield reason("possession_in_future", seconds=-age_ms // 1000)
    if age_ms > oldest_ms:
        age, allowed = _in_words(age_ms), _in_words(oldest_ms)
        yield reason("possession_too_old", age=age, allowed=allowed)


def _in_words(duration_ms: int) -> str:
    """Rounded up, in a unit that leaves something of it."""
    if duration_ms < 2 * DAY_MS:
        return f"{-(-duration_ms // 60_000)} minutes"
    return f"{-(-duration_ms // DAY_MS)} days"
