"""Models of a record without any deviation from OCMF, in a fraction of the time that pyocmf's take.

A record that they refuse is read with pyocmf's, which say what is wrong and what is tolerated. A
test compares the two.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, get_args

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints
from pyocmf import Payload, Reading, Signature
from pyocmf.enums.crypto import SignatureEncodingType, SignatureMethod, SignatureMimeType
from pyocmf.enums.identifiers import (
    ChargePointIdentificationType,
    IdentificationFlag,
    IdentificationType,
    UserAssignmentStatus,
)
from pyocmf.enums.reading import MeterReadingReason, MeterStatus, ReadingType
from pyocmf.enums.units import OCMFUnit

ID_FORMATS = {
    IdentificationType.ISO14443: re.compile(r"[0-9a-fA-F]{8}(?:[0-9a-fA-F]{6})?"),
    IdentificationType.ISO15693: re.compile(r"[0-9a-fA-F]{16}"),
    IdentificationType.EMAID: re.compile(r"[A-Za-z0-9]{14,15}"),
    IdentificationType.EVCCID: re.compile(r"[0-9a-fA-F]{1,12}"),
    IdentificationType.EVCOID: re.compile(r"[A-Z]{2,3}-[A-Z0-9]{2,3}-[0-9]{6}-[0-9]"),
    IdentificationType.ISO7812: re.compile(r"[0-9]{8,19}"),
    IdentificationType.PHONE_NUMBER: re.compile("(?!)"),  # pyocmf has the countries' rules
}
VERSIONS = ("0.1", "0.2", "0.3", "0.4", "1.0", "1.1", "1.2", "1.3", "1.4")
"""Of OCMF, up to 1.4.1: major and minor, as FV tells them."""

_INHERITED = frozenset(("TM", "TX", "RI", "RU", "RT", "EF", "ST"))


def _one_of(union: object) -> str:
    """The pattern of the values of several enumerations, which pydantic would try one by one."""
    return "^(" + "|".join(one.value for kind in get_args(union) for one in kind) + ")$"


_Flag = Annotated[str, StringConstraints(pattern=_one_of(IdentificationFlag))]
_Unit = Annotated[str, StringConstraints(pattern=_one_of(OCMFUnit))]
_Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]+$")]
_Time = Annotated[
    str,
    StringConstraints(
        pattern="^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2},[0-9]{3}[+-][0-9]{4} [UISR]$"
    ),
]
_Obis = Annotated[str, StringConstraints(pattern=r"^.*[^*]$", max_length=40)]
_NoPhoneNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._*-]*$")]


class PlainSignature(BaseModel):
    """The signature section (OCMF table 8)."""

    model_config = ConfigDict(extra="allow")

    SA: SignatureMethod | None = SignatureMethod.SECP256R1_SHA256
    SE: SignatureEncodingType | None = SignatureEncodingType.HEX
    SM: SignatureMimeType | None = SignatureMimeType.APPLICATION_X_DER
    SD: _Hex


class PlainReading(BaseModel):
    """A reading (OCMF table 7); TM stays as written."""

    model_config = ConfigDict(extra="allow")

    TM: _Time
    TX: MeterReadingReason | None = None
    RV: Decimal | None = None
    RI: _Obis
    RU: _Unit
    RT: ReadingType | None = None
    CL: Decimal | None = None
    EF: Annotated[str, StringConstraints(pattern="^[Et]*$")] | None = None
    ST: MeterStatus

    @property
    def timestamp(self) -> datetime:
        """Reading time (TM) without the clock's status. Raises ValueError if there is no such."""
        return datetime.fromisoformat(self.TM[:-2])

    @property
    def time_status(self) -> str:
        """The clock's status in TM: U, I, S or R."""
        return self.TM[-1]


class PlainPayload(BaseModel):
    """The payload (OCMF tables 1 to 6)."""

    model_config = ConfigDict(extra="allow")

    FV: Annotated[str, StringConstraints(pattern=f"^({'|'.join(VERSIONS)})$")] | None = None
    GI: str | None = None
    GS: str | None = None
    GV: str | None = None
    PG: Annotated[str, StringConstraints(pattern="^[TF](0|[1-9][0-9]*)$")]
    MV: str | None = None
    MM: str | None = None
    MS: Annotated[str, StringConstraints(min_length=1)]
    MF: str | None = None
    IS: StrictBool
    IL: UserAssignmentStatus | None = None
    IF: Annotated[list[_Flag], Field(max_length=4)] = []
    IT: IdentificationType
    ID: _NoPhoneNumber | None = None
    TT: Annotated[str, StringConstraints(max_length=250)] | None = None
    CF: Annotated[str, StringConstraints(max_length=25)] | None = None
    LC: None = None
    CT: ChargePointIdentificationType | None = None
    CI: str | None = None
    RD: Annotated[list[PlainReading], Field(min_length=1)]


AnySignature = Signature | PlainSignature
AnyReading = Reading | PlainReading
AnyPayload = Payload | PlainPayload


def plain_payload(data: object) -> PlainPayload:
    """The payload in JSON members as read. Raises ValueError if it takes a closer look."""
    payload = PlainPayload.model_validate(data)
    for before, after in pairwise(payload.RD):
        if not after.model_fields_set >= before.model_fields_set & _INHERITED:
            raise ValueError("a reading inherits from the one before")
    for reading in payload.RD:
        _ = reading.timestamp
    id_format = ID_FORMATS.get(payload.IT) if payload.ID else None
    if id_format and not id_format.fullmatch(payload.ID or ""):
        raise ValueError("the identification is not of its type")
    return payload
