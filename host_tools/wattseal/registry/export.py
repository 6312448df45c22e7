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
from typing import Any

from wattseal.common.errors import ToolError
from wattseal.common.times import utc_text
from wattseal.ocmf.public_key import DEFAULT_ALGORITHM
from wattseal.registry import api_models as api
from wattseal.registry.audit import keys_of
from wattseal.registry.log_client import LogSource, NotServedError
from wattseal.registry.records import Meter, Record, Registration, leaf_of, read_record
from wattseal.registry.states import evse_name, meter_name, states_of
from wattseal.tlog.checkpoint import check_note, read_checkpoint
from wattseal.tlog.tiles import WIDTH
from wattseal.tlog.tree import Frontier, leaf_hash
from wattseal.wire.signed_note import NoteError

Show = Callable[[int, int], object]

BNETZA_COLUMNS = ("EVSE-ID1", "Public Key1")
"""The authority's own names."""


def collect(source: LogSource, at_ms: int, show: Show) -> api.Export:
    """Read the log up to a time. ToolError `registry_forged`, `registry_unreachable`."""
    try:
        facts = source.facts()
        head = read_checkpoint(check_note(source.checkpoint(), keys_of(facts)))
        collector, tree = KeyCollector(), Frontier()
        for first in range(0, head.size, WIDTH):
            for line in source.records(first, min(WIDTH, head.size - first)):
                record = read_record(line.record)
                if leaf_of(record) != line.leaf:
                    raise _forged(f"entry {line.number} commits to another record")
                tree.append(bytes(leaf_hash(line.leaf.encode())))
                if record.unix_ms <= at_ms:
                    collector.take(line.number, record)
                else:
                    collector.end_periods(line.number, record)
            show(tree.size, head.size)
    except (NotServedError, NoteError, ValueError) as error:
        raise _forged(str(error).partition("\n")[0]) from None
    if tree.root() != head.root:
        raise _forged("its records are not those of its checkpoint")
    return api.Export(
        registry=facts.name,
        size=head.size,
        root=head.root.hex(),
        at_unix_ms=at_ms,
        evses=collector.charge_points(),
    )


def _forged(cause: str) -> ToolError:
    return ToolError("registry_forged", cause=cause)


class KeyCollector:
    """Charge points and the periods of their keys, from records in the order of the log."""

    def __init__(self) -> None:
        self._evses: dict[str, api.EvseState] = {}
        self._meters: dict[tuple[str, str], Meter] = {}
        self._periods: dict[str, list[api.ExportedKey]] = {}
        self._open: dict[str, str] = {}  # fingerprint -> name of the charge point it signs for

    def take(self, number: int, record: Record) -> None:
        """The next record, the entry of that number; some may be left out, if they concern other
        charge points."""
        for state in states_of(number, record):
            if isinstance(state, api.EvseState):
                self._evses[evse_name(state.evse_id)] = state
            elif isinstance(state, api.MeterState):
                self._meters[meter_name(state.meter)] = state.meter
            elif isinstance(state, api.KeyState):
                self._end_period(state)
                if isinstance(record, Registration) and state.status == "active":
                    self._take_key(state, record)

    def end_periods(self, number: int, record: Record) -> None:
        """What a record of a later time ends, and nothing else of it."""
        for state in states_of(number, record):
            if isinstance(state, api.KeyState):
                self._end_period(state)

    def _end_period(self, key: api.KeyState) -> None:
        """End the period in which a key signed for a charge point, unless it goes on there."""
        before = self._open.get(key.fingerprint)
        if before is None or (key.status == "active" and evse_name(key.evse_id) == before):
            return
        del self._open[key.fingerprint]
        self._change_period(
            before,
            key.fingerprint,
            valid_until_unix_ms=key.since_unix_ms,
            ended_as="deactivated" if key.status == "deactivated" else "superseded",
        )

    def _take_key(self, key: api.KeyState, record: Registration) -> None:
        """A key that signs after a registration, which it may have done before."""
        here = evse_name(key.evse_id)
        since = {"from_unix_ms": key.since_unix_ms, "entry": key.entry}
        meter = api.MeterFrom.copied_from(key.meter, **since)
        settings = api.SettingsFrom.copied_from(record, **since)
        if key.fingerprint not in self._open:
            self._open[key.fingerprint] = here
            period = _period(key, record.gateway_serial, meter, settings)
            self._periods.setdefault(here, []).append(period)
            return
        before = self._periods[here][self._place(here, key.fingerprint)]
        if meter_name(before.meters[-1]) != meter_name(meter):
            self._change_period(here, key.fingerprint, meters=[*before.meters, meter])
        if before.settings[-1].settings_sha256 != settings.settings_sha256:
            self._change_period(here, key.fingerprint, settings=[*before.settings, settings])

    def _change_period(self, evse: str, fingerprint: str, **changes: Any) -> None:
        place = self._place(evse, fingerprint)
        periods = self._periods[evse]
        periods[place] = periods[place].model_copy(update=changes)

    def _place(self, evse: str, fingerprint: str) -> int:
        """Of the newest period of a key at a charge point."""
        periods = self._periods[evse]
        return max(n for n, each in enumerate(periods) if each.fingerprint == fingerprint)

    def charge_points(self) -> list[api.ChargePoint]:
        """All that were met, in the order of their names."""
        return [
            api.ChargePoint.copied_from(
                evse,
                meter=self._meters.get(meter_name(evse.meter)) if evse.meter else None,
                keys=self._periods.get(name, []),
            )
            for name, evse in sorted(self._evses.items())
        ]


