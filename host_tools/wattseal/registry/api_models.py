"""What callers ask of the registry: the bodies of its API, and its answers.

Members of a request that a module has signed are not repeated: the possession statement says them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from wattseal.common.findings import Finding
from wattseal.registry.records import (
    ChipId,
    Hash,
    KeyId,
    LongText,
    Meter,
    MeterRef,
    Model,
    OcmfRecord,
    Possession,
    Record,
    Scenario,
    Statement,
    Text,
    UnixMs,
)


class MeterFrom(MeterRef):
    """A meter whose readings a key signed, since when, and the entry of the log that says so."""

    from_unix_ms: UnixMs
    entry: int


class SettingsFrom(Model):
    """What was sealed while a key signed, as a digest, since when, and the entry that says so."""

    settings_sha256: Hash
    from_unix_ms: UnixMs
    entry: int


class ExportedKey(Model):
    """A key, and how long it signed for a charge point; `valid_until_unix_ms` None: it still does.

    Until when, and as what it ended (`ended_as`: by a successor, or by a deactivation), is what is
    known now, whatever time the export is of. `gateway_serial` is the module's as registered with
    it. meters, settings: oldest first; a key may outlast a meter, and what is sealed. Exports of
    earlier versions have no settings.
    """

    public_key: str
    fingerprint: str
    algorithm: str
    key_number: int
    firmware_identity: str
    chip_id: str
    gateway_serial: str
    valid_from_unix_ms: UnixMs
    valid_until_unix_ms: UnixMs | None
    ended_as: Literal["superseded", "deactivated"] | None
    meters: list[MeterFrom]
    settings: list[SettingsFrom] = []


class ChargePoint(Model):
    """A charge point with all keys that ever signed for it, oldest first."""

    evse_id: str
    operator: str
    status: Literal["active", "deactivated", "taken_over", "moved"]
    since_unix_ms: UnixMs
    meter: Meter | None
    keys: list[ExportedKey]

    @property
    def valid_key(self) -> ExportedKey | None:
        """The key that signs at the time of the export."""
        return self.keys[-1] if self.status == "active" and self.keys else None


class Export(Model):
    """The charge points as they were at a time, and the log that they follow from."""

    registry: str
    size: int
    root: str
    at_unix_ms: UnixMs
    evses: list[ChargePoint]


class RegistrationRequest(Model):
    """Register the key of a module that is sealed for a charge point.

    `statements` is the module's whole key history, oldest first (`wattseal device statements`).
    `meter` names the meter as its label does; manufacturer, model and serial number are compared
    with what the module has signed.
    """

    # Not strict, since a web framework gives texts where JSON would give the scenario.
    scenario: Annotated[Scenario, Field(strict=False)]
    possession: Possession
    statements: Annotated[list[Statement], Field(min_length=1, max_length=100)]
    module_model: Text
    meter: Meter


class DeactivationRequest(Model):
    """Mark the key of a charge point as deactivated; for ever."""

    evse_id: Text
    reason: Literal["decommissioned", "defective", "compromised", "lost"]
    farewell: Statement | None = None
    note: LongText = ""


class HardwareExchangeRequest(Model):
    """Note that the station around a meter was exchanged."""

    evse_id: Text
    station_model: Text
    station_serial: Text
    note: LongText = ""


class ConsentRequest(Model):
    """Let another operator take over a charge point's meter and module."""

    evse_id: Text
    to_operator: Text
    days: Annotated[int, Field(ge=1, le=366)] = 30


class TestChargeRequest(Model):
    """Keep the records of the session that was charged after commissioning."""

    evse_id: Text
    begin: Annotated[
        OcmfRecord, Field(description="OCMF record of the session's begin, as signed.")
    ]
    end: Annotated[OcmfRecord, Field(description="OCMF record of its end, as signed.")]


