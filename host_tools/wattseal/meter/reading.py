"""Reads a meter straight, by the code with which a module reads it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from wattseal.meter.power import decode_power
from wattseal.wire.errors import WattsealError
from wattseal.wire.meter import Meter
from wattseal.wire.reading import Reading


@dataclass(frozen=True)
class MeterState:
    """What a meter shows; None for what it does not tell. `power_w` is negative for export."""

    energy: Reading
    export: Reading | None
    power_w: Decimal | None
    serial: str | None = None
    firmware: str | None = None


class StraightMeter(Meter):
    """A meter by its profile, read for somebody who looks at it; nothing is signed."""

    def look(self) -> MeterState:
        """Both energies and the power, each read once; WattsealError as a module would say it."""
        energy = self.read_energy()
        return MeterState(energy, self.read_export(), self.read_power(), self.serial, self.firmware)

    def read_power(self) -> Decimal | None:
        """Watts; None if the profile has no power, or the meter does not tell it."""
        if "power" not in self.profile:
            return None
        try:
            quantity = self._located("power")
            power: Decimal = self._read_quantity(
                quantity, lambda registers: decode_power(quantity, registers)
            )
        except WattsealError:
            return None
        return power
