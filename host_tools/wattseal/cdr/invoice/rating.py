"""What a session costs: price times signed kWh, and nothing that was not signed.

Either the driver's own prices are given, and cut at the session's signed readings as those of a CDR
are (cdr/build.py); or the prices of the CDR count, period by period, where every period begins
and ends at a signed reading.

Rounding: the amount of each price has four decimals, half up. Tax is added to their sum, and the
session's amount has the two decimals of the currency, half up. A total is the sum of the sessions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import accumulate
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

from wattseal.cdr import build
from wattseal.cdr.findings import Judgement, found, of_verify
from wattseal.cdr.keys import KeySource
from wattseal.cdr.marker import Markers, read_any
from wattseal.cdr.ocpi import Cdr, CdrError, is_number, name_of, objects, read_cdr
from wattseal.cdr.signers import read_own_key
from wattseal.cdr.validate import unreadable
from wattseal.common.errors import ToolError
from wattseal.common.exact_json import JsonError, load_object
from wattseal.common.files import read_at_most
from wattseal.common.findings import Finding
from wattseal.common.sentences import Language, read_labels
from wattseal.ocmf.findings import check_failed
from wattseal.ocmf.public_key import PublicKey

WORDS = "invoice"
"""The sentences of the statement of a driver's sessions."""

MAX_FILE_BYTES = 256 << 20

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Charge:
    """A CDR with its verdict. `body` are its bytes as they came, `cdr` None if it is unreadable."""

    body: bytes
    members: dict[str, Any]
    cdr: Cdr | None
    judgement: Judgement
    marked: tuple[str, ...] | None

    @property
    def is_billable(self) -> bool:
        """Whether nothing is said against it; the sender's own marker counts."""
        return self.judgement.verdict == "billable" and self.marked is None

    @property
    def ended(self) -> datetime | None:
        """The end of the session: as signed, with its own offset, else what the CDR tells."""
        if self.judgement.end:
            return datetime.fromisoformat(self.judgement.end)
        if self.cdr is None:
            return None
        return datetime.fromtimestamp(self.cdr.end_ms / 1000, UTC)


def check_month(month: str) -> str:
    """The month as `2026-11`. ToolError `bad_value`."""
    if not _MONTH.fullmatch(month):
        raise ToolError("bad_value", field="--month", limit="a month such as 2026-11", found=month)
    return month


def of_driver(charges: Iterable[Charge], driver: str, month: str) -> list[Charge]:
    """Those of a driver, by the token's uid or the contract's id, that ended in a month.

    The month is that of the place where the car was charged. Oldest first. OCPI compares the names
    without regard to case.
    """
    wanted = (
        one
        for one in charges
        if one.ended and f"{one.ended:%Y-%m}" == month and _is_of(one, driver)
    )
    return sorted(wanted, key=attrgetter("ended", "judgement.cdr"))


def without_repeats(charges: Iterable[Charge]) -> list[Charge]:
    """The same, but of what would be charged twice only the first is billable.

    A file may hold a CDR twice, or one session under two names. What a credit CDR cancels is out of
    it, so that a corrected CDR with the same records is billable.
    """
    charges = list(charges)
    cancelled = {one.cdr.credits for one in charges if one.cdr and one.cdr.credits is not None}
    names: set[str] = set()
    used: dict[tuple[str, str, int], tuple[str, str]] = {}
    told: list[Charge] = []
    for one in charges:
        name = one.judgement.cdr
        is_apart = one.cdr is None or one.cdr.credits is not None or one.cdr.id in cancelled
        finding = None
        if one.is_billable and name in names:
            finding = found("cdr_repeated")
        elif one.is_billable and not is_apart:
            finding = _reuse(one, used)
        more = (finding,) if finding else ()
        told.append(replace(one, judgement=one.judgement.with_findings(more)))
        names.add(name)
    return told


def _reuse(charge: Charge, used: dict[tuple[str, str, int], tuple[str, str]]) -> Finding | None:
    """What speaks against a session whose records, or some of them, were billed by another CDR."""
    facts = charge.judgement.facts
    if facts is None:
        return None
    pages = [(facts.key_fingerprint, facts.context, number) for number in facts.paginations]
    for page in pages:
        if page in used:
            name, content = used[page]
            if content == facts.content:
                return found("record_replayed", expected=name)
            return found("pagination_reused", expected=name, found=f"{page[1]}{page[2]}")
    used.update(dict.fromkeys(pages, (charge.judgement.cdr, facts.content)))
    return None


def read_charges(
    path: Path, judge: Callable[[Cdr], Judgement], markers: Markers
) -> Iterator[Charge]:
    """The CDRs of a file: one object, an array of them, or one object a line.

    ToolError `file_unreadable`, `cdr_malformed` if the file is no JSON. A CDR in it that cannot be
    read is one that is not billable.
    """
    for body in _bodies(path):
        try:
            members = load_object(body)
        except JsonError as error:
            raise ToolError("cdr_malformed", path=str(path), cause=f"it {error}") from None
        try:
            cdr = read_cdr(members)
        except CdrError as error:
            yield Charge(body, members, None, unreadable(name_of(members), error), None)
        else:
            yield Charge(body, members, cdr, judge(cdr), read_any(markers, members))


