"""Judges the signature of one record with the key that belongs to it.

What is signed are the payload's bytes as UTF-8, with ECDSA over SHA-256 whatever hash the label SA
names, as the field's reference verifier does (OCMF knows no other hash, table 22).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from wattseal.public_key import (
    CURVES,
    DEFAULT_ALGORITHM,
    Curve,
    KeyUnreadableError,
    PublicKey,
    SignatureMalformedError,
    curve_named,
    possible_signers,
    read_public_key,
)
from wattseal.verify.findings import Code, Finding, found, shown
from wattseal.verify.record import Record

_ALGORITHM = re.compile(r"ECDSA-(\w+)-(\w+)")


@dataclass(frozen=True)
class KeyRing:
    """The keys that one record meets.

    `given` is the text that came with the record, `own` the key read from it, `pinned` the key that
    the user trusts. The pinned key judges if there is one.
    """

    given: str | None = None
    own: PublicKey | None = None
    pinned: PublicKey | None = None
    complaint: str = ""

    @property
    def judge(self) -> PublicKey | None:
        """The key that the record is verified with."""
        return self.pinned or self.own


def key_ring(given: str | None, pinned: PublicKey | None) -> KeyRing:
    """The ring of a record with the key text that came along, if any."""
    if given is None:
        return KeyRing(pinned=pinned)
    try:
        return KeyRing(given=given, own=read_public_key(given), pinned=pinned)
    except KeyUnreadableError as error:
        return KeyRing(given=given, pinned=pinned, complaint=str(error))


def algorithm_of(record: Record) -> str:
    """The record's signature algorithm (SA) as written, or OCMF's default."""
    return str(record.signature.SA or DEFAULT_ALGORITHM)


def check_key(ring: KeyRing) -> Iterator[Finding]:
    """What is wrong with the keys themselves."""
    if ring.complaint:
        yield found(Code.KEY_UNREADABLE, f"The public key cannot be read: {ring.complaint}.")
    elif ring.judge is None:
        yield found(
            Code.KEY_MISSING,
            "There is no public key with the record; give the module's key with --key.",
        )
    elif ring.pinned and ring.own and ring.own != ring.pinned:
        yield found(
            Code.KEY_DIFFERS,
            f"The key in the file ({ring.own.fingerprint[:16]}) is not the key given with --key "
            f"({ring.pinned.fingerprint[:16]}).",
        )


def check_signature(
    record: Record, judge: PublicKey, others: Iterable[PublicKey] = ()
) -> Iterator[Finding]:
    """Why the record is not authentic under the judging key; nothing if it is.

    `others` are the further keys at hand: if one of them fits, the record is whole and the key is
    what is wrong, which is a different errand for whoever has to clear it up.
    """
    algorithm = _ALGORITHM.fullmatch(algorithm_of(record))
    curve = curve_named(algorithm[1]) if algorithm else None
    if algorithm is None or curve is None:
        yield _unsupported(record)
        return
    if algorithm[2] != "SHA256":
        message = f"The record names the hash {shown(algorithm[2])}; OCMF signs over SHA-256."
        yield found(Code.HASH_LABEL_IGNORED, message)
    if judge.curve != curve:
        message = (
            f"The record is signed on {curve.name}, the key is on {judge.curve.name}: "
            "it is not the signer's key."
        )
        yield found(Code.KEY_WRONG_CURVE, message)
        return
    try:
        signature = signature_bytes(record)
        if judge.verify(record.signed_bytes, signature):
            return
    except SignatureMalformedError as error:
        yield found(Code.SIGNATURE_MALFORMED, f"The signature cannot be read: {error}.")
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
    algorithm = _ALGORITHM.fullmatch(algorithm_of(record))
    curve = curve_named(algorithm[1]) if algorithm else None
    if curve is None:
        return set()
    try:
        return possible_signers(curve, record.signed_bytes, signature_bytes(record))
    except SignatureMalformedError:
        return set()


def _unsupported(record: Record) -> Finding:
    names = ", ".join(curve.name for curve in CURVES)
    return found(
        Code.ALGORITHM_UNSUPPORTED,
        f"The signature algorithm {shown(algorithm_of(record))} is none of OCMF's: ECDSA with "
        f"SHA256 on {names}.",
    )


def _mismatch(
    record: Record, signature: bytes, curve: Curve, judge: PublicKey, others: Iterable[PublicKey]
) -> Finding:
    for other in others:
        if other.curve == curve and other.verify(record.signed_bytes, signature):
            return found(
                Code.KEY_NOT_SIGNER,
                "The record is unaltered, but its key is wrong: it was signed with the key "
                f"{other.fingerprint[:16]}, not with {judge.fingerprint[:16]}.",
            )
    return found(
        Code.SIGNATURE_MISMATCH,
        "The signature does not fit: the payload or the signature was altered, or another key "
        "made it.",
    )
