"""Which key is right for a charge point at a time: what every source of keys must answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from wattseal.public_key import PublicKey


@dataclass(frozen=True, slots=True)
class KeyPeriod:
    """A key that signs, or signed, for a charge point.

    `until_ms` is None while it does. `was_deactivated`: it ended by a deactivation (removed,
    lost, compromised ...), not by a successor. `gateway_serial` and `meter_serial` are those
    registered with it; `entry` is that of the registry's log, None if the source does not tell.
    """

    key: PublicKey
    from_ms: int
    until_ms: int | None
    was_deactivated: bool
    gateway_serial: str | None
    meter_serial: str
    entry: int | None


class KeySource(Protocol):
    """A registry, or an export of one. It is copied into worker processes: keep it picklable."""

    def periods(self, evse_id: str) -> tuple[KeyPeriod, ...] | None:
        """All key periods of a charge point, oldest first; None if it is not listed.

        `evse_id` in any spelling. ToolError if the source cannot be asked.
        """
        ...
