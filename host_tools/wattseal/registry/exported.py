"""What an export says: all charge points of a registry with their keys."""

from __future__ import annotations

from typing import Literal

from wattseal.registry.records import Meter, MeterRef, Model, UnixMs


class MeterFrom(MeterRef):
    """A meter whose readings a key signed, since when, and the entry of the log that says so."""

    from_unix_ms: UnixMs
    entry: int


class KeyPeriod(Model):
    """A key, and how long it signed for a charge point; `valid_until_unix_ms` None: it still does.

    Until when, and as what it ended (`ended_as`: by a successor, or by a deactivation), is what is
    known now, whatever time the export is of. `gateway_serial` is the module's as registered with
    it. meters: oldest first; a key may outlast a meter.
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


class ChargePoint(Model):
    """A charge point with all keys that ever signed for it, oldest first."""

    evse_id: str
    operator: str
    status: Literal["active", "deactivated", "taken_over", "moved"]
    since_unix_ms: UnixMs
    meter: Meter | None
    keys: list[KeyPeriod]

    @property
    def valid_key(self) -> KeyPeriod | None:
        """The key that signs at the time of the export."""
        return self.keys[-1] if self.status == "active" and self.keys else None


class Export(Model):
    """The charge points as they were at a time, and the log that they follow from."""

    registry: str
    size: int
    root: str
    at_unix_ms: UnixMs
    evses: list[ChargePoint]
