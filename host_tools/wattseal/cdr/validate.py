"""Judges one CDR by itself: its metering data, the key that signed them, and what it bills."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from decimal import Context, Decimal

from msgspec import Struct
from msgspec.structs import replace

from wattseal.cdr.fast_path import FastPathSession, fast_path_sessions
from wattseal.cdr.findings import Judgement, found, judged, of_verify, one_for_each_fault
from wattseal.cdr.keys import KeySource
from wattseal.cdr.ocpi import ENCODING_METHOD, Cdr, CdrError, SignedData
from wattseal.cdr.records import (
    OpenRecord,
    Session,
    SignedReading,
    check_content,
    evse_ids_of,
    open_records,
)
from wattseal.cdr.rules import Rules
from wattseal.cdr.signers import Candidates, Signer, check_own_key, check_serials, read_own_key
from wattseal.common.errors import ToolError
from wattseal.common.findings import Finding, Severity
from wattseal.common.times import utc_text
from wattseal.ocmf.evse_id import canonical_name
from wattseal.ocmf.findings import check_failed, shown
from wattseal.ocmf.public_key import KeyPeriod, PublicKey
from wattseal.ocmf.signature import short_name

_EXACT = Context(prec=120)  # as of records.py
_CLOCK_CODES = ("time_error_flag", "time_not_synchronised")


def check_bill(cdr: Cdr, session: Session, rules: Rules, said: Iterable[Finding]) -> list[Finding]:
    """All that disagrees; `said` has what the records' own check found of the clocks."""
    findings = []
    for named in session.evse_ids:
        if not is_same_evse(cdr.evse_id, named):
            told = {"subject": "evse_id", "expected": cdr.evse_id, "found": shown(named)}
            findings.append(found("evse_differs", **told))
            break
    signed_kwh = session.energy_kwh
    if not is_rounded(cdr.energy_kwh, signed_kwh, rules.energy_decimals):
        energies = {"expected": shown(f"{signed_kwh:f}"), "found": shown(f"{cdr.energy_kwh:f}")}
        findings.append(found("energy_differs", subject="total_energy", **energies))
    if session.user and session.user[1] not in cdr.billed:
        findings += _check_token(cdr, *session.user, rules)
    findings += _check_time("begin", session.begin, cdr.begin_ms, rules)
    findings += _check_time("end", session.end, cdr.end_ms, rules)
    if cdr.bills_time:
        findings += _check_clocks(session, said)
    return findings


def is_rounded(billed: Decimal, signed: Decimal, decimals: int) -> bool:
    """Whether an amount is the signed one, or that rounded to so many decimals, either way at a
    tie."""
    if billed == signed:
        return True
    unit = Decimal((0, (1,), -decimals))
    is_whole = _EXACT.remainder(billed, unit) == 0
    return is_whole and 2 * abs(_EXACT.subtract(billed, signed)) <= unit


_TOKEN_CHARACTERS = {
    **dict.fromkeys(("ISO14443", "ISO15693", "EVCOID", "ISO7812", "CARD_TXN_NR"), 36),
    "EMAID": 14,  # without the check digit, which may be left out
}
"""How much of an identification of a type is compared with the token's."""


def _check_token(cdr: Cdr, kind: str, named: str, rules: Rules) -> tuple[Finding, ...]:
    """Whether who was identified at the charge point is who is billed, by token or contract."""
    most = _TOKEN_CHARACTERS.get(kind, 0)
    billed = [one for one in cdr.billed if isinstance(one, str) and one]
    if not most or not billed or _plain(named, most) in [_plain(one, most) for one in billed]:
        return ()
    names = {"expected": shown(", ".join(billed)), "found": shown(named)}
    told = found("token_differs", subject="cdr_token", **names)
    return (dataclasses.replace(told, severity=Severity(rules.user_difference)),)


def _plain(name: str, most: int) -> str:
    """A name without the marks between its parts."""
    return re.sub("[^0-9A-Z]", "", name.upper())[:most]


def is_same_evse(one: str, other: str) -> bool:
    """Whether two texts name one charge point, in whatever spelling."""
    if one == other:
        return True
    return len({canonical_name(text) or text.strip().upper() for text in (one, other)}) == 1