RequestAboutEvse = (
    DeactivationRequest | HardwareExchangeRequest | ConsentRequest | TestChargeRequest
)
"""About a charge point that has a key."""


class AccessRequest(Model):
    """Make an access key; `days` None is for ever."""

    role: Literal["cpo", "administrator"]
    operators: Annotated[list[Text], Field(max_length=100)] = []
    label: LongText = ""
    days: Annotated[int, Field(ge=1, le=3660)] | None = 366


class Reason(Model):
    """Why something is so, or was refused: a stable code, a sentence, what to do, the values."""

    code: str
    sentence: str
    remedy: str
    values: dict[str, str | int | None] = {}

    @classmethod
    def of(cls, finding: Finding) -> Reason:
        """What an answer says of a finding."""
        return cls(
            code=finding.code,
            sentence=finding.sentence_en,
            remedy=finding.remedy,
            values=dict(finding.values),
        )


class Challenge(Model):
    """What a module is to sign with `prove`."""

    challenge: Annotated[str, StringConstraints(pattern=r"^(?:[0-9a-f]{2})+$", max_length=128)]
    until_unix_ms: UnixMs


class TimeRequest(Model):
    """A module's question for a signed time: what its `time_challenge` gave."""

    chip_id: ChipId
    nonce: Hash


class SignedTime(Model):
    """The answer (docs/statements.md), and the signature of `registry_key` over it, DER in hex."""

    statement: str
    signature: str


class PublicationAnswer(Model):
    """A proof of publication; the file that `wattseal device publish` takes."""

    checkpoint: str
    leaf: str
    leaf_index: int
    proof: list[Hash]


class Confirmation(Model):
    """The registry's answer to whatever it has recorded: where, and the proof that it is public.

    `remarks` say what was recorded, but should be looked at. `key_id` and `access_key` are there
    for a new access key alone; the key is told this once.
    """

    entry: int
    unix_ms: UnixMs
    publication: PublicationAnswer
    repeated: bool = False
    remarks: list[Reason] = []
    key_id: KeyId | None = None
    access_key: str | None = None


class EvseState(Model):
    """A charge point at some time; what is of a module and a meter is None where it has none.

    `evse_id` is written with stars; `operator` is its operator's part; `entry` and `since_unix_ms`
    are of the record that made it so. Status: active, deactivated (its key was), taken_over
    (its meter has another operator's EVSE-ID), moved (its meter and module went elsewhere).
    """

    evse_id: Text
    operator: Text
    status: Literal["active", "deactivated", "taken_over", "moved"]
    chip_id: ChipId | None
    meter: MeterRef | None
    fingerprint: Hash | None
    settings_sha256: Annotated[
        Hash | None, Field(description="Of what the module's seal locks (docs/statements.md).")
    ]
    entry: int
    since_unix_ms: UnixMs


class KeyState(Model):
    """A public key at some time, and where it signs or signed."""

    fingerprint: Annotated[Hash, Field(description="SHA-256 of the public key's bytes, in hex.")]
    public_key: Annotated[str, Field(description="SubjectPublicKeyInfo in DER, in hex.")]
    key_number: int
    firmware_identity: Annotated[Hash, Field(description="SHA-256 of the image that made it.")]
    chip_id: ChipId
    evse_id: Text
    meter: MeterRef
    status: Literal["active", "superseded", "deactivated"]
    entry: int
    since_unix_ms: UnixMs


class KeyAnswer(KeyState):
    """A public key at some time, and how long it signed for the charge point that is named.

    algorithm: OCMF's name of how it signs. valid_until_unix_ms: when it ended, None while it signs:
    always what is known now, whatever time the rest is of. A change of the meter ends nothing.
    """

    algorithm: Annotated[Text, Field(description="OCMF's name of it, its member `SA`.")]
    valid_from_unix_ms: UnixMs
    valid_until_unix_ms: UnixMs | None


