"""Types the results of the module's methods: the fields of wire/methods.py, no others.

Members that a newer firmware adds are ignored; a missing or misshapen one is an error. A test
compares these models with the method table.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Natural = Annotated[int, Field(ge=0, le=(1 << 53) - 1, strict=True)]
Positive = Annotated[int, Field(ge=1, le=(1 << 53) - 1, strict=True)]
Text = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[ -~]*$", strict=True)]
Hex = Annotated[str, StringConstraints(max_length=400, pattern=r"^[0-9a-f]*$", strict=True)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class Hello(_Model):
    """Who the module is."""

    product: Text
    protocol: Positive
    firmware: Text
    firmware_identity: Hex
    rollback_number: Natural
    vendor_key: Hex | None
    update_way: Text
    board: Text
    port: Text
    link: Text
    chip_id: Hex
    max_line_bytes: Positive


class Cause(_Model):
    """Why a module is in fault or has no key, or what it warns of."""

    name: Text
    sentence: Text
    remedy: Text
    detail: dict[str, Any]


class OpenSession(_Model):
    """The session under way."""

    session_id: Natural
    begin_pagination: Positive
    begin_unix_ms: Natural
    recovery: bool


class Clock(_Model):
    """The module's clock; times are None until it was set."""

    unix_ms: Natural | None
    utc_offset_min: Annotated[int, Field(ge=-840, le=840, strict=True)] | None
    synchronisation: Literal["U", "I", "S", "R"]
    set_ago_s: Natural | None


class TimeChallenge(_Model):
    """The module's question for a signed time."""

    nonce: Hex
    within_ms: Positive


class Journal(_Model):
    """Which records the module holds, by pagination."""

    oldest: Positive | None
    newest: Positive | None
    next: Positive
    free_bytes: Natural


class EventLog(_Model):
    """Which events the module holds, by number; full if no session can begin any more."""

    oldest: Positive | None
    newest: Positive | None
    free_bytes: Natural
    full: bool


class Publication(_Model):
    """The place in the registry's log where the module has seen its key."""

    leaf_index: Natural
    tree_size: Positive
    root: Hex


class Update(_Model):
    """The image that the module's key was given up for and that does not run yet."""

    firmware: Text
    firmware_identity: Hex


class CheckedUpdate(Update):
    """An image that the module would take, and whether only for its owner."""

    owner_needed: bool


class Status(_Model):
    """The module's state and what it is busy with."""

    state: Text
    cause: Cause | None
    warnings: list[Cause]
    key_number: Positive | None
    missing: list[Text]
    sealed: bool
    commissioning: Natural
    settings_sha256: Hex | None
    publication: Publication | None
    update: Update | None
    session: OpenSession | None
    clock: Clock
    journal: Journal
    events: EventLog
    uptime_ms: Natural
    reset_cause: Text
    heap_free_bytes: Natural


class ModuleKey(_Model):
    """The key that verifies the module's records, SPKI DER in hex."""

    key_number: Positive
    public_key: Hex


class Configuration(_Model):
    """The settings that are set, and the names of those that a record still needs."""

    settings: dict[str, Any]
    missing: list[Text]


class Energy(_Model):
    """A reading of `value * 10**exponent` Wh."""

    value: Natural
    exponent: Annotated[int, Field(ge=-3, le=6, strict=True)]
    unit: Literal["Wh"]


class MeterReading(_Model):
    """A reading of the meter, unsigned."""

    energy: Energy
    energy_kwh: Text
    export_kwh: Text | None
    warnings: list[Cause]
    meter_vendor: Text
    meter_model: Text
    meter_serial: Text | None
    meter_firmware: Text | None


class StoredRecord(_Model):
    """A signed record as the journal holds it; `record` is the OCMF string."""

    pagination: Positive
    session_id: Natural
    record: Text


class SignedRecord(StoredRecord):
    """A record just signed, with the key that verifies it."""

    public_key: Hex


class EndRecord(SignedRecord):
    """The record that ended a session, with the pagination of its begin."""

    begin_pagination: Positive


class AcceptedMeter(_Model):
    """The meter and the reading from which it counts on, and the one before that."""

    meter_serial: Text
    earlier_kwh: Text
    found_kwh: Text


class Page(_Model):
    """As many items as fit one line; `next` is where to go on, None at the end."""

    next: Positive | None


class RecordPage(Page):
    """Some of the journal's records."""

    records: list[StoredRecord]


class Event(_Model):
    """An entry of the event log and the hash chain's value behind it."""

    number: Positive
    entry: Text
    chain: Hex


class EventPage(Page):
    """Some of the event log's entries."""

    events: list[Event]


class Sealing(_Model):
    """The seal just closed; `meter_serial_read` if the serial number was read from the meter."""

    sealed: bool
    commissioning: Positive
    meter_serial_read: bool


class SealState(_Model):
    """Whether the settings are locked."""

    sealed: bool


class Challenge(_Model):
    """What the owner is to sign."""

    challenge: Text
    expires_s: Positive


class SignedStatement(_Model):
    """A statement and the module key's signature over it, DER in hex."""

    statement: Text
    signature: Hex


class Farewell(_Model):
    """A signed statement too; both None if there was no whole key to sign it."""

    statement: Text | None
    signature: Hex | None


class StatementSignature(_Model):
    """One signature below a stored statement, DER in hex."""

    key_number: Positive
    signature: Hex


class StoredStatement(_Model):
    """An entry of the public history of the module's keys."""

    number: Positive
    statement: Text
    signatures: list[StatementSignature]


class StatementPage(Page):
    """Some of the statements about the module's keys."""

    statements: list[StoredStatement]


class AcceptedPublication(Publication):
    """The publication that the module now trusts, and its state."""

    state: Text


class BootLoader(_Model):
    """How the chip's boot loader, now starting, takes the image."""

    update_way: Text


class NewKey(_Model):
    """The key that a module has made after all, and its state then."""

    state: Text
    key_number: Positive


class SelfTest(_Model):
    """Whether the signing core gave every known answer."""

    passed: bool
    failed: list[Text]
