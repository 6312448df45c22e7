"""The meter: its profile on a Modbus line, read so that a wrong reading is never signed."""

from .errors import WattsealError
from .modbus_line import ModbusLine
from .reading import Reading, decode_energy, decode_text
from .shapes import JsonObject, ReadingUse, RegisterUse, Result, Ticks, Work
from .sunspec import Walk, located, wanted_models

ATTEMPTS = 3
"""How often a request is sent when the line disturbs it or nobody answers."""

MAX_POWER_W = 1_000_000
"""More than any charging point has: energy that rises faster between two readings is wrong."""

_LINE_ERRORS = (
    "meter_no_reply",
    "meter_bad_crc",
    "meter_wrong_unit",
    "meter_wrong_function",
    "meter_wrong_length",
    "meter_line_busy",
    "meter_line_echo",
)
"""Errors worth another attempt. All others are the meter's answer, which will not change."""

_READ_HOLDING_REGISTERS = 3


def _unchanged(reading: Reading) -> Reading:
    return reading


class Meter:
    """One meter by its profile, a dict as firmware/meters/README.md describes it."""

    def __init__(self, ticks: Ticks, line: ModbusLine, unit: int, profile: JsonObject) -> None:
        self._ticks = ticks
        self._line = line
        self._unit = unit
        self._models: dict[int, tuple[int, int]] | None = None
        self._firmware_of = ""  # the serial number of the meter whose firmware was read
        self.profile = profile
        self.attempts = ATTEMPTS
        self.serial: str | None = None
        self.firmware: str | None = None

    def read_energy(self) -> Reading:
        """Return total imported energy, read once."""
        quantity = self._located("energy_import")
        reading: Reading = self._read_quantity(
            quantity, lambda registers: decode_energy(quantity, registers)
        )
        return reading

    def read_export(self) -> Reading | None:
        """Return total exported energy, read once; None if the meter tells none.

        No record has it, so that a meter that refuses to tell it, or does not answer, is as good
        as one that has none.
        """
        if "energy_export" not in self.profile:
            return None
        try:
            quantity = self._located("energy_export")
            reading: Reading = self._read_quantity(
                quantity, lambda registers: decode_energy(quantity, registers)
            )
        except WattsealError:
            return None
        return reading

    def identify(self) -> None:
        """Read `serial`, and `firmware` once for each meter; None if it has none."""
        if "serial" in self.profile:
            self.serial = self._read_text(self._located("serial"))
        if self._firmware_of != (self.serial or "-"):
            self.firmware = self._read_firmware()
            self._firmware_of = self.serial or "-"

    def require_serial(self, expected: str | None) -> None:
        """Raise WattsealError `meter_serial_mismatch` if the meter's is not the expected one."""
        if expected is not None and self.serial not in (None, expected):
            raise WattsealError("meter_serial_mismatch", expected=expected, found=self.serial)

    def read_for_signing(
        self,
        expected_serial: str | None,
        use: ReadingUse = _unchanged,
        meanwhile: Work | None = None,
    ) -> Result:
        """Read energy, identity and energy again; returns what `use` makes of the second reading.

        meanwhile: called while the reply of the last read is awaited: the identity is known then.
        It is called at each attempt, or at none if the line was too busy for the first.

        WattsealError `meter_serial_mismatch` if the meter has another serial number than the
        expected one, `meter_unstable` if the energy fell between the reads, or rose by more than
        MAX_POWER_W can make it.
        """
        start_ms = self._ticks.ticks_ms()
        first = self.read_energy()
        self.identify()
        self.require_serial(expected_serial)
        quantity = self._located("energy_import")

        def use_if_stable(registers: list[int]) -> Result:
            second = decode_energy(quantity, registers)
            elapsed_ms = self._ticks.ticks_diff(self._ticks.ticks_ms(), start_ms)
            _require_stable(first, second, elapsed_ms)
            return use(second)

        return self._read_quantity(quantity, use_if_stable, meanwhile)

    def _read_firmware(self) -> str | None:
        """Return the firmware version, None also if this meter's revision has no such register."""
        if "firmware" not in self.profile:
            return None
        try:
            return self._read_text(self._located("firmware"))
        except WattsealError as error:
            if error.name not in ("meter_exception", "meter_sentinel", "meter_out_of_range"):
                raise
        return None

    def _located(self, name: str) -> JsonObject:
        """Return a quantity of the profile with the address that it has on this meter."""
        quantity: JsonObject = self.profile[name]
        if "model" not in quantity:
            return quantity
        if self._models is None:
            self._models = self._walk_models()
        return located(quantity, self._models)

    def _walk_models(self) -> dict[int, tuple[int, int]]:
        walk = Walk(self.profile["sunspec_marker"], wanted_models(self.profile))
        place = walk.next_read()
        while place:
            address, count = place
            walk.take(self._read(_READ_HOLDING_REGISTERS, address, count, list, None))
            place = walk.next_read()
        return walk.models

    def _read_text(self, quantity: JsonObject) -> str:
        text: str = self._read_quantity(
            quantity, lambda registers: decode_text(quantity, registers)
        )
        return text

    def _read_quantity(
        self, quantity: JsonObject, use: RegisterUse, meanwhile: Work | None = None
    ) -> Result:
        place = (quantity["function"], quantity["address"], quantity["count"])
        return self._read(*place, use, meanwhile)

    def _read(
        self, function: int, address: int, count: int, use: RegisterUse, meanwhile: Work | None
    ) -> Result:
        """Ask until an answer is whole; raises the last attempt's error if none is."""
        attempt = 1
        while True:
            try:
                return self._line.read_registers(
                    self._unit,
                    function,
                    address,
                    count,
                    self.profile["timeout_ms"],
                    use,
                    meanwhile,
                )
            except WattsealError as error:
                if attempt >= self.attempts or error.name not in _LINE_ERRORS:
                    raise
            attempt += 1


def _require_stable(first: Reading, second: Reading, elapsed_ms: int) -> None:
    if second < first or rises_too_fast(first, second, elapsed_ms):
        raise WattsealError(
            "meter_unstable", first_kwh=first.to_text_kwh(), second_kwh=second.to_text_kwh()
        )


def rises_too_fast(first: Reading, second: Reading, elapsed_ms: int) -> bool:
    """Return whether the energy rose by more than MAX_POWER_W can make it in that time."""
    return _rise_mwh(first, second) > _most_mwh(first, second, elapsed_ms)


def _rise_mwh(first: Reading, second: Reading) -> int:
    return _mwh(second.value, second.exponent) - _mwh(first.value, first.exponent)


def _most_mwh(first: Reading, second: Reading, elapsed_ms: int) -> int:
    """Return the energy of MAX_POWER_W in that time and one step of the coarser reading."""
    step = _mwh(1, max(first.exponent, second.exponent))
    return MAX_POWER_W * (elapsed_ms + 1) // 3600 + step


def _mwh(value: int, exponent: int) -> int:
    """Convert to milliwatt-hours; a reading's exponent is never below -3."""
    return int(value * 10 ** (exponent + 3))
