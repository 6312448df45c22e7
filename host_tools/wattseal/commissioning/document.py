"""What a commissioning document says, whatever it is printed with.

Everything comes from the registry: the record of the registration, the log's entry and its proof
in the log as it was just after, and the first test charge that followed. So the same document can
be made again years later, when meter and module are gone, and is the same byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from wattseal.commissioning.proof import check_publication, check_record
from wattseal.commissioning.test_charge import charged
from wattseal.commissioning.words import fingerprint_words
from wattseal.errors import ToolError
from wattseal.evse_id import EvseIdError, read_evse_id
from wattseal.public_key import PublicKey, read_public_key
from wattseal.registry.records import Registration, Scenario, TestCharge, details_of, record_text
from wattseal.registry.requests import HistoryLine, PublicationAnswer, RegistryFacts
from wattseal.registry_client import RegistryClient
from wattseal.verify.report import ReadingReport, TransactionReport

TITLE = "Commissioning document"
SIGNERS = ("Technician", "For the operator")
SIGNED_FIELDS = ("Name", "Place and date", "Signature")

CASES = {
    Scenario.INITIAL: "Initial commissioning",
    Scenario.METER_REPLACEMENT: "Replacement of the meter",
    Scenario.MODULE_REPLACEMENT: "Replacement of the signing module",
    Scenario.FIRMWARE_UPDATE: "Firmware update with a new key",
    Scenario.REUSE: "Reuse of the signing module",
    Scenario.TAKE_OVER: "Take-over by another operator",
}

Kind = Literal["text", "code", "words"]


@dataclass(frozen=True)
class Row:
    """A label and what stands beside it; `code` keeps its line ends, `words` are counted."""

    label: str
    value: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Section:
    """Rows that belong together."""

    title: str
    rows: tuple[Row, ...]
    note: str = ""


@dataclass(frozen=True)
class Commissioned:
    """A registration as the registry holds it, checked; `charge` with the entry that keeps it."""

    registry: RegistryFacts
    entry: int
    record: Registration
    details: str
    publication: PublicationAnswer
    charge: tuple[int, TransactionReport] | None

    @property
    def key(self) -> PublicKey:
        """The key that signs for the charge point."""
        return read_public_key(self.record.public_key)


def find_commissioned(
    client: RegistryClient,
    evse_id: str,
    *,
    entry: int | None = None,
    at_unix_ms: int | None = None,
    facts: RegistryFacts | None = None,
) -> Commissioned:
    """The registration of a charge point: the newest, that of an entry, or the newest at a time.

    facts: who the registry is known to be; without it, whoever answers is believed.
    ToolError `no_registration`, `registry_forged`.
    """
    facts = facts or client.facts()
    history = _history(client, evse_id)
    wanted = _canonical(evse_id)
    registrations = [
        line.number
        for line in history
        if isinstance(found := line.record, Registration)
        and _canonical(found.evse_id) == wanted
        and (entry is None or line.number == entry)
        and (at_unix_ms is None or found.unix_ms <= at_unix_ms)
    ]
    if not registrations:
        raise ToolError("no_registration", evse_id=evse_id)
    number = registrations[-1]
    line = client.record(number)
    publication = client.publication(number)
    if (publication.leaf_index, publication.leaf) != (number, line.leaf):
        raise ToolError("registry_forged", cause="its proof is of another entry")
    check_publication(publication, facts.name, facts.registry_key)
    record = check_record(publication, line.record)
    if not isinstance(record, Registration):
        raise ToolError("registry_forged", cause="its record is no registration")
    return Commissioned(
        facts,
        number,
        record,
        details_of(line.record),
        publication,
        _first_charge(client, facts, history, number, record),
    )


def _history(client: RegistryClient, evse_id: str) -> list[HistoryLine]:
    try:
        return client.history(evse_id)
    except ToolError as error:
        if error.name != "registry_not_found":
            raise
        raise ToolError("no_registration", evse_id=evse_id) from None


def _first_charge(
    client: RegistryClient,
    facts: RegistryFacts,
    history: list[HistoryLine],
    number: int,
    registration: Registration,
) -> tuple[int, TransactionReport] | None:
    """The first test charge after a registration, under no later one; verified."""
    for line in history:
        if line.number <= number:
            continue
        record = line.record
        if isinstance(record, Registration):
            return None
        if isinstance(record, TestCharge) and record.public_key == registration.public_key:
            publication = client.publication(line.number)
            check_publication(publication, facts.name, facts.registry_key)
            check_record(publication, record_text(record))
            key = read_public_key(registration.public_key)
            return line.number, charged(record.begin, record.end, line.number, key)
    return None


def sections(found: Commissioned) -> tuple[Section, ...]:
    """All that the document says, in its order."""
    return (
        _charge_point(found.record),
        _module(found.record),
        _meter(found.record),
        _key(found),
        _test_charge(found.charge),
        _publication(found),
        _checking(found),
    )


def _charge_point(record: Registration) -> Section:
    return Section(
        "Charge point",
        (
            Row("EVSE-ID", record.evse_id),
            Row("Operator", record.operator),
            Row("Case", CASES[record.scenario]),
            Row("Commissioning number", str(record.commissioning)),
            Row("Registered", utc(record.unix_ms)),
        ),
    )


def _module(record: Registration) -> Section:
    return Section(
        "Signing module",
        (
            Row("Model", record.module_model),
            Row("Serial number", record.gateway_serial),
            Row("Chip id", record.chip_id, "code"),
            Row("Firmware", record.firmware),
            Row("Firmware identity (SHA-256)", record.firmware_identity, "code"),
        ),
    )


def _meter(record: Registration) -> Section:
    meter = record.meter
    return Section(
        "Meter",
        (
            Row("Manufacturer and model", f"{meter.manufacturer} {meter.model}"),
            Row("Serial number", meter.serial),
            Row("Calibration mark", meter.calibration_mark),
            Row("Year of the mark", str(meter.calibration_year)),
        ),
    )


def _key(found: Commissioned) -> Section:
    key = found.key
    return Section(
        "Public key",
        (
            Row("Key number", str(found.record.key_number)),
            Row("Algorithm", f"ECDSA, {key.curve.name}, SHA-256"),
            Row("Key (SubjectPublicKeyInfo)", "\n".join(split(key.hex, 52)), "code"),
            Row("Fingerprint (SHA-256)", key.fingerprint, "code"),
            Row("Fingerprint to read aloud", " ".join(fingerprint_words(key.fingerprint)), "words"),
        ),
        note="The square holds the key in hexadecimal digits, as transparency software takes it.",
    )


def _test_charge(charge: tuple[int, TransactionReport] | None) -> Section:
    if charge is None:
        return Section("Test charge", (Row("Result", "None is recorded in the registry."),))
    entry, report = charge
    return Section(
        "Test charge",
        (
            Row("Result", "Both records are signed with the key above: verified."),
            Row("Begin", _reading(report.begin)),
            Row("End", _reading(report.end)),
            Row("Energy", f"{report.energy} {report.unit}"),
            Row("Entry of the log", str(entry)),
        ),
    )


def _reading(reading: ReadingReport | None) -> str:
    if reading is None:
        return "none"
    value = f"{reading.value} {reading.unit}"
    return f"{value}, {reading.time} ({reading.time_status}), record {reading.pagination}"


def _publication(found: Commissioned) -> Section:
    proof = "\n".join(found.publication.proof) or "none: the log began with this entry"
    return Section(
        "Publication",
        (
            Row("Registry", found.registry.name),
            Row("Key of its log", found.registry.vkey, "code"),
            Row("Entry of the log", str(found.entry)),
            Row("Record (SHA-256)", found.details, "code"),
            Row("Text of the entry", "\n".join(split(found.publication.leaf, 72)), "code"),
            Row("Checkpoint", _folded(found.publication.checkpoint), "code"),
            Row("Inclusion proof", proof, "code"),
        ),
    )


def _checking(found: Commissioned) -> Section:
    command = f"wattseal commission document --evse '{found.record.evse_id}' --entry {found.entry}"
    return Section(
        "How to check this document",
        (
            Row("Make it again", command, "code"),
            Row("Audit the registry", "wattseal registry audit URL", "code"),
        ),
        note="Made from the registry alone: made again, it is the same.",
    )


def _folded(note: str) -> str:
    """A signed note in lines that fit a page; longer ones go on with two blanks."""
    return "\n".join("\n  ".join(split(line, 72)) for line in note.rstrip("\n").split("\n"))


def split(text: str, width: int) -> list[str]:
    """Pieces of a text, all but the last of that width; one empty piece for no text."""
    return [text[at : at + width] for at in range(0, len(text), width)] or [""]


def utc(unix_ms: int) -> str:
    """`2026-11-21 09:00:00 UTC`."""
    return f"{datetime.fromtimestamp(unix_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _canonical(evse_id: str) -> str:
    try:
        return read_evse_id(evse_id).canonical
    except EvseIdError:
        return evse_id
