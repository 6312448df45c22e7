"""The sessions of an invoice as they are shown: charged, or not and why, and what proves them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from wattseal.cdr.build_facts import Tariff
from wattseal.cdr.build_session import SessionRecords, build_session, read_records_text
from wattseal.cdr.charge_record import Cdr
from wattseal.cdr.findings import Language
from wattseal.cdr.invoice.charges import Charge
from wattseal.cdr.invoice.rating import Cost, rate
from wattseal.cdr.keys import KeySource
from wattseal.errors import ToolError
from wattseal.public_key import KeyUnreadableError, PublicKey, read_public_key

Status = Literal["charged", "not_billable", "credited"]

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_OCPP_KEY = "oca:base16:asn1:"


@dataclass(frozen=True)
class Rated:
    """One session of an invoice. `number` counts from 1; `folder` is its own in the bundle.

    `session` is there if the records are good; `cost` if it is charged.
    """

    number: int
    charge: Charge
    status: Status
    session: SessionRecords | None
    cost: Cost | None
    credited_by: str | None = None

    @property
    def folder(self) -> str:
        """Such as `sessions/01_2026-11-21_cdr-17`."""
        ended = self.charge.ended
        day = f"{ended:%Y-%m-%d}" if ended else "unknown"
        name = _UNSAFE.sub("-", str(self.charge.members.get("id")))[:40].strip("-.") or "cdr"
        return f"sessions/{self.number:02}_{day}_{name}"

    @property
    def energy_kwh(self) -> Decimal | None:
        """The signed energy; what the CDR tells where nothing had to be signed."""
        if self.session:
            return self.session.energy_kwh
        return self.charge.cdr.energy_kwh if self.charge.cdr else None

    def why_not(self, language: Language) -> list[str]:
        """Why it is not charged, in sentences."""
        if self.status == "charged":
            return []
        if self.status == "credited":
            words = {
                "en": f"The operator has cancelled it (CDR {self.credited_by}).",
                "de": f"Der Betreiber hat ihn storniert (CDR {self.credited_by}).",
            }
            return [words[language]]
        errors = [one for one in self.charge.judgement.findings if one.effect.is_error]
        told = [one.sentence_de if language == "de" else one.sentence_en for one in errors]
        if self.charge.marked is not None:
            words = {
                "en": "The operator says that the metering data are not valid.",
                "de": "Der Betreiber bezeichnet die Messdaten als ungültig.",
            }
            told.append(words[language])
        return told


def rate_all(
    charges: Sequence[Charge], keys: KeySource | None, tariff: Tariff | None
) -> list[Rated]:
    """The sessions in their order; a credit CDR is none, it cancels one.

    ToolError as rating.rate and `invoice_key_missing`.
    """
    credited = _credited(charges)
    kept = [one for one in charges if one.cdr is None or one.cdr.credits is None]
    return [
        _rated(number, one, credited.get(one.judgement.cdr), keys, tariff)
        for number, one in enumerate(kept, 1)
    ]


def _credited(charges: Iterable[Charge]) -> dict[str, str]:
    """Name of each cancelled CDR, and of that which cancels it."""
    return {
        f"{one.cdr.country_code}*{one.cdr.party_id}*{one.cdr.credits}": one.cdr.name
        for one in charges
        if one.cdr and one.cdr.credits is not None
    }


def _rated(
    number: int, charge: Charge, by: str | None, keys: KeySource | None, tariff: Tariff | None
) -> Rated:
    if charge.cdr is None or not charge.is_billable:
        return Rated(number, charge, "not_billable", None, None)
    session = _session(charge.cdr, charge, keys)
    if by is not None:
        return Rated(number, charge, "credited", session, None, by)
    cost = rate(charge.cdr, charge.members, session, tariff)
    return Rated(number, charge, "charged", session, cost)


def _session(cdr: Cdr, charge: Charge, keys: KeySource | None) -> SessionRecords | None:
    if cdr.signed is None:
        return None
    key = _key(cdr, charge.judgement.key_fingerprint, keys)
    records = [read_records_text(one.text, cdr.name) for one in cdr.signed.values]
    return build_session(records, key, cdr.name)


def _key(cdr: Cdr, fingerprint: str | None, keys: KeySource | None) -> PublicKey:
    """The key that the verdict rests on: the CDR's if it is that one, else the source's."""
    own = _own_key(cdr)
    if own is not None and own.fingerprint == fingerprint:
        return own
    for period in (keys.periods(cdr.evse_id) if keys else None) or ():
        if period.key.fingerprint == fingerprint:
            return period.key
    raise ToolError("invoice_key_missing", cdr=cdr.name)


def _own_key(cdr: Cdr) -> PublicKey | None:
    text = cdr.signed.public_key if cdr.signed else None
    if not text:
        return None
    try:
        return read_public_key(_without_envelope(text))
    except KeyUnreadableError:
        return None


def _without_envelope(text: str) -> str:
    """A key that came as OCPP has it (`oca:base16:asn1:`, in base64), as hex."""
    try:
        told = base64.b64decode(text, validate=True).decode("ascii")
    except ValueError:
        return text
    return told.removeprefix(_OCPP_KEY) if told.startswith(_OCPP_KEY) else text


def place_of(members: dict[str, Any]) -> str:
    """Where it was, in a line."""
    told = members.get("cdr_location")
    place = told if isinstance(told, dict) else {}
    city = " ".join(_words(place, "postal_code", "city"))
    return ", ".join(part for part in (*_words(place, "name", "address"), city) if part)


def _words(place: dict[str, Any], *names: str) -> list[str]:
    return [place[name] for name in names if isinstance(place.get(name), str)]
