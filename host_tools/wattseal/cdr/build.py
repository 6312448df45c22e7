"""Makes the CDRs of OCPI 2.2.1 and 2.3.0 from a session's signed records.

Times and energy come from the signed readings and from nowhere else. The object is that of section
10.3.1; 2.3.0 differs in the form of amounts (`before_taxes` and `taxes`) and in the tariff's
`tax_included`.
"""

from __future__ import annotations

import base64
import hashlib
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from wattseal.cdr.ocpi import ENCODING_METHOD, MAX_KEY_CHARACTERS, MAX_SIGNED_CHARACTERS, Nature
from wattseal.common.errors import ToolError
from wattseal.common.exact_json import JsonError, load_object
from wattseal.common.files import first_fault, read_at_most, read_bounded
from wattseal.device.session import KEY_HEX
from wattseal.ocmf.evse_id import EvseIdError, read_evse_id
from wattseal.ocmf.plain_models import AnyReading
from wattseal.ocmf.public_key import KeyUnreadableError, PublicKey, read_public_key
from wattseal.ocmf.record import Record, RecordMalformedError, read_record
from wattseal.ocmf.transaction import END_REASONS, ENERGY_UNITS, Member, check_transaction, is_sound

MAX_BYTES = 1 << 16

Money = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=4)]


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it holds characters that are not printable")
    return text


_Text = Annotated[str, StringConstraints(min_length=1, strict=True), AfterValidator(_printable)]

# OCPI's `string` and `CiString` types with their lengths.
Text10 = Annotated[_Text, Field(max_length=10)]
Text20 = Annotated[_Text, Field(max_length=20)]
Text30 = Annotated[_Text, Field(max_length=30)]
Text36 = Annotated[_Text, Field(max_length=36)]
Text45 = Annotated[_Text, Field(max_length=45)]
Text48 = Annotated[_Text, Field(max_length=48)]
Text50 = Annotated[_Text, Field(max_length=50)]
Text255 = Annotated[_Text, Field(max_length=255)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Party(_Form):
    """The CPO that owns the CDR."""

    country_code: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    party_id: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3}$")]


class Token(Party):
    """CdrToken: who charged; its party is the MSP."""

    uid: Text36
    type: Literal["AD_HOC_USER", "APP_USER", "EMAID", "OTHER", "RFID"]
    contract_id: Text36


class Coordinates(_Form):
    """GeoLocation, in degrees."""

    latitude: Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,2}\.[0-9]{5,7}$")]
    longitude: Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,3}\.[0-9]{5,7}$")]


class Place(_Form):
    """CdrLocation. Without `evse_id`, the records' own is taken."""

    id: Text36
    name: Text255 | None = None
    address: Text45
    city: Text45
    postal_code: Text10 | None = None
    state: Text20 | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    coordinates: Coordinates
    evse_uid: Text36
    evse_id: Text48 | None = None
    connector_id: Text36
    connector_standard: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9_]{3,40}$")]
    connector_format: Literal["SOCKET", "CABLE"]
    connector_power_type: Literal[
        "AC_1_PHASE", "AC_2_PHASE", "AC_2_PHASE_SPLIT", "AC_3_PHASE", "DC"
    ]


class Price(_Form):
    """What a kWh costs from a moment on; without one, from the beginning."""

    per_kwh: Money
    since: AwareDatetime | None = None


class Tariff(_Form):
    """Prices in the order of time. `tax_percent` is added to them; `tax_name` names it."""

    id: Text30
    prices: Annotated[list[Price], Field(min_length=1, max_length=100)]
    tax_percent: Annotated[Decimal, Field(ge=0, le=100)] | None = None
    tax_name: Text50 = "VAT"

    @model_validator(mode="after")
    def _in_order(self) -> Tariff:
        times = [one.since for one in self.prices[1:]]
        known = [one for one in (self.prices[0].since, *times) if one]
        if None in times or known != sorted(set(known)):
            raise ValueError("every price after the first needs a later `since`")
        return self


class Partner(_Form):
    """What was agreed with the MSP that gets the CDR: `signed_data` in base64, as OCPI says (each
    version, module CDRs), or the bare OCMF string."""

    signed_data: Literal["base64", "bare"] = "base64"


