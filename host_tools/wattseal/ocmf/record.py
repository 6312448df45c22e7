"""One OCMF record taken apart: framing, payload, signature section (OCMF 1.4.1, JSON format).

The three parts are judged apart, because a payload that was damaged after signing should be told
as a signature that does not fit, not as a parser's complaint. pyocmf supplies the models of payload
and signature section; its leniency follows the field's reference verifier, and what it tolerates
is reported here as a warning.
"""

from __future__ import annotations

import json
import re
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, NamedTuple, TypeVar, get_args

import pydantic
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints
from pyocmf import Payload, Reading, Signature, SpecWarning
from pyocmf.enums.crypto import SignatureEncodingType, SignatureMethod, SignatureMimeType
from pyocmf.enums.identifiers import (
    ChargePointIdentificationType,
    IdentificationFlag,
    IdentificationType,
    UserAssignmentStatus,
)
from pyocmf.enums.reading import MeterReadingReason, MeterStatus, ReadingType
from pyocmf.enums.units import OCMFUnit

from wattseal.common.findings import Finding
from wattseal.ocmf.findings import found, shown

_ID_FORMATS = {
    IdentificationType.ISO14443: re.compile(r"[0-9a-fA-F]{8}(?:[0-9a-fA-F]{6})?"),
    IdentificationType.ISO15693: re.compile(r"[0-9a-fA-F]{16}"),
    IdentificationType.EMAID: re.compile(r"[A-Za-z0-9]{14,15}"),
    IdentificationType.EVCCID: re.compile(r"[0-9a-fA-F]{1,12}"),
    IdentificationType.EVCOID: re.compile(r"[A-Z]{2,3}-[A-Z0-9]{2,3}-[0-9]{6}-[0-9]"),
    IdentificationType.ISO7812: re.compile(r"[0-9]{8,19}"),
    IdentificationType.PHONE_NUMBER: re.compile("(?!)"),  # pyocmf knows the world's
}
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

    FV: str | None = None
    GI: str | None = None
    GS: str | None = None
    GV: str | None = None
    PG: Annotated[str, StringConstraints(pattern="^[TF](0|[1-9][0-9]*)$")]
    MV: str | None = None
    MM: str | None = None
    MS: str | None = None
    MF: str | None = None
    IS: StrictBool
    IL: UserAssignmentStatus | None = None
    IF: Annotated[list[_Flag], Field(max_length=4)] = []
    IT: IdentificationType | None = IdentificationType.NONE
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
    if payload.GS is None and payload.MS is None:
        raise ValueError("nothing says what signed")
    for before, after in pairwise(payload.RD):
        if not after.model_fields_set >= before.model_fields_set & _INHERITED:
            raise ValueError("a reading inherits from the one before")
    for reading in payload.RD:
        _ = reading.timestamp
    id_format = _ID_FORMATS.get(payload.IT) if payload.ID and payload.IT else None
    if id_format and not id_format.fullmatch(payload.ID or ""):
        raise ValueError("the identification is not of its type")
    return payload


HEADER = "OCMF"

_SURROGATE = re.compile("[\ud800-\udfff]")
_ONE_AT_A_TIME = threading.Lock()

_Times = tuple[str | None, ...]
_Parsed = TypeVar("_Parsed")


class RecordMalformedError(ValueError):
    """The text is not `OCMF|payload|signature`; the message says what is wrong."""


class Record(NamedTuple):
    """A record whose framing and signature section could be read.

    `payload_text` is exactly what was signed (as UTF-8). `payload` is None, and a finding says why,
    when that text is no OCMF payload. `times` are the TM texts of the readings as written.
    """

    text: str
    payload_text: str
    signature: AnySignature
    payload: AnyPayload | None
    appended_key: str | None = None
    times: _Times = ()
    findings: tuple[Finding, ...] = ()

    @property
    def signed_bytes(self) -> bytes:
        """The bytes that the signature is over."""
        return self.payload_text.encode("utf-8")


def read_record(text: str) -> Record:
    """Take a record apart. Raises RecordMalformedError if it has no signature to check."""
    text = text.strip()
    header, *sections = text.split("|", 3)
    if header != HEADER or len(sections) < 2:
        raise RecordMalformedError("it is not of the form OCMF|payload|signature")
    if not text.isascii() and _SURROGATE.search(text):
        raise RecordMalformedError("it holds characters that no encoding can carry")
    signature, payload, times, findings = _read_plainly(*sections[:2]) or _read(*sections[:2])
    appended_key = sections[2].strip() or None if len(sections) == 3 else None
    return Record(text, sections[0], signature, payload, appended_key, times, findings)


