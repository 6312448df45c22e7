"""All charge points of a registry with their keys, for other systems to read.

It is computed from the public log, which is checked against its signed checkpoint on the way, so
what is exported is what everybody else sees, at any time of the past too.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from wattseal.errors import ToolError
from wattseal.registry.audit import keys_of
from wattseal.registry.leaf import leaf_of
from wattseal.registry.log_source import LogSource, NotServedError
from wattseal.registry.names import evse_name, meter_name
from wattseal.registry.records import (
    Meter,
    MeterRef,
    Model,
    Record,
    Registration,
    UnixMs,
    read_record,
)
from wattseal.registry.requests import EvseState, KeyState, MeterState
from wattseal.registry.rows import ref_of, states_of
from wattseal.tlog.checkpoint import Checkpoint, read_checkpoint
from wattseal.tlog.frontier import Frontier
from wattseal.tlog.note import NoteError, check_note
from wattseal.tlog.tiles import WIDTH
from wattseal.tlog.tree import leaf_hash

Show = Callable[[int, int], object]


class KeyPeriod(Model):
    """A key, and how long it signed for a charge point; `valid_until` None: it still does.

    `ended_as` says how it ended: by a successor, or by a deactivation. `gateway_serial` is the
    module's as registered with it, and `entry` that of the registration.
    """

    public_key: str
    fingerprint: str
    key_number: int
    firmware_identity: str
    chip_id: str
    gateway_serial: str
    meter: MeterRef
    valid_from: UnixMs
    valid_until: UnixMs | None
    ended_as: Literal["superseded", "deactivated"] | None
    entry: int


class ChargePoint(Model):
    """A charge point with all keys that ever signed for it, oldest first."""

    evse_id: str
    operator: str
    status: Literal["active", "deactivated", "taken_over", "moved"]
    since: UnixMs
    meter: Meter | None
    keys: list[KeyPeriod]

    @property
    def valid_key(self) -> KeyPeriod | None:
        """The key that signs now."""
        last = self.keys[-1] if self.keys else None
        return last if self.status == "active" and last and last.valid_until is None else None


class Export(Model):
    """The charge points as they were at a time, and the log that they follow from."""

    registry: str
    size: int
    root: str
    at: UnixMs
    evses: list[ChargePoint]


def collect(source: LogSource, at_ms: int, show: Show) -> Export:
    """Read the log up to a time. ToolError `registry_forged`, `registry_unreachable`."""
    try:
        head, name = _head(source)
        collector, tree = KeyCollector(), Frontier()
        for first in range(0, head.size, WIDTH):
            for line in source.records(first, min(WIDTH, head.size - first)):
                record = read_record(line.record)
                if leaf_of(record) != line.leaf:
                    raise _forged(f"entry {line.number} commits to another record")
                tree.append(bytes(leaf_hash(line.leaf.encode())))
                if record.unix_ms <= at_ms:
                    collector.take(line.number, record)
            show(tree.size, head.size)
    except (NotServedError, NoteError, ValueError) as error:
        raise _forged(str(error).partition("\n")[0]) from None
    if tree.root() != head.root:
        raise _forged("its records are not those of its checkpoint")
    evses = collector.charge_points()
    return Export(registry=name, size=head.size, root=head.root.hex(), at=at_ms, evses=evses)


def _head(source: LogSource) -> tuple[Checkpoint, str]:
    facts = source.facts()
    return read_checkpoint(check_note(source.checkpoint(), keys_of(facts))), facts.name


def _forged(cause: str) -> ToolError:
    return ToolError("registry_forged", cause=cause)


class KeyCollector:
    """Charge points and the periods of their keys, from records in the order of the log."""

    def __init__(self) -> None:
        self._evses: dict[str, EvseState] = {}
        self._meters: dict[tuple[str, str], Meter] = {}
        self._periods: dict[str, list[KeyPeriod]] = {}
        self._open: dict[str, str] = {}  # fingerprint -> name of the charge point it signs for

    def take(self, number: int, record: Record) -> None:
        """The next record, the entry of that number; some may be left out, if they concern other
        charge points."""
        serial = record.gateway_serial if isinstance(record, Registration) else ""
        for state in states_of(number, record):
            if isinstance(state, EvseState):
                self._evses[evse_name(state.evse_id)] = state
            elif isinstance(state, MeterState):
                self._meters[meter_name(ref_of(state.meter))] = state.meter
            elif isinstance(state, KeyState):
                self._take_key(state, serial)

    def _take_key(self, key: KeyState, gateway_serial: str) -> None:
        before = self._open.pop(key.fingerprint, None)
        if before is not None:
            periods = self._periods[before]
            at = max(n for n, each in enumerate(periods) if each.fingerprint == key.fingerprint)
            ended_as = "deactivated" if key.status == "deactivated" else "superseded"
            update = {"valid_until": key.since_unix_ms, "ended_as": ended_as}
            periods[at] = periods[at].model_copy(update=update)
        if key.status != "active":
            return
        here = evse_name(key.evse_id)
        self._open[key.fingerprint] = here
        names = ("public_key", "fingerprint", "key_number", "firmware_identity", "chip_id", "meter")
        members = {name: getattr(key, name) for name in (*names, "entry")}
        period = KeyPeriod(
            **members,
            gateway_serial=gateway_serial,
            valid_from=key.since_unix_ms,
            valid_until=None,
            ended_as=None,
        )
        self._periods.setdefault(here, []).append(period)

    def charge_points(self) -> list[ChargePoint]:
        """All that were met, in the order of their names."""
        return [
            ChargePoint(
                evse_id=evse.evse_id,
                operator=evse.operator,
                status=evse.status,
                since=evse.since_unix_ms,
                meter=self._meters.get(meter_name(evse.meter)) if evse.meter else None,
                keys=self._periods.get(name, []),
            )
            for name, evse in sorted(self._evses.items())
        ]


def as_json(export: Export) -> str:
    """Everything, for programs."""
    return export.model_dump_json(indent=2) + "\n"


def as_bnetza_csv(export: Export) -> str:
    """The two columns of the German authority's list: charge points that have a valid key.

    One charge point a line; the authority's other columns are not the registry's to know.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(("EVSE-ID1", "Public Key1"))
    for evse in export.evses:
        if key := evse.valid_key:
            writer.writerow((evse.evse_id, key.public_key.upper()))
    return text.getvalue()


def as_ocpi(export: Export) -> str:
    """What a CDR's `signed_data` says of each charge point's key (OCPI 2.2.1, section 10.4.2).

    In the envelope of OCPI's answers; `public_key` is base64 of the SubjectPublicKeyInfo.
    """
    listed = [_ocpi_row(evse, key) for evse in export.evses if (key := evse.valid_key)]
    told = {"data": listed, "status_code": 1000, "timestamp": _rfc_3339(export.at)}
    return json.dumps(told, indent=2) + "\n"


def _ocpi_row(evse: ChargePoint, key: KeyPeriod) -> dict[str, Any]:
    country, _, party = evse.operator.partition("*")
    return {
        "country_code": country,
        "party_id": party,
        "evse_id": evse.evse_id,
        "signed_data": {
            "encoding_method": "OCMF",
            "public_key": base64.b64encode(bytes.fromhex(key.public_key)).decode(),
        },
        "last_updated": _rfc_3339(key.valid_from),
    }


def _rfc_3339(unix_ms: int) -> str:
    return datetime.fromtimestamp(unix_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


FORMATS: dict[str, Callable[[Export], str]] = {
    "json": as_json,
    "bnetza-csv": as_bnetza_csv,
    "ocpi": as_ocpi,
}
