"""A charge detail record as far as its metering data are concerned, whatever form it came in.

The fields are those of OCPI 2.2.1 and 2.3.0 (CDR object, section 10.3.1; SignedData, 10.4.2).
Times are Unix milliseconds, energy is in kWh as a Decimal, as written: never a float.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

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
    `credits`: id of the CDR that this one cancels (a credit CDR), else None.
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

    @property
    def name(self) -> str:
        """Unique among the CDRs of all parties."""
        return f"{self.country_code}*{self.party_id}*{self.id}"
