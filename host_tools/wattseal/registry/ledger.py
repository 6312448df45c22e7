"""What the rules look up: the newest states, from wherever they are kept.

The service reads them from its database, the auditor keeps them in memory; the rules do not know
the difference.
"""

from __future__ import annotations

from typing import Protocol

from wattseal.registry.records import MeterRef
from wattseal.registry.requests import (
    AccessState,
    ConsentState,
    EvseState,
    KeyState,
    MeterState,
    ModuleState,
)


class Ledger(Protocol):
    """The newest state of each thing, None if it was never recorded.

    evse_id in any spelling that evse_id.py reads; fingerprint: SHA-256 of the SPKI, in hex.
    """

    def evse(self, evse_id: str) -> EvseState | None:
        """A charge point."""

    def key(self, fingerprint: str) -> KeyState | None:
        """A public key."""

    def module(self, chip_id: str) -> ModuleState | None:
        """A signing module."""

    def module_with_serial(self, gateway_serial: str) -> ModuleState | None:
        """The module at a charge point that has this serial number, without case and blanks."""

    def meter(self, meter: MeterRef) -> MeterState | None:
        """A meter; manufacturers and serial numbers are compared without case and blanks."""

    def consent(self, evse_id: str, to_operator: str) -> ConsentState | None:
        """The newest consent about that charge point to that operator."""

    def access(self, key_id: str) -> AccessState | None:
        """An access key."""