class Facts(_Form):
    """The file. `id` of the CDR and `last_updated` are made if they are not given."""

    party: Party
    token: Token
    location: Place
    tariff: Tariff
    partner: Partner = Partner()
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    auth_method: Literal["AUTH_REQUEST", "COMMAND", "WHITELIST"]
    id: Text36 | None = None
    session_id: Text36 | None = None
    authorization_reference: Text36 | None = None
    remark: Text255 | None = None
    last_updated: AwareDatetime | None = None


def read_facts(path: Path) -> Facts:
    """The facts of a file. ToolError `file_unreadable`, `facts_malformed`."""
    data = read_bounded(path, MAX_BYTES, "facts_malformed")
    try:
        return Facts.model_validate(_members(path, data))
    except ValidationError as error:
        raise _malformed(path, first_fault(error)) from None


def _members(path: Path, data: bytes) -> Any:
    if path.suffix == ".json":
        try:
            return load_object(data)
        except JsonError as error:
            raise _malformed(path, f"it {error}") from None
    try:
        return tomllib.loads(data.decode("utf-8"), parse_float=Decimal)
    except UnicodeDecodeError:
        raise _malformed(path, "it is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise _malformed(path, f"it is no TOML ({error})") from None


def _malformed(path: Path, cause: str) -> ToolError:
    return ToolError("facts_malformed", path=str(path), cause=cause)


def rfc_3339(moment: datetime) -> str:
    """OCPI's DateTime: UTC, seconds, with milliseconds only where there are some; 24 characters."""
    moment = moment.astimezone(UTC)
    milliseconds = moment.microsecond // 1000
    fraction = f".{milliseconds:03}" if milliseconds else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


@dataclass(frozen=True, slots=True)
class Limits:
    """The characters that a protocol's version allows, as written: in base64, as a rule."""

    version: str
    signed_data: int
    public_key: int
    plain_data: int = 0


# plain_data has 5000 since the erratum of May 2026.
_MAX_OF_OCPI = (MAX_SIGNED_CHARACTERS, MAX_KEY_CHARACTERS, MAX_SIGNED_CHARACTERS)
OCPI = {
    "ocpi-2.2": Limits("2.2", 512, MAX_KEY_CHARACTERS, 512),
    "ocpi-2.2.1": Limits("2.2.1", *_MAX_OF_OCPI),
    "ocpi-2.3.0": Limits("2.3.0", *_MAX_OF_OCPI),
}
OCPP = {
    "ocpp-1.6": Limits("1.6", 2500, 2500),
    "ocpp-2.0.1": Limits("2.0.1", 2500, 2500),
    "ocpp-2.1": Limits("2.1", 32768, 2500),
}


def check_length(field: str, text: str, limit: int, form: str) -> None:
    """ToolError `cdr_field_too_long`, with the field, its length and the limit."""
    if len(text) > limit:
        raise ToolError("cdr_field_too_long", field=field, length=len(text), limit=limit, form=form)


def fitting_records(
    session: SessionRecords, limit: int, text_of: Callable[[Signed], str]
) -> tuple[Signed, ...]:
    """The records; the combined one instead where the text of one of them is too long."""
    too_long = any(len(text_of(one)) > limit for one in session.records)
    return (session.combined,) if too_long and session.combined else session.records


MAX_RECORD_BYTES = 1 << 16
MAX_FILES = 5000

_DECIMALS_OF_WH = 3


@dataclass(frozen=True, slots=True)
class Moment:
    """When the register stood where: as signed, the register in kWh with all its digits."""

    at: datetime
    register_kwh: Decimal


@dataclass(frozen=True, slots=True)
class Signed:
    """A record as it was signed, with its payload as text and what it is in the session."""

    nature: Nature
    text: str
    payload_text: str
    moment: Moment


@dataclass(frozen=True)
class SessionRecords:
    """A session that has a begin and an end.

    `records` in the order signed: begin, intermediates, end; if there is a record that holds both
    begin and end, it is `combined`, and `records` has it alone when there are no others.
    `pagination` is that of the begin, `evse_id` what the records say of their charge point.
    """

    key: PublicKey
    records: tuple[Signed, ...]
    combined: Signed | None
    begin: Moment
    end: Moment
    pagination: str
    meter_serial: str | None
    evse_id: str | None

    @property
    def energy_kwh(self) -> Decimal:
        """End minus begin, exactly."""
        return self.end.register_kwh - self.begin.register_kwh

    @property
    def between(self) -> tuple[Moment, ...]:
        """The intermediate readings."""
        return tuple(one.moment for one in self.records if one.nature == "Intermediate")


def read_session_folder(
    folder: Path, key: PublicKey | None = None, begin: str | None = None
) -> SessionRecords:
    """The session of a folder; `begin` (`T17`) says which, if there are several.

    The key is that of the folder unless one is given. ToolError `session_unusable`,
    `session_ambiguous`, `file_unreadable`.
    """
    return build_session(_read_records(folder), key or _read_key(folder), str(folder), begin)


def build_session(
    records: Iterable[Record], key: PublicKey, origin: str, begin: str | None = None
) -> SessionRecords:
    """The one session that these records make. ToolError as `read_session_folder`."""
    found = list(_sessions(records))
    if begin is not None:
        found = [one for one in found if _pagination(one[0]) == _page(begin)]
    if not found:
        wanted = f"it holds no session that begins with {begin}" if begin else "there is no begin"
        raise _unusable(origin, wanted)
    if len(found) > 1:
        names = ", ".join(str(one[0].payload.PG) for one in found if one[0].payload)
        raise ToolError("session_ambiguous", path=origin, sessions=names)
    return _session(found[0], key, origin)


def _sessions(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Records by pagination, cut where a session begins; what precedes the first is left out.

    A combined record stands with the begin and end that it repeats, where they are there too.
    """
    group: list[Record] = []
    for record in sorted(records, key=_pagination):
        letters = {str(reading.TX) for reading in record.payload.RD} if record.payload else set()
        starts = "B" in letters
        repeats = starts and len(letters) > 1 and group and _begin_of(group) == _begin_of([record])
        if starts and not repeats:
            if group:
                yield group
            group = []
        if group or starts:
            group.append(record)
    if group:
        yield group


def _begin_of(group: list[Record]) -> tuple[object, ...]:
    """What tells a session: the begin reading and who signed it."""
    payload = group[0].payload
    first = payload.RD[0] if payload else None
    return (payload and payload.GS, first and first.RV, group[0].times[0])


def _pagination(record: Record) -> tuple[str, int]:
    return _page(str(record.payload.PG if record.payload else ""))


def _page(page: str) -> tuple[str, int]:
    return page[:1], int(page[1:]) if page[1:].isdecimal() else 0


def _session(group: list[Record], key: PublicKey, origin: str) -> SessionRecords:
    natures = [(one, _nature(one)) for one in group]
    is_apart = any(nature for _one, nature in natures)
    chosen = [one for one, nature in natures if nature or not is_apart]
    members = [Member(one.payload, one.times) for one in chosen if one.payload]
    outcome = check_transaction(members, is_claimed=True)
    if outcome.begin is None or outcome.end is None:
        missing = "begin" if outcome.begin is None else "end"
        raise _unusable(origin, f"there is not exactly one {missing} reading to bill by")
    payload, register = outcome.begin.member.payload, str(outcome.begin.reading.RI)
    apart: list[Signed] = []
    combined: list[Signed] = []
    for one, nature in natures:
        moment = _reading_of(one, register, origin)
        signed = Signed(nature or "End", one.text, one.payload_text, moment)
        (apart if nature else combined).append(signed)
    return SessionRecords(
        key=key,
        records=tuple(apart or combined[:1]),
        combined=combined[0] if combined else None,
        begin=_moment(outcome.begin.reading, "the begin", origin),
        end=_moment(outcome.end.reading, "the end", origin),
        pagination=str(payload.PG),
        meter_serial=payload.MS,
        evse_id=str(payload.CI) if payload.CI and str(payload.CT) == "EVSEID" else None,
    )


def _nature(record: Record) -> Nature | None:
    """What a record is in its session; None if it holds both begin and end."""
    letters = {str(reading.TX) for reading in record.payload.RD} if record.payload else set()
    begins, ends = "B" in letters, bool(letters & END_REASONS)
    if begins and ends:
        return None
    return "Start" if begins else "End" if ends else "Intermediate"


def _reading_of(record: Record, register: str, origin: str) -> Moment:
    """The record's last reading of the register that is billed by."""
    readings = record.payload.RD if record.payload else []
    found = [one for one in readings if str(one.RI) == register]
    if not record.payload or not found:
        raise _unusable(origin, f"a record of the session has no reading of register {register}")
    return _moment(found[-1], str(record.payload.PG), origin)


def _moment(reading: AnyReading, where: str, origin: str) -> Moment:
    """When and where the register stood; `where` is the record's pagination."""
    if reading.RV is None or not is_sound(reading.RV):
        raise _unusable(origin, f"the reading of {where} has no value to bill by")
    unit = str(reading.RU)
    if unit not in ENERGY_UNITS:
        raise _unusable(origin, f"the reading of {where} is in {unit}, not in kWh or Wh")
    register = reading.RV.scaleb(-_DECIMALS_OF_WH) if unit == "Wh" else reading.RV
    if reading.timestamp.tzinfo is None:
        raise _unusable(origin, f"the reading of {where} does not tell its offset from UTC")
    return Moment(reading.timestamp, register)


def _read_records(folder: Path) -> list[Record]:
    """All records of a folder, each once, however many files hold it."""
    try:
        paths = sorted(folder.glob("*.ocmf"))[: MAX_FILES + 1]
        if len(paths) > MAX_FILES:
            raise _unusable(str(folder), f"it holds more than {MAX_FILES} records")
        texts = dict.fromkeys(map(_text, paths))
    except OSError as error:
        raise ToolError.of_file("file_unreadable", error.filename, error) from None
    if not texts:
        raise _unusable(str(folder), "there is no .ocmf file in it")
    return [read_records_text(text, str(folder)) for text in texts]


def read_records_text(text: str, origin: str) -> Record:
    """One OCMF string. ToolError `session_unusable`."""
    try:
        record = read_record(text)
    except RecordMalformedError as error:
        raise _unusable(origin, f"a record in it cannot be read, {error}") from None
    if record.payload is None:
        raise _unusable(origin, "a record in it cannot be read, its payload is no OCMF")
    return record


def _text(path: Path) -> str:
    data = read_at_most(path, MAX_RECORD_BYTES)
    try:
        text = data.decode("ascii").strip()
    except UnicodeDecodeError:
        raise _unusable(str(path), "it is not ASCII") from None
    if len(data) > MAX_RECORD_BYTES:
        raise _unusable(str(path), f"it is larger than {MAX_RECORD_BYTES} bytes")
    return text


def _read_key(folder: Path) -> PublicKey:
    try:
        return read_public_key((folder / KEY_HEX).read_bytes())
    except FileNotFoundError:
        raise _unusable(str(folder), f"there is no {KEY_HEX}; give the key with --key") from None
    except OSError as error:
        raise ToolError.of_file("file_unreadable", folder / KEY_HEX, error) from None
    except KeyUnreadableError as error:
        raise _unusable(str(folder / KEY_HEX), f"the key cannot be read, {error}") from None


def _unusable(origin: str, cause: str) -> ToolError:
    return ToolError("session_unusable", path=origin, cause=cause)


TOLERANCE = timedelta(seconds=60)
"""How far a signed reading may be from the change of the price that it stands for."""

PRECISION = Decimal("0.0001")
_EXACT = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Period:
    """Energy at one price. `number` is that of the price in the tariff, from 1."""

    begin: datetime
    energy_kwh: Decimal
    price: Price
    number: int

    @property
    def cost(self) -> Decimal:
        """Without tax."""
        return cost_of(self.energy_kwh, self.price.per_kwh)


def cost_of(energy_kwh: Decimal, per_kwh: Decimal) -> Decimal:
    """Price times energy, without tax."""
    return rounded(_EXACT.multiply(energy_kwh, per_kwh))


def rounded(amount: Decimal, step: Decimal = PRECISION) -> Decimal:
    """Half up."""
    return amount.quantize(step, ROUND_HALF_UP, _EXACT)


def with_tax(amount: Decimal, percent: Decimal | None) -> Decimal:
    """The amount with the tax added."""
    if percent is None:
        return amount
    return amount + rounded(_EXACT.multiply(amount, percent.scaleb(-2)))


def periods_of(session: SessionRecords, tariff: Tariff) -> list[Period]:
    """The session cut at the changes of price. ToolError `price_missing`, `price_change_unsigned`.

    A price counts from the signed reading that is nearest to its change: from begin, where that is
    the begin; not at all, where that is the end.
    """
    first = tariff.prices[0]
    if first.since and first.since > session.begin.at + TOLERANCE:
        raise ToolError("price_missing", at=rfc_3339(session.begin.at), tariff=tariff.id)
    cuts = [(session.begin, _valid_at(tariff.prices, session.begin.at))]
    for at in range(cuts[0][1] + 1, len(tariff.prices)):
        change = tariff.prices[at].since
        if change is None or change >= session.end.at:
            break
        moment = _reading_at(change, session)
        if moment is session.end:
            break
        if moment is cuts[-1][0]:
            cuts.pop()
        cuts.append((moment, at))
    ends = [moment for moment, _ in cuts[1:]] + [session.end]
    return [
        Period(moment.at, end.register_kwh - moment.register_kwh, tariff.prices[at], at + 1)
        for (moment, at), end in zip(cuts, ends, strict=True)
    ]


def _valid_at(prices: Sequence[Price], moment: datetime) -> int:
    return max(at for at, one in enumerate(prices) if at == 0 or (one.since or moment) <= moment)


def _reading_at(change: datetime, session: SessionRecords) -> Moment:
    """The signed reading that is nearest to a change of price."""
    readings = (session.begin, *session.between, session.end)
    nearest = min(readings, key=lambda one: abs(one.at - change))
    if abs(nearest.at - change) > TOLERANCE:
        raise ToolError(
            "price_change_unsigned",
            at=rfc_3339(change),
            nearest=f"the nearest is of {rfc_3339(nearest.at)}",
            seconds=int(TOLERANCE.total_seconds()),
        )
    return nearest


_SECONDS_OF_AN_HOUR = 3600
_NEWEST = "2.3.0"
_NEW_TOKEN = "EMAID"  # noqa: S105 - a type of token, new in 2.3.0


def build_cdr(session: SessionRecords, facts: Facts, form: str, now: datetime) -> dict[str, Any]:
    """A CDR as an object whose numbers are Decimal or int; common/exact_json.py writes it.

    `form` is one of OCPI. ToolError `cdr_field_too_long`, `evse_id_missing`,
    `price_missing`, `price_change_unsigned`.
    """
    limits = OCPI[form]
    if facts.token.type == _NEW_TOKEN and limits.version != _NEWEST:
        limit = f"one that OCPI {limits.version} knows"
        raise ToolError("bad_value", field="token.type", limit=limit, found=_NEW_TOKEN)
    periods = periods_of(session, facts.tariff)
    updated = rfc_3339(facts.last_updated or now)
    seconds = Decimal(int((session.end.at - session.begin.at).total_seconds() * 1000)).scaleb(-3)
    cost = _price(sum((one.cost for one in periods), Decimal(0)), facts.tariff, limits)
    # Of each price its first period, in the order of time.
    priced = {one.number: one for one in reversed(periods)}.values()
    cdr = {
        **facts.party.model_dump(),
        "id": facts.id or _id_of(session),
        "start_date_time": rfc_3339(session.begin.at),
        "end_date_time": rfc_3339(session.end.at),
        "session_id": facts.session_id,
        "cdr_token": facts.token.model_dump(),
        "auth_method": facts.auth_method,
        "authorization_reference": facts.authorization_reference,
        "cdr_location": _location(session, facts),
        "meter_id": session.meter_serial,
        "currency": facts.currency,
        "tariffs": [_tariff(one, facts, limits, updated) for one in reversed(priced)],
        "charging_periods": [
            {
                "start_date_time": rfc_3339(one.begin),
                "dimensions": [{"type": "ENERGY", "volume": one.energy_kwh}],
                "tariff_id": _tariff_id(one, facts.tariff),
            }
            for one in periods
        ],
        "signed_data": _signed_data(session, facts.partner, limits, form),
        "total_cost": cost,
        "total_energy": session.energy_kwh,
        "total_energy_cost": cost,
        "total_time": rounded(seconds / _SECONDS_OF_AN_HOUR),
        "remark": facts.remark,
        "last_updated": updated,
    }
    return {name: value for name, value in cdr.items() if value is not None}


def _id_of(session: SessionRecords) -> str:
    """Made of the records, so that the same session always gives the same CDR."""
    texts = "\n".join(one.text for one in session.records)
    return hashlib.sha256(texts.encode()).hexdigest()[:36]


def _location(session: SessionRecords, facts: Facts) -> dict[str, Any]:
    evse_id = facts.location.evse_id or session.evse_id
    if evse_id is None:
        raise ToolError("evse_id_missing")
    try:
        evse_id = read_evse_id(evse_id).text
    except EvseIdError as error:
        raise ToolError("bad_value", field="evse_id", limit="an EVSE-ID", found=error) from None
    members = facts.location.model_dump() | {"evse_id": evse_id}
    return {name: value for name, value in members.items() if value is not None}


def _tariff_id(period: Period, tariff: Tariff) -> str:
    """A tariff of OCPI has one price for each kind of cost, so each price is a tariff."""
    return tariff.id if len(tariff.prices) == 1 else f"{tariff.id}-{period.number}"


def _tariff(period: Period, facts: Facts, limits: Limits, updated: str) -> dict[str, Any]:
    component: dict[str, Any] = {"type": "ENERGY", "price": period.price.per_kwh}
    if facts.tariff.tax_percent is not None:
        component["vat"] = facts.tariff.tax_percent
    made: dict[str, Any] = {
        **facts.party.model_dump(),
        "id": _tariff_id(period, facts.tariff),
        "currency": facts.currency,
        "elements": [{"price_components": [component | {"step_size": 1}]}],
        "last_updated": updated,
    }
    if limits.version == _NEWEST:
        made["tax_included"] = "NO"
    if period.price.since is not None:
        made["start_date_time"] = rfc_3339(period.price.since)
    return made


def _price(amount: Decimal, tariff: Tariff, limits: Limits) -> dict[str, Any]:
    """An amount without tax and, if the tax is known, with it."""
    gross = with_tax(amount, tariff.tax_percent)
    is_newest, percent = limits.version == _NEWEST, tariff.tax_percent
    price: dict[str, Any] = {"before_taxes" if is_newest else "excl_vat": amount}
    if percent is not None and is_newest:
        tax = {"name": tariff.tax_name, "percentage": percent, "amount": gross - amount}
        price["taxes"] = [tax]
    elif percent is not None:
        price["incl_vat"] = gross
    return price


def in_base64(one: Signed) -> str:
    """The record as OCPI and OCPP carry it."""
    return base64.b64encode(one.text.encode()).decode()


def _signed_data(
    session: SessionRecords, partner: Partner, limits: Limits, form: str
) -> dict[str, Any]:
    key = base64.b64encode(session.key.spki).decode()
    check_length("signed_data.public_key", key, limits.public_key, form)
    values = []
    written = attrgetter("text") if partner.signed_data == "bare" else in_base64
    for one in fitting_records(session, limits.signed_data, written):
        is_combined = one is session.combined
        what = "record with begin and end" if is_combined else f"{one.nature} value"
        check_length(f"signed_data of the {what}", written(one), limits.signed_data, form)
        # `plain_data` must be there, and is empty where the payload is longer than it may be.
        plain = one.payload_text if len(one.payload_text) <= limits.plain_data else ""
        values.append({"nature": one.nature, "plain_data": plain, "signed_data": written(one)})
    return {"encoding_method": ENCODING_METHOD, "public_key": key, "signed_values": values}
