"""A meter's energy: whole watts over time, counted in integers."""

from collections.abc import Callable

WATT_NS_PER_WH = 3600 * 1_000_000_000


class EnergyCounter:
    """Counts up while power flows; the time comes from the line's clock."""

    def __init__(self, now_ns: Callable[[], int], start_wh: int, power_w: int = 0) -> None:
        self._now_ns = now_ns
        self._watt_ns = start_wh * WATT_NS_PER_WH
        self._power_w = power_w
        self._since_ns = now_ns()

    @property
    def total_wh(self) -> int:
        """Whole Wh counted so far."""
        return self._counted() // WATT_NS_PER_WH

    @property
    def power_w(self) -> int:
        """What flows now, in watts; not negative."""
        return self._power_w

    @power_w.setter
    def power_w(self, power_w: int) -> None:
        if power_w < 0:
            raise ValueError(f"imported power is not negative: {power_w} W")
        self._settle()
        self._power_w = power_w

    def add_wh(self, energy_wh: int) -> None:
        """Count this much at once."""
        self._watt_ns += energy_wh * WATT_NS_PER_WH

    def _counted(self) -> int:
        return self._watt_ns + self._power_w * (self._now_ns() - self._since_ns)

    def _settle(self) -> None:
        self._watt_ns = self._counted()
        self._since_ns = self._now_ns()