class ModuleState(Model):
    """A signing module at some time; `evse_id` None while it is at no charge point.

    `statements` counts those of its key history that are recorded, `last_statement` is the text of
    the newest of them.
    """

    chip_id: ChipId
    model: Text
    gateway_serial: Text
    evse_id: Text | None
    fingerprint: Hash | None
    commissioning: int
    possession_unix_ms: UnixMs | None
    statements: int
    last_statement: str
    entry: int
    since_unix_ms: UnixMs


class MeterState(Model):
    """A meter at some time; `evse_id` None while it is at no charge point."""

    meter: Meter
    evse_id: Text | None
    entry: int
    since_unix_ms: UnixMs


class ConsentState(Model):
    """An operator's consent; `used` by a take-over, and `until_unix_ms` then says when."""

    evse_id: Text
    to_operator: Text
    until_unix_ms: UnixMs
    used: bool
    entry: int
    since_unix_ms: UnixMs


class AccessState(Model):
    """An access key; its secret is known by a hash alone."""

    key_id: KeyId
    role: Literal["cpo", "administrator"]
    operators: list[Text]
    label: LongText
    secret_sha256: Hash
    until_unix_ms: UnixMs | None
    revoked: bool
    entry: int
    since_unix_ms: UnixMs


State = EvseState | KeyState | ModuleState | MeterState | ConsentState | AccessState


class Eligibility(Model):
    """The publication gate (S.A.F.E. best practices, initial commissioning).

    publish: whether the POI may be published as compliant with calibration law. authorise: whether
    sessions may be authorised. reasons: what speaks against it, empty if both are true.
    """

    evse_id: Text
    publish: bool
    authorise: bool
    reasons: list[Reason]
    entry: int | None
    unix_ms: UnixMs


class RecordLine(Model):
    """An entry with the record that it commits to; an auditor reads them by the hundred."""

    number: int
    leaf: str
    record: str


class Heads(Model):
    """Two signed notes over one size: the checkpoint of the log, and the root of its index."""

    checkpoint: str
    index: str


class OtherLeaf(Model):
    """The leaf of another name, where the way to a name ends that is not there."""

    key: Hash
    value: Hash


class IndexedThing(Model):
    """All entries that touched a thing, by its name in the index, and the proof of it.

    beside: the hashes beside the way from the root to it, root's end first.
    """

    name: str
    entries: list[int]
    beside: list[Hash]
    other: OtherLeaf | None


class ProvenRecord(RecordLine):
    """An entry with its record, and the inclusion proof for the size of the checkpoint."""

    proof: list[Hash]


class Evidence(Heads):
    """What proves everything that the registry says of some things, and that nothing is left out.

    consistency: from the size that the caller has seen to that of the checkpoint. records: of the
    entries that the things name, in order, from the number on that was asked for; 256 at most.
    """

    consistency: list[Hash]
    things: list[IndexedThing]
    records: list[ProvenRecord]


class ProofReport(Model):
    """What an answer was checked against, and what was not checked, in sentences."""

    registry: str
    vkey: str
    size: int
    root: Hash
    not_checked: list[str]


class KeyValidity(Model):
    """How long a key signed for a charge point; `valid_until_unix_ms` None while it does."""

    fingerprint: Hash
    algorithm: Text
    valid_from_unix_ms: UnixMs
    valid_until_unix_ms: UnixMs | None


class HistoryLine(Model):
    """A record that touched a charge point, and its place in the log.

    key: of the key that signs for this charge point after the record, None if none does; until
    when it did is what is known now.
    """

    number: int
    record: Record
    key: KeyValidity | None


class SearchResult(Model):
    """What a search found, each in its newest state."""

    evses: list[EvseState]
    keys: list[KeyState]
    modules: list[ModuleState]
    meters: list[MeterState]


class RegistryFacts(Model):
    """Who the registry is: what modules are configured with, and what log clients are."""

    name: str
    registry_key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{182}$")]
    vkey: str
    log: str
    size: int
