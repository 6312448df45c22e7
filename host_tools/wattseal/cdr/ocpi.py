"""Reads the CDR object of OCPI 2.2.1 and 2.3.0, as far as a bill's metering data go.

Nothing of the rest is looked at: what does not decide a verdict cannot be a reason to refuse it.
Lengths are those of the specification (CDR object, section 10.3.1; SignedData and SignedValue,
10.4.2 and 10.4.3). Times are UTC, also without a zone (section "DateTime").
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Literal

from msgspec import Struct

from wattseal.cdr.findings import TABLE, found
from wattseal.common.exact_json import JsonError, load_object
from wattseal.common.findings import Finding
from wattseal.common.sentences import read_phrases
from wattseal.common.text import printable
from wattseal.common.times import unix_ms
from wattseal.ocmf.container import decode_ocmf_text
from wattseal.ocmf.transaction import is_sound


class CdrError(ValueError):
    """The CDR cannot be read: `code` is always the same, `field` and `cause` say what is wrong.

    `field` None: the CDR as a whole. `cause` completes `it ...`, and is in cdr_phrases.toml.
    """

    code = "cdr_malformed"

    def __init__(self, field: str | None, cause: str) -> None:
        super().__init__(f"{field or 'it'} {cause}")
        self.field = field
        self.cause = cause

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.field, self.cause)

    @property
    def finding(self) -> Finding:
        """The error as a finding of the CDR."""
        german = f"{self.field or 'er'} {in_german(self.cause)}"
        return found(self.code, subject=self.field, found=self, found_german=german)


def in_german(cause: str) -> str:
    """The German words for a cause. ValueError if it is none of a CdrError."""
    for form, german in _forms():
        if match := form.fullmatch(cause):
            return german.format(*match.groups())
    raise ValueError(f"there are no German words for {cause!r}")


@cache
def _forms() -> list[tuple[re.Pattern[str], str]]:
    """What English phrases look like, with whatever is in their blanks, and their German."""
    return [
        (re.compile(re.escape(english).replace(r"\{\}", "(.+)"), re.DOTALL), german)
        for english, german in read_phrases(TABLE).items()
    ]


Nature = Literal["Start", "End", "Intermediate"]


class SignedValue(Struct, frozen=True, gc=False):
    """One signed reading, or one record with both: `text` is the OCMF string, byte for byte."""

    nature: str
    text: str


class SignedData(Struct, frozen=True):
    """`signed_data` of a CDR. `public_key` as the CPO wrote it; it proves nothing by itself."""

    encoding_method: str
    public_key: str | None
    values: tuple[SignedValue, ...]


class Cdr(Struct, frozen=True):
    """What a bill rests on.

    `name` tells one CDR from all others: `country_code*party_id*id`. `evse_id` is as written.
    `bills_time`: some charging period is billed by time, so the clock must be good for billing.
    `credits`: id of the CDR that this one cancels (a credit CDR), else None. `billed` names who is
    billed: uid and contract of the token as they stand there, which may be anything.
    """

    id: str
    country_code: str
    party_id: str
    evse_id: str
    begin_ms: int
    end_ms: int
    energy_kwh: Decimal
    bills_time: bool
    credits: str | None
    signed: SignedData | None
    billed: tuple[Any, Any] = (None, None)

    @property
    def name(self) -> str:
        """Unique among the CDRs of all parties."""
        return f"{self.country_code}*{self.party_id}*{self.id}"

    @property
    def cancels(self) -> str | None:
        """The name of the CDR that this one cancels."""
        return self.credits and f"{self.country_code}*{self.party_id}*{self.credits}"


_KINDS = (("total_time_cost", "TIME"), ("total_parking_cost", "PARKING_TIME"))
_AMOUNTS = ("excl_vat", "before_taxes", "incl_vat")


def bills_time(cdr: dict[str, Any]) -> bool:
    """Whether some of the costs follow from a duration; what is malformed counts as absent."""
    without_cost = []
    for cost, kind in _KINDS:
        amounts = _amounts(cdr.get(cost))
        if any(amounts):
            return True
        if not amounts:
            without_cost.append(kind)
    priced = {
        component["type"]
        for tariff in objects(cdr.get("tariffs"))
        for element in objects(tariff.get("elements"))
        for component in objects(element.get("price_components"))
        if component.get("type") in without_cost and _is_more(component.get("price"))
    }
    return any(_has_volume(cdr, kind) for kind in priced)


def _has_volume(cdr: dict[str, Any], kind: str) -> bool:
    return any(
        dimension.get("type") == kind and _is_more(dimension.get("volume"))
        for period in objects(cdr.get("charging_periods"))
        for dimension in objects(period.get("dimensions"))
    )


def _amounts(price: Any) -> list[int | Decimal]:
    if not isinstance(price, dict):
        return []
    return [price[name] for name in _AMOUNTS if is_number(price.get(name))]


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; none if it is no list."""
    return [one for one in value if type(one) is dict] if type(value) is list else []


def is_number(value: Any) -> bool:
    """Whether a member is a number of exact JSON."""
    return type(value) in (int, Decimal)


def _is_more(value: Any) -> bool:
    return is_number(value) and bool(value)


ENCODING_METHOD = "OCMF"
"""Of OCPI, which allows 36 characters, and of OCPP, which allows 50."""

MAX_CDR_BYTES = 1 << 20
MAX_SIGNED_VALUES = 500
MAX_SIGNED_CHARACTERS = 5000
MAX_KEY_CHARACTERS = 512