def _check_time(name: str, signed: SignedReading, at_ms: int, rules: Rules) -> tuple[Finding, ...]:
    """Nothing is said of a clock that was not set: its time was never to be used."""
    if not signed.has_time or abs(at_ms - signed.at_ms) <= rules.time_tolerance_s * 1000:
        return ()
    subject = "start_date_time" if name == "begin" else "end_date_time"
    times = {"expected": signed.time, "found": utc_text(at_ms)}
    return (found(f"{name}_time_differs", subject=subject, **times),)


def _check_clocks(session: Session, said: Iterable[Finding]) -> tuple[Finding, ...]:
    bad = {one.subject for one in said if one.code in _CLOCK_CODES}
    readings = (("begin", session.begin), ("end", session.end))
    names = [name for name, reading in readings if name in bad or not reading.has_time]
    if not names:
        return ()
    return (found("time_not_billable", subject="clock", found=", ".join(names)),)


# Each is tried with every key there is; a hostile CDR must not buy seconds of that.
MAX_UNKNOWN_SIGNERS = 8


class _Found(Struct, frozen=True):
    """What came of the signed data. `key_fingerprint` is that of the key that signed the end."""

    findings: Sequence[Finding]
    session: Session | None = None
    key_fingerprint: str | None = None


class Validator:
    """Judges CDRs one by one, without remembering them: fit to be copied into worker processes."""

    def __init__(self, keys: KeySource, rules: Rules) -> None:
        self._keys = keys
        self._rules = rules

    def judge(self, cdr: Cdr) -> Judgement:
        """The verdict. Raises ToolError if the source of keys cannot be asked, and nothing else."""
        return self.judge_all((cdr,))[0]

    def judge_all(self, cdrs: Sequence[Cdr]) -> list[Judgement]:
        """The verdicts on some CDRs, in their order; raises as `judge` does.

        If anything fails, each is judged alone, so that one of them keeps no other from its own.
        """
        try:
            return self._judge_together(cdrs)
        except ToolError:
            raise
        except Exception as error:
            if len(cdrs) == 1:
                return [failed(cdrs[0].name, cdrs[0].evse_id, error)]
            return [self.judge(cdr) for cdr in cdrs]

    def _judge_together(self, cdrs: Sequence[Cdr]) -> list[Judgement]:
        """Each step is done for all before the next: so the processor's caches hold what the step
        needs, which saves a tenth of the time.
        """
        known = [self._keys.periods(cdr.evse_id) for cdr in cdrs]
        charges = [(cdr.signed, periods or ()) for cdr, periods in zip(cdrs, known, strict=True)]
        looked = fast_path_sessions(charges, self._tolerance_ms)
        fast = [one if one and one.is_authentic() else None for one in looked]
        return list(map(self._judge, cdrs, known, fast))

    def _judge(
        self, cdr: Cdr, periods: Sequence[KeyPeriod] | None, fast: FastPathSession | None
    ) -> Judgement:
        if cdr.signed is None:
            unsigned = _Found(_unsigned(cdr, periods))
            return _judgement(cdr.name, cdr.evse_id, unsigned, is_checked=False)
        if cdr.signed.encoding_method.upper() != ENCODING_METHOD:
            method = cdr.signed.encoding_method
            told = _Found([found("encoding_unsupported", expected=ENCODING_METHOD, found=method)])
        elif fast:
            told = _Found((), fast.session, fast.key.fingerprint)
        else:
            told = self._look_closely(cdr, cdr.signed, periods or ())
        if told.session is None:
            told = _Found(_with_a_reason(told.findings))
        elif more := check_bill(cdr, told.session, self._rules, told.findings):
            told = replace(told, findings=[*told.findings, *more])
        return _judgement(cdr.name, cdr.evse_id, told)

    @property
    def _tolerance_ms(self) -> int:
        return self._rules.key_tolerance_s * 1000

    def _look_closely(self, cdr: Cdr, signed: SignedData, periods: Sequence[KeyPeriod]) -> _Found:
        records, findings = open_records(signed.values)
        if any(one.severity.is_error for one in findings):
            return _Found(findings)
        own, notes = read_own_key(signed.public_key, periods)
        findings += notes
        candidates = Candidates(cdr.evse_id, periods, own, self._tolerance_ms)
        signers = self._signers(cdr, records, candidates)
        signed_by = [one.period for one in signers if one.period]
        findings += [finding for one in signers for finding in one.findings]
        if len(signed_by) < len(records):
            return _Found(findings)
        findings += _check_keys(own, records, signed_by)
        if changed := _check_one_key(signed_by, findings):
            return _Found([*findings, *changed])
        more, session = check_content(records)
        last = next((place for place, one in enumerate(records) if "end" in one.holds), -1)
        return _Found([*findings, *more], session, signed_by[last].key.fingerprint)

    def _signers(
        self, cdr: Cdr, records: Sequence[OpenRecord], candidates: Candidates
    ) -> list[Signer]:
        """Who has signed each record. If no key of the CDR's charge point has, but the records are
        genuine ones of the charge point that they name, the CDR names the wrong one."""
        signers = _signers_among(cdr, records, candidates)
        if any(one.period for one in signers):
            return signers
        for named in evse_ids_of(records)[:1]:
            if is_same_evse(named, cdr.evse_id):
                break
            theirs = self._keys.periods(named) or ()
            others = Candidates(named, theirs, candidates.own, self._tolerance_ms)
            there = _signers_among(cdr, records, others)
            if len([one for one in there if one.period]) == len(records):
                return there
        return signers


