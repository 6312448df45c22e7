"""How long the fields of signed values may be in each version of OCPI and OCPP.

OCPI: SignedData and SignedValue of the CDR's module (2.2.1, sections 10.4.2 and 10.4.3; 2.2 had
512 characters for `signed_data`, into which no record with a signature fits). OCPP: note of the
Open Charge Alliance on signed meter values 1.0, and SignedMeterValueType of 2.1.
"""

from __future__ import annotations

from dataclasses import dataclass

from wattseal.errors import ToolError

ENCODING_METHOD = "OCMF"
"""Of both protocols; OCPI allows 36 characters, OCPP 50."""


@dataclass(frozen=True, slots=True)
class OcpiLimits:
    """Characters."""

    version: str
    signed_data: int = 5000
    plain_data: int = 512
    public_key: int = 512


@dataclass(frozen=True, slots=True)
class OcppLimits:
    """Characters, of base64."""

    version: str
    signed_meter_data: int = 2500
    public_key: int = 2500


OCPI = {
    "ocpi-2.2": OcpiLimits("2.2", signed_data=512),
    "ocpi-2.2.1": OcpiLimits("2.2.1"),
    "ocpi-2.3.0": OcpiLimits("2.3.0"),
}
OCPP = {
    "ocpp-1.6": OcppLimits("1.6"),
    "ocpp-2.0.1": OcppLimits("2.0.1"),
    "ocpp-2.1": OcppLimits("2.1", signed_meter_data=32768),
}
FORMATS = (*OCPI, *OCPP)


def check_length(field: str, text: str, limit: int, form: str) -> None:
    """ToolError `cdr_field_too_long`, with the field, its length and the limit."""
    if len(text) > limit:
        raise ToolError("cdr_field_too_long", field=field, length=len(text), limit=limit, form=form)
