"""Why the key that signed a session is trusted: what the registry lists at the session's time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wattseal.evse_id import EvseIdError, read_evse_id
from wattseal.registry.http.station_view import KeyPeriod, key_periods
from wattseal.registry.names import plain
from wattseal.registry.service import Registry

TOLERANCE_MS = 300_000
"""How far a module's clock may be from the registry's, where a key begins or ends to be valid."""

TrustState = Literal["trusted", "unknown", "other_station", "other_meter", "not_then"]


@dataclass(frozen=True)
class Signed:
    """What the records say of themselves; times None where a record tells none that counts."""

    fingerprint: str
    evse_id: str | None
    meter_serial: str | None
    begin_ms: int | None
    end_ms: int | None


@dataclass(frozen=True)
class Trust:
    """What the registry says to it.

    `evse_id` is the registry's, `period` the one that counts, `found` what the records say where
    they say something else.
    """

    state: TrustState
    evse_id: str = ""
    period: KeyPeriod | None = None
    found: str = ""


def judge(registry: Registry, signed: Signed) -> Trust:
    """Whether the registry lists the key for that charge point, that meter and that time."""
    now = registry.key(signed.fingerprint)
    if now is None:
        return Trust("unknown")
    listed_at = now.evse_id
    if signed.begin_ms is not None:
        then = registry.key(signed.fingerprint, signed.begin_ms)
        listed_at = then.evse_id if then else listed_at
    evse_id = listed_at if signed.evse_id is None else _read(signed.evse_id)
    history = registry.history(evse_id) if evse_id else []
    periods = [
        period
        for period in key_periods(evse_id, history)
        if period.fingerprint == signed.fingerprint
    ]
    if not periods:
        return Trust("other_station", listed_at, found=signed.evse_id or "")
    period = next((period for period in periods if _covers(period, signed)), None)
    if period is None:
        return Trust("not_then", evse_id, periods[0])
    serial = signed.meter_serial
    if serial is not None and plain(serial) != plain(period.meter.serial):
        return Trust("other_meter", evse_id, period, serial)
    return Trust("trusted", evse_id, period)


def key_for(registry: Registry, evse_id: str, at_unix_ms: int) -> str | None:
    """The public key in hex that the registry lists for a record that came without one."""
    for moment in (at_unix_ms, at_unix_ms + TOLERANCE_MS, at_unix_ms - TOLERANCE_MS):
        state = registry.key_valid(evse_id, moment) if moment >= 0 else None
        if state:
            return state.public_key
    return None


def _covers(period: KeyPeriod, signed: Signed) -> bool:
    """Whether the whole session lies within the period, as far as its times tell."""
    until = period.until_unix_ms
    return all(
        moment >= period.from_unix_ms - TOLERANCE_MS
        and (until is None or moment <= until + TOLERANCE_MS)
        for moment in (signed.begin_ms, signed.end_ms)
        if moment is not None
    )


def _read(evse_id: str) -> str:
    """The EVSE-ID with its stars; empty for what is none, for which no key was ever registered."""
    try:
        return read_evse_id(evse_id).text
    except EvseIdError:
        return ""