_ID_CHARACTERS = 39

_TIME = re.compile(
    r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)


def read_cdr(source: dict[str, Any] | str | bytes) -> Cdr:
    """A CDR from its JSON text, or from an object whose numbers are int and Decimal.

    Raises CdrError whatever the source holds.
    """
    cdr = source if isinstance(source, dict) else _load(source)
    begin_ms = _moment(cdr, "start_date_time")
    end_ms = _moment(cdr, "end_date_time")
    if end_ms < begin_ms:
        raise CdrError("end_date_time", "is before start_date_time")
    location = cdr.get("cdr_location")
    if not isinstance(location, dict):
        raise CdrError("cdr_location", "is missing, or is no object")
    return Cdr(
        id=_word(cdr, "id", _ID_CHARACTERS),
        country_code=_word(cdr, "country_code", 2).upper(),
        party_id=_word(cdr, "party_id", 3).upper(),
        evse_id=_word(location, "evse_id", 48),
        begin_ms=begin_ms,
        end_ms=end_ms,
        energy_kwh=_energy(cdr),
        bills_time=bills_time(cdr),
        credits=_credited(cdr),
        signed=_signed_data(cdr.get("signed_data")),
        billed=_billed(cdr.get("cdr_token")),
    )


def name_of(source: dict[str, Any]) -> str:
    """What to call a CDR that could not be read: its name as far as it has one."""
    parts = (source.get(member) for member in ("country_code", "party_id", "id"))
    shown = (part[:_ID_CHARACTERS] if isinstance(part, str) else "?" for part in parts)
    return printable("*".join(shown))


def _load(text: str | bytes) -> dict[str, Any]:
    if len(text) > MAX_CDR_BYTES:
        raise CdrError(None, f"is larger than {MAX_CDR_BYTES >> 10} KiB")
    try:
        return load_object(text)
    except JsonError as error:
        raise CdrError(None, str(error)) from None


def _word(members: dict[str, Any], name: str, most: int) -> str:
    """A text that has to be there: OCPI's CiString, printable ASCII."""
    value = members.get(name)
    if type(value) is not str or not value:
        raise CdrError(name, "is missing, or is no text")
    if len(value) > most:
        raise CdrError(name, f"is longer than {most} characters")
    if not (value.isascii() and value.isprintable()):
        raise CdrError(name, "has characters other than printable ASCII")
    return value


def _moment(cdr: dict[str, Any], name: str) -> int:
    """Unix milliseconds of a DateTime; what is finer is cut off."""
    value = cdr.get(name)
    if type(value) is not str or not _TIME.fullmatch(value):
        raise CdrError(name, "is missing, or is no time such as 2026-11-21T10:00:05Z")
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        at_ms = unix_ms(moment)
    except (ValueError, OverflowError):
        raise CdrError(name, "is no time of the calendar") from None
    if at_ms < 0:
        raise CdrError(name, "is before 1970")
    return at_ms


def _energy(cdr: dict[str, Any]) -> Decimal:
    value = cdr.get("total_energy")
    if type(value) is int:
        value = Decimal(value)
    if type(value) is not Decimal:
        raise CdrError("total_energy", "is missing, or is no exact number")
    if not is_sound(value):
        raise CdrError("total_energy", "is no amount that a meter can measure")
    return value


def _credited(cdr: dict[str, Any]) -> str | None:
    """The CDR that a credit CDR cancels; both members say so, or neither (section 10.3.1)."""
    is_credit, reference = cdr.get("credit"), cdr.get("credit_reference_id")
    if type(is_credit) is not bool and is_credit is not None:
        raise CdrError("credit", "is neither true nor false")
    if is_credit:
        return _word(cdr, "credit_reference_id", _ID_CHARACTERS)
    if reference is not None:
        raise CdrError("credit_reference_id", "is there, but credit is not true")
    return None


def _billed(token: Any) -> tuple[Any, Any]:
    is_object = type(token) is dict
    return (token.get("uid"), token.get("contract_id")) if is_object else (None, None)


def _signed_data(signed: Any) -> SignedData | None:
    if signed is None:
        return None
    if not isinstance(signed, dict):
        raise CdrError("signed_data", "is no object")
    values = signed.get("signed_values")
    if not isinstance(values, list) or not values:
        raise CdrError("signed_data.signed_values", "is missing, or is no list of values")
    if len(values) > MAX_SIGNED_VALUES:
        raise CdrError("signed_data.signed_values", f"has more than {MAX_SIGNED_VALUES} values")
    key = signed.get("public_key")
    if key is not None:
        key = _limited(key, "signed_data.public_key", MAX_KEY_CHARACTERS)
    return SignedData(
        encoding_method=_word(signed, "encoding_method", 36),
        public_key=key or None,
        values=tuple([_signed_value(value) for value in values]),
    )


def _signed_value(value: Any) -> SignedValue:
    """One value; its text is the OCMF string where it holds one, however it is encoded."""
    if not isinstance(value, dict):
        raise CdrError("signed_data.signed_values", "has a value that is no object")
    written = _limited(value.get("signed_data"), "signed_data", MAX_SIGNED_CHARACTERS)
    return SignedValue(nature=_word(value, "nature", 32), text=decode_ocmf_text(written) or written)


def _limited(value: Any, name: str, most: int) -> str:
    if type(value) is not str:
        raise CdrError(name, "is missing, or is no text")
    if len(value) > most:
        raise CdrError(name, f"is longer than {most} characters")
    return value
