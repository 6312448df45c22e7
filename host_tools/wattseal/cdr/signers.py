"""Which registered key has signed a record, and whether it was the right one at that time.

If no valid key fits, the other keys of the charge point are tried, and the one that the CDR brings
along: a record that is whole and was signed with the wrong key is cleared up in another way than
one that was altered.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from wattseal.cdr.findings import found, of_verify
from wattseal.common.findings import Finding, Severity
from wattseal.common.text import normalized
from wattseal.common.times import utc_text
from wattseal.ocmf.findings import found as verify_found
from wattseal.ocmf.findings import shown
from wattseal.ocmf.public_key import KeyPeriod, KeyUnreadableError, PublicKey, recall_public_key
from wattseal.ocmf.record import Record
from wattseal.ocmf.signature import check_signature, not_signer, short_name

# A charge point changes its key with a module or its firmware: a few times in all.
_MAX_OTHER_KEYS = 16

_WHATEVER_THE_KEY = ("algorithm_unsupported", "signature_malformed")
OCPP_KEY_PREFIX = "oca:base16:asn1:"
_OCPP_KEY = re.compile(rf"\s*{OCPP_KEY_PREFIX}\s*([0-9A-Fa-f\s]+)")


class Signer(NamedTuple):
    """The period of the key that has signed a record; None if no registered key has.

    The findings are errors if there is no such period, or if it was over or not begun.
    """

    period: KeyPeriod | None
    findings: tuple[Finding, ...] = ()


class Candidates(NamedTuple):
    """The keys that may have signed: those registered for `evse_id`, and the CDR's own.

    `periods` are in the order of time.
    """

    evse_id: str
    periods: Sequence[KeyPeriod]
    own: PublicKey | None
    tolerance_ms: int

    def signer(self, record: Record, at_ms: int, subject: str) -> Signer:
        """Who has signed a record of that time."""
        valid = self._valid(self.periods, at_ms)
        complaints: list[Finding] = []
        for key in self._in_order(valid):
            said = list(check_signature(record, key))
            errors = _errors(said)
            if not errors:
                period = self._period_of(key, record, at_ms)
                notes = tuple([of_verify(note, subject) for note in said])
                return Signer(period, (*notes, *self._out_of_time(period, at_ms, subject)))
            complaints = complaints or errors
            if errors[0].code in _WHATEVER_THE_KEY:
                break
        return self._nobody(record, at_ms, subject, valid, complaints)

    def _valid(self, periods: Iterable[KeyPeriod], at_ms: int) -> list[KeyPeriod]:
        """Those in which the key signed for the charge point, by a clock nearly right."""
        return [one for one in periods if one.covers(at_ms, at_ms, self.tolerance_ms)]

    def _in_order(self, valid: Sequence[KeyPeriod]) -> list[PublicKey]:
        """The valid keys, then the others, newest first."""
        if len(self.periods) == 1:
            return [self.periods[0].key]
        ordered = [*reversed(valid), *reversed(self.periods)]
        return list(dict.fromkeys(one.key for one in ordered))[:_MAX_OTHER_KEYS]

    def _period_of(self, key: PublicKey, record: Record, at_ms: int) -> KeyPeriod:
        """Of a key's periods the one that was valid then, with the record's meter if it may be;
        else the last that had ended, or the first to come."""
        periods = [one for one in self.periods if one.key == key]
        valid = self._valid(periods, at_ms)
        for period in valid:
            if not check_serials(period, record, ""):
                return period
        if valid:
            return valid[-1]
        ended = [one for one in periods if one.until_ms is not None and one.until_ms < at_ms]
        return ended[-1] if ended else periods[0]

    def _out_of_time(self, period: KeyPeriod, at_ms: int, subject: str) -> tuple[Finding, ...]:
        if period.covers(at_ms, at_ms, self.tolerance_ms):
            return ()
        if at_ms < period.from_ms:
            code, expected = "key_not_valid_yet", period.from_ms
        else:
            is_ended = period.was_deactivated
            code = "key_used_after_deactivation" if is_ended else "key_superseded"
            expected = period.until_ms or 0
        limit, moment = utc_text(expected), utc_text(at_ms)
        return (found(code, subject=subject, expected=limit, found=moment),)

    def _nobody(
        self,
        record: Record,
        at_ms: int,
        subject: str,
        valid: Sequence[KeyPeriod],
        complaints: list[Finding],
    ) -> Signer:
        """What to say of a record that no registered key has signed."""
        if not complaints:
            return Signer(None, (found("key_unregistered", found=self.evse_id),))
        if complaints[0].code not in _WHATEVER_THE_KEY:
            registered = valid[-1].key if valid else self.periods[-1].key
            if self.own and not _errors(check_signature(record, self.own)):
                return Signer(None, (of_verify(not_signer(registered, [self.own]), subject),))
            if not valid:
                where = f"{self.evse_id}, {utc_text(at_ms)}"
                return Signer(None, (found("key_unregistered", found=where),))
        return Signer(None, tuple([of_verify(one, subject) for one in complaints]))


def read_own_key(
    text: str | None, periods: Iterable[KeyPeriod]
) -> tuple[PublicKey | None, tuple[Finding, ...]]:
    """The key that a CDR brings along, in OCPP's notation too; a note if it cannot be read."""
    if text is None:
        return None, ()
    for period in periods:
        if is_plainly(text, period.key):
            return period.key, ()  # reading it takes as long as verifying a signature
    try:
        return recall_public_key(_without_notation(text)), ()
    except KeyUnreadableError as error:
        note = of_verify(verify_found("key_unreadable", cause=error), "public_key")
        return None, (note,)


def _without_notation(text: str) -> str:
    """The key alone, where OCPP's notation stands before it, in base64 or not."""
    ocpp = _OCPP_KEY.fullmatch(text)
    if ocpp is None:
        with suppress(ValueError):
            ocpp = _OCPP_KEY.fullmatch(base64.b64decode(text, validate=True).decode("ascii"))
    return ocpp[1] if ocpp else text


def is_plainly(text: str, key: PublicKey) -> bool:
    """Whether the text is the hex or the base64 of the key's SPKI."""
    try:
        if text.startswith("30"):
            return bytes.fromhex(text) == key.spki
        return base64.b64decode(text, validate=True) == key.spki
    except ValueError:
        return False


def check_own_key(
    own: PublicKey | None, signers: Sequence[PublicKey], subject: str
) -> tuple[Finding, ...]:
    """Whether the key that came along is one of those that have signed."""
    if own is None or own in signers:
        return ()
    names = ", ".join(dict.fromkeys(short_name(key) for key in signers))
    name = short_name(own)
    return (found("key_not_registered_one", subject=subject, expected=names, found=name),)


def check_serials(period: KeyPeriod, record: Record, subject: str) -> tuple[Finding, ...]:
    """Whether the record names the module and the meter that are registered with the key."""
    payload = record.payload
    if payload is None:
        return ()
    serials = (
        ("gateway_serial_unregistered", period.gateway_serial, payload.GS),
        ("meter_serial_unregistered", period.meter_serial, payload.MS),
    )
    return tuple(
        found(code, subject=subject, expected=shown(registered), found=shown(named))
        for code, registered, named in serials
        if registered is not None and normalized(registered) != normalized(named or "")
    )


def _errors(said: Iterable[Finding]) -> list[Finding]:
    return [one for one in said if one.severity is Severity.ERROR]
