"""The short way of an ordinary session: plain records, signed by the one key that is right.

Whatever differs in the least goes the long way (validator.py), which finds out what it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from wattseal.cdr.charge_record import SignedData
from wattseal.cdr.key_checks import is_plainly
from wattseal.cdr.keys import KeyPeriod
from wattseal.cdr.plain_session import PlainSession, read_plainly
from wattseal.public_key import PublicKey

_CURVE = "secp256r1"


class Ordinary(Struct, frozen=True):
    """A session with nothing to say about, and the key that must have signed its records."""

    plain: PlainSession
    key: PublicKey

    def is_authentic(self) -> bool:
        """Whether the key has signed all of them."""
        return self.key.verify_all(self.plain.signatures)


def ordinary_sessions(
    charges: Sequence[tuple[SignedData | None, Sequence[KeyPeriod]]], tolerance_ms: int
) -> list[Ordinary | None]:
    """Of each charge, with the periods of its charge point: what looks like an ordinary session,
    not verified yet; None if it does not.
    """
    read = read_plainly([signed.values if signed and known else None for signed, known in charges])
    return [
        _with_key(signed, plain, periods, tolerance_ms) if signed and plain else None
        for (signed, periods), plain in zip(charges, read, strict=True)
    ]


def _with_key(
    signed: SignedData, plain: PlainSession, periods: Sequence[KeyPeriod], tolerance_ms: int
) -> Ordinary | None:
    period = _period_of(plain, periods, tolerance_ms)
    if period is None:
        return None
    own = signed.public_key
    return Ordinary(plain, period.key) if own is None or is_plainly(own, period.key) else None


def _period_of(
    plain: PlainSession, periods: Sequence[KeyPeriod], tolerance_ms: int
) -> KeyPeriod | None:
    """The newest period that covers the session and has its module and meter."""
    session = plain.session
    for period in reversed(periods):
        if (
            period.from_ms - tolerance_ms <= session.begin.at_ms
            and (period.until_ms is None or session.end.at_ms <= period.until_ms + tolerance_ms)
            and period.meter_serial == session.meter_serial
            and period.gateway_serial in (None, plain.gateway_serial)
            and period.key.curve.name == _CURVE
        ):
            return period
    return None