def unreadable(name: str, error: CdrError) -> Judgement:
    """The verdict on a CDR that could not be read; `name` is what it is to be called."""
    return _judgement(name, "", _Found((error.finding,)), is_checked=False)


def failed(name: str, evse_id: str, error: Exception) -> Judgement:
    """The verdict on a CDR, or a row of that name, whose check itself failed."""
    finding = of_verify(check_failed(error))
    return _judgement(name, evse_id, _Found((finding,)), is_checked=False)


def _signers_among(cdr: Cdr, records: Iterable[OpenRecord], candidates: Candidates) -> list[Signer]:
    """The signers of the records, in their order; those of the first few if no key fits any."""
    signers: list[Signer] = []
    unknown_signers = 0
    for one in records:
        signer = candidates.signer(one.record, one.signed_at_ms(cdr), one.subject)
        signers.append(signer)
        unknown_signers += signer.period is None
        if unknown_signers > MAX_UNKNOWN_SIGNERS:
            break
    return signers


def _with_a_reason(findings: Sequence[Finding]) -> Sequence[Finding]:
    """The findings on signed data that make no session. Nothing is billable for want of a fault."""
    if any(one.severity.is_error for one in findings):
        return findings
    return [*findings, CdrError("signed_data", "makes no session").finding]


def _check_keys(
    own: PublicKey | None, records: Sequence[OpenRecord], periods: Sequence[KeyPeriod]
) -> list[Finding]:
    """The keys that came along, and the serial numbers, against those that are registered."""
    findings = [*check_own_key(own, [period.key for period in periods], "public_key")]
    for one, period in zip(records, periods, strict=True):
        appended, notes = read_own_key(one.record.appended_key, [period])
        findings += [*notes, *check_own_key(appended, [period.key], one.subject)]
        findings += check_serials(period, one.record, one.subject)
    return findings


def _check_one_key(periods: Sequence[KeyPeriod], known: Iterable[Finding]) -> tuple[Finding, ...]:
    """Whether one key has signed all records.

    A firmware update within a session changes it. If a key is wrong anyway, that is said already.
    """
    names = list(dict.fromkeys([short_name(period.key) for period in periods]))
    if len(names) < 2 or any(finding.severity.is_error for finding in known):
        return ()
    return (
        found("signed_with_two_keys", subject="signed_data", expected=names[0], found=names[1]),
    )


def _unsigned(cdr: Cdr, periods: Sequence[KeyPeriod] | None) -> list[Finding]:
    """A charge point that had a key during the session is a calibrated one."""
    is_calibrated = any(
        one.from_ms <= cdr.end_ms and (one.until_ms is None or cdr.begin_ms <= one.until_ms)
        for one in periods or ()
    )
    code = "signed_data_missing" if is_calibrated else "station_not_listed"
    return [found(code, subject="signed_data", found=cdr.evse_id)]


def _judgement(name: str, evse_id: str, told: _Found, *, is_checked: bool = True) -> Judgement:
    findings = one_for_each_fault(told.findings) if told.findings else ()
    session, key = told.session, told.key_fingerprint
    verdict = Judgement(
        cdr=name,
        evse_id=evse_id,
        verdict="billable",
        is_checked=is_checked,
        casts_doubt=False,
        reason=None,
        energy_kwh=f"{session.energy_kwh:f}" if session else None,
        begin=session.begin.time if session else None,
        end=session.end.time if session else None,
        key_fingerprint=key,
        findings=findings,
        facts=session.facts(key) if session and key else None,
    )
    return judged(verdict) if findings else verdict
