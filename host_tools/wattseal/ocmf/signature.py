"""Verifies the signature of one record with the key that belongs to it.

What is signed are the payload's bytes as UTF-8, with ECDSA over SHA-256 whatever hash the label SA
names, as the field's reference verifier does (OCMF has no other hash, table 22).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from wattseal.common.findings import Finding
from wattseal.ocmf.findings import found, shown
from wattseal.ocmf.public_key import (
    DEFAULT_ALGORITHM,
    Curve,
    KeyUnreadableError,
    PublicKey,
    SignatureMalformedError,
    curve_named,
    possible_signers,
    recall_public_key,
)
from wattseal.ocmf.record import Record

_ALGORITHM = re.compile(r"ECDSA-(\w+)-(\w+)")
_HASH = "SHA256"
_FINGERPRINT_CHARACTERS = 16


class KeyRing(NamedTuple):
    """The keys for one record.

    `given` is the text that came with the record, `own` the key read from it, `pinned` the key that
    the user trusts. The pinned key verifies if there is one.
    """

    given: str | None = None
    own: PublicKey | None = None
    pinned: PublicKey | None = None
    complaint: str = ""

    @property
    def verification_key(self) -> PublicKey | None:
        """The key that the record is verified with."""
        return self.pinned or self.own


def key_ring(given: str | None, pinned: PublicKey | None) -> KeyRing:
    """The keys for a record, one of them read from the text that came with it, if any."""
    if given is None:
        return KeyRing(pinned=pinned)
    try:
        return KeyRing(given=given, own=recall_public_key(given), pinned=pinned)
    except KeyUnreadableError as error:
        return KeyRing(given=given, pinned=pinned, complaint=str(error))


def algorithm_of(record: Record) -> str:
    """The record's signature algorithm (SA) as written, or OCMF's default."""
    return str(record.signature.SA or DEFAULT_ALGORITHM)


def check_key(ring: KeyRing) -> Iterator[Finding]:
    """What is wrong with the keys themselves."""
    if ring.complaint:
        yield found("key_unreadable", cause=ring.complaint)
    elif ring.verification_key is None:
        yield found("key_missing")
    elif ring.pinned and ring.own and ring.own != ring.pinned:
        yield found("key_differs", expected=short_name(ring.pinned), found=short_name(ring.own))


def short_name(key: PublicKey) -> str:
    """The start of a key's fingerprint, enough to distinguish two keys."""
    return key.fingerprint[:_FINGERPRINT_CHARACTERS]


def check_signature(
    record: Record, judge: PublicKey, others: Iterable[PublicKey] = ()
) -> Iterator[Finding]:
    """Why the record is not authentic under the judging key; nothing if it is.

    `others` are the further keys at hand: if one of them fits, the record is unaltered and the key
    is what is wrong.
    """
    curve, hash_label = _curve_and_hash(algorithm_of(record))
    if curve is None:
        yield found("algorithm_unsupported", algorithm=algorithm_of(record))
        return
    if hash_label != _HASH:
        yield found("hash_label_ignored", expected=_HASH, found=hash_label)
    if judge.curve != curve:
        yield found("key_wrong_curve", expected=curve.name, found=judge.curve.name)
        return
    try:
        signature = signature_bytes(record)
        if judge.verify(record.signed_bytes, signature):
            return
    except SignatureMalformedError as error:
        yield found("signature_malformed", cause=error)
        return
    yield _mismatch(record, signature, curve, judge, others)


def signature_bytes(record: Record) -> bytes:
    """SD decoded as SE says (table 8). Raises SignatureMalformedError."""
    encoding = str(record.signature.SE or "hex")
    try:
        if encoding == "hex":
            return bytes.fromhex(record.signature.SD)
        if encoding == "base64":
            return base64.b64decode(record.signature.SD, validate=True)
    except ValueError:
        raise SignatureMalformedError(f"SD is not {encoding}") from None
    raise SignatureMalformedError(f"SE names the unknown encoding {shown(encoding)}")


def common_signers(records: Sequence[Record]) -> set[PublicKey]:
    """Keys under which every one of the records verifies, found from the signatures alone.

    For two records or more, a key here proves that one signer made them all and that none was
    altered since: an altered payload would lead to unrelated keys. One record proves nothing.
    """
    if len(records) < 2:
        return set()
    return set.intersection(*(_signers(record) for record in records))


def _signers(record: Record) -> set[PublicKey]:
    curve, _hash_label = _curve_and_hash(algorithm_of(record))
    if curve is None:
        return set()
    try:
        return possible_signers(curve, record.signed_bytes, signature_bytes(record))
    except SignatureMalformedError:
        return set()


@lru_cache(maxsize=32)
def _curve_and_hash(algorithm: str) -> tuple[Curve | None, str]:
    """What SA names: a curve, None if it is none of OCMF's, and a hash."""
    parts = _ALGORITHM.fullmatch(algorithm)
    return (curve_named(parts[1]), parts[2]) if parts else (None, "")


def _mismatch(
    record: Record, signature: bytes, curve: Curve, judge: PublicKey, others: Iterable[PublicKey]
) -> Finding:
    for other in others:
        if other.curve == curve and other.verify(record.signed_bytes, signature):
            return not_signer(judge, [other])
    return found("signature_mismatch")


def not_signer(judge: PublicKey, signers: Iterable[PublicKey]) -> Finding:
    """The finding that another key signed; `signers` are all that it may be."""
    names = " or ".join(sorted(short_name(signer) for signer in signers))
    return found("key_not_signer", expected=short_name(judge), found=names)