def stored_charge(body: bytes, judgement: Judgement, marked: tuple[str, ...] | None) -> Charge:
    """A CDR of a receiver's store with the verdict that it was given there."""
    members = load_object(body)
    try:
        cdr = read_cdr(members)
    except CdrError:
        cdr = None
    return Charge(body, members, cdr, judgement, marked)


def _bodies(path: Path) -> Iterator[bytes]:
    """The bytes of each CDR, as they stand in the file."""
    data = read_at_most(path, MAX_FILE_BYTES)
    if len(data) > MAX_FILE_BYTES:
        cause = f"it is larger than {MAX_FILE_BYTES >> 20} MiB"
        raise ToolError("cdr_malformed", path=str(path), cause=cause)
    text = data.strip()
    if text.startswith(b"["):
        yield from _elements(path, text)
    elif _is_one_object(text):
        yield data
    else:
        yield from (line for line in text.splitlines() if line.strip())


def _is_one_object(text: bytes) -> bool:
    first, _, rest = text.partition(b"\n")
    if not rest.strip():
        return True
    try:
        json.loads(first)
    except ValueError:
        return True  # an object over several lines
    return False


def _elements(path: Path, text: bytes) -> Iterator[bytes]:
    """The texts of an array's elements, cut out as they stand."""
    decoder = json.JSONDecoder()
    try:
        rest = text.decode("utf-8")
        at = 1
        while True:
            while rest[at] in " \t\r\n,":
                at += 1
            if rest[at] == "]":
                return
            _value, end = decoder.raw_decode(rest, at)
            yield rest[at:end].encode()
            at = end
    except (ValueError, IndexError, RecursionError):
        cause = "it is no array of JSON objects"
        raise ToolError("cdr_malformed", path=str(path), cause=cause) from None


def _is_of(charge: Charge, driver: str) -> bool:
    token = charge.members.get("cdr_token")
    told = token if isinstance(token, dict) else {}
    names = (told.get("uid"), told.get("contract_id"))
    return any(isinstance(one, str) and one.upper() == driver.upper() for one in names)


CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Line:
    """Energy at one price, without tax."""

    energy_kwh: Decimal
    per_kwh: Decimal

    @property
    def net(self) -> Decimal:
        """Four decimals."""
        return build.cost_of(self.energy_kwh, self.per_kwh)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a session costs; `tax_percent` None: no tax is told, and none is added."""

    lines: tuple[Line, ...]
    tax_percent: Decimal | None
    currency: str

    @property
    def net(self) -> Decimal:
        """Without tax, four decimals."""
        return sum((one.net for one in self.lines), Decimal(0))

    @property
    def gross(self) -> Decimal:
        """What is to be paid, two decimals."""
        return build.rounded(build.with_tax(self.net, self.tax_percent), CENT)


def rate(
    cdr: Cdr,
    members: dict[str, Any],
    session: build.SessionRecords | None,
    tariff: build.Tariff | None,
) -> Cost:
    """The cost of a billable session; `session` is None where nothing had to be signed.

    ToolError `tariff_missing`, `price_missing`, `price_change_unsigned`.
    """
    currency = members.get("currency")
    if not isinstance(currency, str):
        raise _missing(cdr)
    if tariff is None:
        return _by_cdr(cdr, members, session, currency)
    if session is None:
        if len(tariff.prices) > 1:
            raise _missing(cdr)
        lines: tuple[Line, ...] = (Line(cdr.energy_kwh, tariff.prices[0].per_kwh),)
    else:
        periods = build.periods_of(session, tariff)
        lines = tuple(Line(one.energy_kwh, one.price.per_kwh) for one in periods)
    return Cost(lines, tariff.tax_percent, currency)


def _by_cdr(
    cdr: Cdr, members: dict[str, Any], session: build.SessionRecords | None, currency: str
) -> Cost:
    """By the CDR's own tariffs. One price is applied to the signed energy itself."""
    prices = dict(_prices(members.get("tariffs")))
    volumes = list(_volumes(members.get("charging_periods")))
    used = {name for name, _volume in volumes}
    if not used or not used <= prices.keys() or len({prices[name][1] for name in used}) > 1:
        raise _missing(cdr)
    tax_percent = prices[volumes[0][0]][1]
    if len({prices[name][0] for name in used}) == 1:
        energy_kwh = session.energy_kwh if session else cdr.energy_kwh
        lines = [Line(energy_kwh, prices[volumes[0][0]][0])]
    else:
        _check_cuts(cdr, [volume for _name, volume in volumes], session)
        lines = [Line(volume, prices[name][0]) for name, volume in volumes]
    return Cost(tuple(lines), tax_percent, currency)


def _check_cuts(cdr: Cdr, volumes: list[Decimal], session: build.SessionRecords | None) -> None:
    """Every period has to end at a signed reading: no amount rests on an estimate."""
    if session is None:
        raise _missing(cdr)
    start = session.begin.register_kwh
    signed = {one.register_kwh - start for one in (*session.between, session.end)}
    sums = list(accumulate(volumes))
    if not set(sums) <= signed or sums[-1] != session.energy_kwh:
        raise _missing(cdr)


