"""What the registry records: one object for each entry of its log.

A record says everything that it changes, the things that it ends included, so that the state
after it follows from the record alone (states.py), and an auditor can judge it again (audit.py).
Its text is JSON, compact, members in the order of the fields; the log commits to it by its SHA-256.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from wattseal.device.key_history import build_leaf
from wattseal.wire import signed_text
from wattseal.wire.strict_json import MAX_INTEGER

MAX_RECORD_CHARACTERS = 60_000
MAX_NEW_STATEMENTS = 24

UnixMs = Annotated[
    int, Field(ge=0, le=MAX_INTEGER, description="Milliseconds since 1970-01-01T00:00Z.")
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=r"^[ -{}~]+$")]
"""Printable ASCII without `|`: what an OCMF record and a module's settings can hold."""
LongText = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Hex = Annotated[str, StringConstraints(pattern=r"^(?:[0-9a-f]{2})+$", max_length=400)]
SignedText = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[ -~]+$")]
"""A statement of a module; what it says is checked elsewhere."""
OcmfRecord = Annotated[str, StringConstraints(min_length=20, max_length=5000)]
"""A signed record, byte for byte; no longer than OCPI's `signed_data` takes."""
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
ChipId = Annotated[
    str, StringConstraints(pattern=r"^(?:[0-9a-f]{2})+$", min_length=16, max_length=64)
]
KeyNumber = Annotated[int, Field(ge=1, le=1000)]
Commissioning = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
Spki = Annotated[str, StringConstraints(pattern=r"^(?:[0-9a-f]{2}){91}$")]
"""SubjectPublicKeyInfo of a key on secp256r1, DER in hex."""
KeyId = Annotated[str, StringConstraints(pattern=r"^[a-z2-7]{12}$")]
"""Name of an access key: public, says nothing about its secret."""


class Scenario(StrEnum):
    """Which case of the S.A.F.E. best practices a registration is."""

    INITIAL = "initial"
    METER_REPLACEMENT = "meter_replacement"
    MODULE_REPLACEMENT = "module_replacement"
    FIRMWARE_UPDATE = "firmware_update"
    REUSE = "reuse"
    TAKE_OVER = "take_over"


class Model(BaseModel):
    """Nothing beyond the members, and no conversions: one meaning, one text."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    @classmethod
    def copied_from(cls, source: BaseModel, **others: object) -> Self:
        """Make one with the members that `source` has under the same names, and these others.

        Raises ValidationError.
        """
        members = {name: source.__dict__[name] for name in _shared(cls, type(source))}
        members.update(others)
        return cls(**members)


@cache
def _shared(model: type[BaseModel], source: type[BaseModel]) -> list[str]:
    """The names of members that both models have."""
    return [name for name in model.model_fields if name in source.model_fields]


class Meter(Model):
    """A meter, and the mark that says that it is calibrated (MessEG, section 37)."""

    manufacturer: Text
    model: Text
    serial: Text
    calibration_mark: LongText
    calibration_year: Annotated[int, Field(ge=1990, le=2200)]


class MeterRef(Model):
    """What names a meter among all meters."""

    manufacturer: Text
    serial: Text


class Signature(Model):
    """A signature below a statement; DER in hex."""

    key_number: KeyNumber
    signature: Hex


class Statement(Model):
    """A statement of the module's key history, as `wattseal device statements` has it."""

    statement: SignedText
    signatures: Annotated[list[Signature], Field(min_length=1, max_length=2)]


class Possession(Model):
    """The module's proof of possession (docs/statements.md), and the signature over it."""

    statement: SignedText
    signature: Hex


class EndedKey(Model):
    """A key that was active, and where it signed last."""

    status: Literal["superseded", "deactivated"]
    public_key: Spki
    key_number: KeyNumber
    firmware_identity: Hash
    chip_id: ChipId
    evse_id: Text
    meter: MeterRef


class EndedEvse(Model):
    """A charge point that has no meter and no key any more, and why."""

    evse_id: Text
    status: Literal["deactivated", "taken_over", "moved"]


class FreedModule(Model):
    """A module that is at no charge point any more; what is known of it stays."""

    chip_id: ChipId
    model: Text
    gateway_serial: Text
    fingerprint: Hash
    commissioning: Commissioning
    possession_unix_ms: UnixMs | None
    statements: Annotated[int, Field(ge=1, le=1000)]
    last_statement: SignedText


class Ended(Model):
    """What a record puts an end to, each with all that remains to be said of it."""

    keys: list[EndedKey] = []
    evses: list[EndedEvse] = []
    modules: list[FreedModule] = []
    meters: list[Meter] = []  # meters that are at no charge point any more


