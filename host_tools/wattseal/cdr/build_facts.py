"""What signed records do not say and a CDR must: party, token, place, prices. A TOML or JSON file.

The members are those of OCPI 2.2.1 and 2.3.0 (sections 10.3.1 and 10.4) with their lengths. Prices
are per kWh without tax, decimal; a float of TOML is read as the digits that stand there.
"""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from decimal import Decimal
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

from wattseal.cdr.exact_json import JsonError, load_object
from wattseal.errors import ToolError
from wattseal.json_file import first_fault

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


class Facts(_Form):
    """The file. `id` of the CDR and `last_updated` are made if they are not given."""

    party: Party
    token: Token
    location: Place
    tariff: Tariff
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    auth_method: Literal["AUTH_REQUEST", "COMMAND", "WHITELIST"]
    id: Text36 | None = None
    session_id: Text36 | None = None
    authorization_reference: Text36 | None = None
    remark: Text255 | None = None
    last_updated: AwareDatetime | None = None


def read_facts(path: Path) -> Facts:
    """The facts of a file. ToolError `file_unreadable`, `facts_malformed`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        cause = error.strerror or str(error)
        raise ToolError("file_unreadable", path=str(path), cause=cause) from None
    if len(data) > MAX_BYTES:
        raise _malformed(path, f"it is larger than {MAX_BYTES} bytes")
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