_Parts = tuple[AnySignature, AnyPayload | None, _Times, tuple[Finding, ...]]


def _read_plainly(payload_text: str, signature_text: str) -> _Parts | None:
    """The parts of a record that keeps to OCMF; None for one that takes a closer look."""
    try:
        signature = PlainSignature.model_validate(_plain_json(signature_text))
        payload = plain_payload(_plain_json(payload_text))
    except (ValueError, ArithmeticError, RecursionError):
        return None  # _read says what it is
    return signature, payload, tuple(reading.TM for reading in payload.RD), ()


def _read(payload_text: str, signature_text: str) -> _Parts:
    """The parts of any record, with what is wrong and what is tolerated."""
    signature, notes = _read_signature(signature_text)
    payload, times, payload_notes = _read_payload(payload_text)
    return signature, payload, times, tuple(dict.fromkeys(notes + payload_notes))


def _read_signature(text: str) -> tuple[Signature, list[Finding]]:
    members = _Members()
    try:
        section = _load_json(text, members)
        signature, notes = _with_notes(lambda: Signature.model_validate(section))
    except Exception as error:
        raise RecordMalformedError(f"its signature section {_in_words(error)}") from None
    if members.repeated:
        raise RecordMalformedError(
            f"its signature section holds {shown(members.repeated[0])} twice"
        )
    return signature, notes


def _read_payload(text: str) -> tuple[Payload | None, _Times, list[Finding]]:
    members = _Members()
    try:
        data = _load_json(text, members)
        payload, notes = _with_notes(lambda: Payload.model_validate(data))
        times = _times(data)
    except Exception as error:
        # The models meet whatever a file holds, and let out what their code stumbles over; no
        # file may end the verification of the others.
        return None, (), [found("payload_malformed", cause=f"it {_in_words(error)}")]
    if members.repeated:
        notes.insert(0, found("payload_ambiguous", field=members.repeated[0]))
    return payload, times, notes


def _times(data: dict[str, Any]) -> _Times:
    """TM of each reading as written, inherited from the reading before where left out."""
    times: list[str | None] = []
    for reading in data["RD"]:
        inherited = times[-1] if times else None
        written = reading.get("TM", inherited)
        times.append(written if isinstance(written, str) else None)
    return tuple(times)


class _JsonError(ValueError):
    """The text is no JSON object; the message completes `it ...`."""


@dataclass
class _Members:
    """JSON members as read, with the keys that stood twice in one object."""

    repeated: list[str] = field(default_factory=list)

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for key, value in pairs:
            if key in members:
                self.repeated.append(key)
            members[key] = value
        return members


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _all_different(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key stands twice")
    return members


_PLAIN_JSON = json.JSONDecoder(
    parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_all_different
)


def _plain_json(text: str) -> object:
    """As _load_json, of a text with no blanks around and no key twice; else raises ValueError."""
    value, end = _PLAIN_JSON.raw_decode(text)
    if end < len(text):
        raise ValueError("something follows the JSON")
    return value


def _load_json(text: str, members: _Members) -> dict[str, Any]:
    """A JSON object with its numbers kept exactly (Decimal). Raises _JsonError."""
    try:
        value = json.loads(
            text, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=members
        )
    except (ValueError, ArithmeticError, RecursionError):
        raise _JsonError("is not well-formed JSON") from None
    if not isinstance(value, dict):
        raise _JsonError("is not a JSON object")
    return value


def _with_notes(parse: Callable[[], _Parsed]) -> tuple[_Parsed, list[Finding]]:
    """What a pyocmf model makes of its input, and the deviations that it tolerated."""
    # Whoever catches warnings catches those of every thread.
    with _ONE_AT_A_TIME, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parsed = parse()
    notes = [str(one.message) for one in caught if issubclass(one.category, SpecWarning)]
    return parsed, [found("format_deviation", cause=note) for note in notes]


def _in_words(error: Exception) -> str:
    """The first complaint of a parser or a model, completing `it ...`."""
    if isinstance(error, _JsonError):
        return str(error)
    if isinstance(error, pydantic.ValidationError):
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"does not follow OCMF at {shown(where or 'its top')}: {shown(first['msg'])}"
    return "does not follow OCMF"
