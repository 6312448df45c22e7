"""Compares what a CDR bills with what was signed."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache

from wattseal.cdr.charge_record import Cdr
from wattseal.cdr.findings import Finding, found
from wattseal.cdr.moments import utc_text
from wattseal.cdr.rules import Rules
from wattseal.cdr.session import Session, SignedReading
from wattseal.evse_id import EvseIdError, read_evse_id
from wattseal.verify.findings import shown

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
    return 2 * abs(billed - signed) <= unit


def is_same_evse(one: str, other: str) -> bool:
    """Whether two texts name one charge point, in whatever spelling."""
    return one == other or _name_of(one) == _name_of(other)


@lru_cache(maxsize=4096)
def _name_of(text: str) -> str:
    try:
        return read_evse_id(text).canonical
    except EvseIdError:
        return text.strip().upper()


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