def _prices(tariffs: Any) -> Iterator[tuple[str, tuple[Decimal, Decimal | None]]]:
    """Price and tax of each tariff that has one price per kWh and charges nothing else."""
    for tariff in objects(tariffs):
        elements = objects(tariff.get("elements"))
        if len(elements) != 1 or elements[0].get("restrictions") or tariff.get("min_price"):
            continue
        components = objects(elements[0].get("price_components"))
        if len(components) == 1 and components[0].get("type") == "ENERGY":
            price, vat = _number(components[0].get("price")), _number(components[0].get("vat"))
            if price is not None and isinstance(tariff.get("id"), str):
                if tariff.get("tax_included") == "YES":
                    vat = None
                yield tariff["id"], (price, vat)


def _volumes(periods: Any) -> Iterator[tuple[str, Decimal]]:
    """Tariff and energy of each period."""
    for period in objects(periods):
        for dimension in objects(period.get("dimensions")):
            volume = _number(dimension.get("volume"))
            if dimension.get("type") == "ENERGY" and volume is not None:
                yield str(period.get("tariff_id")), volume


def _number(value: Any) -> Decimal | None:
    if not is_number(value):
        return None
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    is_short = isinstance(exponent, int) and abs(exponent) < 30 and abs(number) < 10**12
    return number if is_short else None


def _missing(cdr: Cdr) -> ToolError:
    return ToolError("tariff_missing", cdr=cdr.name)


Status = Literal["charged", "not_billable", "credited"]

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Rated:
    """One session of an invoice. `number` counts from 1; `folder` is its own in the bundle.

    `session` is there if the records are good; `cost` if it is charged.
    """

    number: int
    charge: Charge
    status: Status
    session: build.SessionRecords | None
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
        words = read_labels(WORDS, language)
        if self.status == "credited":
            return [words["cancelled_by"].format(cdr=self.credited_by)]
        findings = self.charge.judgement.findings
        told = [one.sentence(language) for one in findings if one.severity.is_error]
        return told if self.charge.marked is None else [*told, words["marked_invalid"]]


def rate_all(
    charges: Sequence[Charge], keys: KeySource | None, tariff: build.Tariff | None
) -> list[Rated]:
    """The sessions in their order; a credit CDR is none, it cancels one.

    ToolError as rating.rate and `invoice_key_missing`.
    """
    credited = {one.cdr.cancels: one.cdr.name for one in charges if one.cdr and one.cdr.cancels}
    kept = [one for one in charges if one.cdr is None or one.cdr.credits is None]
    return [
        _rated(number, one, credited.get(one.judgement.cdr), keys, tariff)
        for number, one in enumerate(kept, 1)
    ]


_OF_ONE_SESSION = ("session_unusable", "session_ambiguous")


def _rated(
    number: int, charge: Charge, by: str | None, keys: KeySource | None, tariff: build.Tariff | None
) -> Rated:
    if charge.cdr is None or not charge.is_billable:
        return Rated(number, charge, "not_billable", None, None)
    try:
        session = _session(charge.cdr, charge, keys)
        if by is not None:
            return Rated(number, charge, "credited", session, None, by)
        cost = rate(charge.cdr, charge.members, session, tariff)
    except Exception as error:
        if isinstance(error, ToolError) and error.name not in _OF_ONE_SESSION:
            raise
        judgement = charge.judgement.with_findings((of_verify(check_failed(error)),))
        return Rated(number, replace(charge, judgement=judgement), "not_billable", None, None)
    return Rated(number, charge, "charged", session, cost)


def _session(cdr: Cdr, charge: Charge, keys: KeySource | None) -> build.SessionRecords | None:
    if cdr.signed is None:
        return None
    key = _key(cdr, charge.judgement.key_fingerprint, keys)
    records = [build.read_records_text(one.text, cdr.name) for one in cdr.signed.values]
    return build.build_session(records, key, cdr.name)


def _key(cdr: Cdr, fingerprint: str | None, keys: KeySource | None) -> PublicKey:
    """The key that the verdict rests on: the CDR's if it is that one, else the source's."""
    own, _notes = read_own_key(cdr.signed.public_key if cdr.signed else None, ())
    if own is not None and own.fingerprint == fingerprint:
        return own
    for period in (keys.periods(cdr.evse_id) if keys else None) or ():
        if period.key.fingerprint == fingerprint:
            return period.key
    raise ToolError("invoice_key_missing", cdr=cdr.name)


def place_of(members: dict[str, Any]) -> str:
    """Where it was, in a line."""
    told = members.get("cdr_location")
    place = told if isinstance(told, dict) else {}
    city = " ".join(_words(place, "postal_code", "city"))
    return ", ".join(part for part in (*_words(place, "name", "address"), city) if part)


def _words(place: dict[str, Any], *names: str) -> list[str]:
    return [place[name] for name in names if isinstance(place.get(name), str)]
