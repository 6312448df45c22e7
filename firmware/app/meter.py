"""The meter: its profile on a line, giving readings that may be signed."""

from wire import sunspec
from wire.errors import WattsealError
from wire.modbus_rtu import MAX_REGISTERS
from wire.reading import Reading
from wire.registers import decode_energy, decode_text

from .modbus_master import ModbusMaster

_ATTEMPTS = 3
_LINE_ERRORS = (
    "meter_no_reply",
    "meter_bad_crc",
    "meter_wrong_length",
    "meter_wrong_unit",
    "meter_wrong_function",
    "meter_line_busy",
)

# Between two readings in succession the energy may grow, but not faster than any charging
# station can deliver: more is a disturbed register, not a car.
_MAX_POWER_W = 1_000_000


class Meter:
    """Reads one meter by its profile.

    profile: as firmware/meters/generate.py emits it. line_settings: baud, parity, stop_bits.
    Raises WattsealError (`meter_*`) from every reading call.
    """

    def __init__(self, port, profile: dict, unit: int, line_settings: dict):
        self.profile = profile
        self._unit = unit
        self._ticks = port
        baud, parity = line_settings["baud"], line_settings["parity"]
        stop_bits = line_settings["stop_bits"]
        line = port.open_meter_line(baud, parity, stop_bits)
        bits = 1 + 8 + (parity != "none") + stop_bits
        self._master = ModbusMaster(line, port, baud, bits, profile["timeout_ms"])
        self._models = None

    def energy(self) -> Reading:
        """Total imported energy, read once."""
        quantity = self._quantity("energy_import")
        return decode_energy(quantity, self._registers(quantity))

    def serial(self) -> str | None:
        """Serial number as the meter tells; None if its profile knows of none."""
        return self._text("serial")

    def firmware(self) -> str | None:
        """Firmware version as the meter tells; None if its profile knows of none."""
        return self._text("firmware")

    def energy_to_sign(self, last: Reading | None) -> Reading:
        """Total imported energy, read twice and believed only if both readings agree.

        last: the newest signed reading of this meter, which it may not fall below. Raises
        WattsealError `meter_unstable` or `meter_went_backwards` beside those of `energy`.
        """
        start_ms = self._ticks.ticks_ms()
        first = self.energy()
        second = self.energy()
        elapsed_ms = self._ticks.ticks_diff(self._ticks.ticks_ms(), start_ms)
        if not _agree(first, second, elapsed_ms):
            raise WattsealError(
                "meter_unstable", first_kwh=first.to_text_kwh(), second_kwh=second.to_text_kwh()
            )
        if last is not None and second < last:
            raise WattsealError(
                "meter_went_backwards", last_kwh=last.to_text_kwh(), now_kwh=second.to_text_kwh()
            )
        return second

    def _text(self, name: str) -> str | None:
        if name not in self.profile:
            return None
        quantity = self._quantity(name)
        return decode_text(quantity, self._registers(quantity))

    def _quantity(self, name: str) -> dict:
        """A quantity with its address on this device; SunSpec models are found once."""
        quantity = self.profile[name]
        if "model" not in quantity:
            return quantity
        if self._models is None:
            walk = sunspec.Walk(self.profile["sunspec_marker"], sunspec.wanted_models(self.profile))
            while (place := walk.next_read()) is not None:
                walk.take(self._read(quantity["function"], *place))
            self._models = walk.models
        return sunspec.located(quantity, self._models)

    def _registers(self, quantity: dict) -> list:
        """All registers of a quantity, in as few reads as the meter allows."""
        address, left = quantity["address"], quantity["count"]
        most = self.profile.get("max_registers", MAX_REGISTERS)
        registers = []
        while left:
            count = min(left, most)
            registers += self._read(quantity["function"], address, count)
            address, left = address + count, left - count
        return registers

    def _read(self, function: int, address: int, count: int) -> list:
        """One read, repeated after a disturbance of the line but not after a refusal."""
        for attempt in range(_ATTEMPTS):
            try:
                return self._master.read(self._unit, function, address, count)
            except WattsealError as error:
                if error.name not in _LINE_ERRORS or attempt + 1 == _ATTEMPTS:
                    raise
        raise AssertionError


def _agree(first: Reading, second: Reading, elapsed_ms: int) -> bool:
    """Whether the second reading can follow the first after elapsed_ms."""
    if second < first:
        return False
    mwh_first, mwh_second = (
        reading.value * 10 ** (reading.exponent + 3) for reading in (first, second)
    )
    step_mwh = 10 ** (max(first.exponent, second.exponent) + 3)
    grown_mwh = _MAX_POWER_W * elapsed_ms // 3600
    return mwh_second - mwh_first <= step_mwh + grown_mwh
