"""Judges a session's key by what the registry lists at the session's time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from wattseal.common.text import normalized
from wattseal.common.times import CLOCK_TOLERANCE_S
from wattseal.ocmf.evse_id import EvseIdError, read_evse_id
from wattseal.ocmf.public_key import KeyPeriod

TOLERANCE_MS = CLOCK_TOLERANCE_S * 1000

TrustState = Literal["trusted", "unknown", "other_station", "other_meter", "not_then"]


class ListedKey(Protocol):
    """A key as the registry lists it at some time."""

    @property
    def evse_id(self) -> str:
        """The charge point that it signed for."""

    @property
    def public_key(self) -> str:
        """SPKI in hex."""


class KeyRegister(Protocol):
    """What is asked of a registry."""

    def key(self, fingerprint: str, at_unix_ms: int | None = None) -> ListedKey | None:
        """The key of that fingerprint, at that time or now."""

    def key_valid(self, evse_id: str, at_unix_ms: int) -> ListedKey | None:
        """The key that was good for the charge point at that time."""

    def key_periods(self, evse_id: str) -> Sequence[KeyPeriod]:
        """The keys of a charge point, newest first."""


@dataclass(frozen=True)
class Signed:
    """What the records say; a time is None where a record has none that can be used."""

    fingerprint: str
    evse_id: str | None
    meter_serial: str | None
    begin_ms: int | None
    end_ms: int | None


@dataclass(frozen=True)
class Trust:
    """What the registry lists.

    `evse_id` is the registry's, `period` the one that was compared, `found` what the records say
    where it differs.
    """

    state: TrustState
    evse_id: str = ""
    period: KeyPeriod | None = None
    found: str = ""


def judge(registry: KeyRegister, signed: Signed) -> Trust:
    """Whether the registry lists the key for that charge point, that meter and that time."""
    now = registry.key(signed.fingerprint)
    if now is None:
        return Trust("unknown")
    listed_at = now.evse_id
    if signed.begin_ms is not None:
        then = registry.key(signed.fingerprint, signed.begin_ms)
        listed_at = then.evse_id if then else listed_at
    evse_id = listed_at if signed.evse_id is None else _read(signed.evse_id)
    listed = registry.key_periods(evse_id) if evse_id else []
    periods = [period for period in listed if period.key.fingerprint == signed.fingerprint]
    if not periods:
        return Trust("other_station", listed_at, found=signed.evse_id or "")
    period = next((period for period in periods if _covers(period, signed)), None)
    if period is None:
        return Trust("not_then", evse_id, periods[0])
    serial = signed.meter_serial
    if serial is not None and normalized(serial) != normalized(period.meter_serial):
        return Trust("other_meter", evse_id, period, serial)
    return Trust("trusted", evse_id, period)


def key_for(registry: KeyRegister, evse_id: str, at_unix_ms: int) -> str | None:
    """The public key in hex that the registry lists for a record that came without one."""
    for at_ms in (at_unix_ms, at_unix_ms + TOLERANCE_MS, at_unix_ms - TOLERANCE_MS):
        state = registry.key_valid(evse_id, at_ms) if at_ms >= 0 else None
        if state:
            return state.public_key
    return None


def _covers(period: KeyPeriod, signed: Signed) -> bool:
    """Whether the whole session lies within the period, as far as its times tell."""
    return all(
        period.covers(moment, moment, TOLERANCE_MS)
        for moment in (signed.begin_ms, signed.end_ms)
        if moment is not None
    )


def _read(evse_id: str) -> str:
    """The EVSE-ID with its stars; empty for what is none, for which no key was ever registered."""
    try:
        return read_evse_id(evse_id).text
    except EvseIdError:
        return ""


Status = Literal["verified", "unaltered", "not_verified", "unreadable"]


@dataclass(frozen=True)
class Fact:
    """A label and what it labels; `is_code` is set in the type of keys and numbers."""

    label: str
    value: str
    is_code: bool = False


@dataclass(frozen=True)
class View:
    """One session, or whatever else one verdict is about.

    `origin`: sentences about the key. `proof`: the path of the proof, if there is one. `errors` and
    `warnings`: sentences.
    """

    name: str
    status: Status
    headline: str
    why: str
    facts: list[Fact] = field(default_factory=list)
    origin: list[str] = field(default_factory=list)
    proof: str = ""
    proof_words: str = ""
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """`summary` is empty for one session; `remark` says what was not checked."""

    views: list[View]
    summary: str
    remark: str