class Base(Model):
    """What all records say: when the registry took it, and whose access key brought it."""

    version: Literal[1] = 1
    unix_ms: UnixMs
    actor: KeyId | Literal["registry"]


class Registration(Base):
    """A key signs for this charge point from now on.

    `evse_id` is as the module has signed it. `statements` are those of the module's key history
    that were not recorded yet, `statements_before` counts the recorded ones; where all were
    recorded, it holds the newest again and counts one less. `consent`: the entry of the consent
    that the record uses up.
    """

    version: Literal[2] = 2  # type: ignore[assignment]
    type: Literal["registration"] = "registration"
    scenario: Scenario
    operator: Text
    evse_id: Text
    gateway_serial: Text
    module_model: Text
    chip_id: ChipId
    meter: Meter
    key_number: KeyNumber
    public_key: Spki
    firmware: Text
    firmware_identity: Hash
    commissioning: Commissioning
    settings_sha256: Hash
    possession: Possession
    statements_before: Annotated[int, Field(ge=0, le=1000)]
    statements: Annotated[list[Statement], Field(min_length=1, max_length=MAX_NEW_STATEMENTS)]
    consent: int | None
    ended: Ended


class Deactivation(Base):
    """The key of a charge point signs no more: decommissioned, or not to be trusted."""

    type: Literal["deactivation"] = "deactivation"
    evse_id: Text
    chip_id: ChipId
    public_key: Spki
    reason: Literal["decommissioned", "defective", "compromised", "lost"]
    farewell: Statement | None
    note: LongText
    ended: Ended


class HardwareExchange(Base):
    """The station around the meter was exchanged; meter, module and EVSE-ID stay."""

    type: Literal["hardware_exchange"] = "hardware_exchange"
    evse_id: Text
    station_model: Text
    station_serial: Text
    note: LongText


class Consent(Base):
    """A CPO lets another one take over a charge point's meter and module."""

    type: Literal["consent"] = "consent"
    evse_id: Text
    chip_id: ChipId
    meter: MeterRef
    from_operator: Text
    to_operator: Text
    until_unix_ms: UnixMs


class TestCharge(Base):
    """The first session after commissioning, its records as they were signed."""

    type: Literal["test_charge"] = "test_charge"
    evse_id: Text
    public_key: Spki
    begin: OcmfRecord
    end: OcmfRecord


class AccessRecord(Base):
    """What both records of an access key say of it."""

    type: str
    key_id: KeyId
    role: Literal["cpo", "administrator"]
    operators: Annotated[list[Text], Field(max_length=100)]
    label: LongText
    secret_sha256: Hash
    until_unix_ms: UnixMs | None


class AccessGranted(AccessRecord):
    """Somebody may write: a CPO for its own operator ids, or an administrator."""

    type: Literal["access_granted"] = "access_granted"


class AccessRevoked(AccessRecord):
    """An access key is good no more; what it was good for is said again."""

    type: Literal["access_revoked"] = "access_revoked"


RecordAboutEvse = Deactivation | HardwareExchange | Consent | TestCharge
"""About a charge point that has a key."""

Record = Annotated[
    Registration | RecordAboutEvse | AccessGranted | AccessRevoked, Field(discriminator="type")
]

_ANY = TypeAdapter[Record](Record)


def record_text(record: Record) -> str:
    """The one text of a record."""
    return record.model_dump_json()


def read_record(text: str) -> Record:
    """A record from its text; ValueError if it is none, or is not written in the one way."""
    record = _ANY.validate_json(text)
    if record_text(record) != text:
        raise ValueError("the record is not written in the one way")
    return record


def details_of(text: str) -> str:
    """What the log's entry says of a record: the SHA-256 of its text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


CHANGE = (
    "change",
    200,
    (
        ("unix_ms", "int", (0, MAX_INTEGER), "required", ""),
        ("details", "hex", (64, 64), "required", ""),
    ),
)


def leaf_of(record: Record, text: str | None = None) -> str:
    """The entry of a record. TextError if a module could not have said what it says.

    text: the record's, where it was made already.
    """
    details = details_of(record_text(record) if text is None else text)
    if not isinstance(record, Registration):
        return signed_text.build(CHANGE, {"unix_ms": record.unix_ms, "details": details})
    return build_leaf(
        evse_id=record.evse_id,
        gateway_serial=record.gateway_serial,
        meter_serial=record.meter.serial,
        chip_id=record.chip_id,
        key_number=record.key_number,
        public_key=record.public_key,
        firmware_identity=record.firmware_identity,
        commissioning=record.commissioning,
        settings_sha256=record.settings_sha256,
        unix_ms=record.unix_ms,
        details=details,
    )


def read_change(text: str) -> dict[str, Any]:
    """The members of an entry that is no registration; TextError if it is none."""
    return signed_text.read(CHANGE, text)