def _period(
    key: api.KeyState, gateway_serial: str, meter: api.MeterFrom, settings: api.SettingsFrom
) -> api.ExportedKey:
    return api.ExportedKey.copied_from(
        key,
        algorithm=DEFAULT_ALGORITHM,
        gateway_serial=gateway_serial,
        valid_from_unix_ms=key.since_unix_ms,
        valid_until_unix_ms=None,
        ended_as=None,
        meters=[meter],
        settings=[settings],
    )


def as_json(export: api.Export) -> str:
    """Everything, for programs."""
    return export.model_dump_json(indent=2) + "\n"


def as_bnetza_csv(export: api.Export) -> str:
    """The two columns of the German authority's list: charge points that have a valid key.

    One charge point a line. No column of our own, for whoever reads the list knows the authority's
    only; its other columns are not the registry's to know.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(BNETZA_COLUMNS)
    for evse in export.evses:
        if key := evse.valid_key:
            writer.writerow((evse.evse_id, key.public_key.upper()))
    return text.getvalue()


def as_ocpi(export: api.Export) -> str:
    """What a CDR's `signed_data` says of each charge point's key (OCPI 2.2.1, section 10.4.2).

    In the envelope of OCPI's answers; `public_key` is base64 of the SubjectPublicKeyInfo.
    """
    listed = [_ocpi_row(evse, key) for evse in export.evses if (key := evse.valid_key)]
    told = {"data": listed, "status_code": 1000, "timestamp": utc_text(export.at_unix_ms)}
    return json.dumps(told, indent=2) + "\n"


def _ocpi_row(evse: api.ChargePoint, key: api.ExportedKey) -> dict[str, Any]:
    country, _, party = evse.operator.partition("*")
    return {
        "country_code": country,
        "party_id": party,
        "evse_id": evse.evse_id,
        "signed_data": {
            "encoding_method": "OCMF",
            "public_key": base64.b64encode(bytes.fromhex(key.public_key)).decode(),
        },
        "last_updated": utc_text(key.valid_from_unix_ms),
    }


FORMATS: dict[str, Callable[[api.Export], str]] = {
    "json": as_json,
    "bnetza-csv": as_bnetza_csv,
    "ocpi": as_ocpi,
}
