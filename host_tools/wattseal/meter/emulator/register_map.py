"""The registers that a meter of a profile shows, for given values of its quantities."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wattseal.meter.emulator.encode import WIDTHS, encode_number, encode_text, split
from wattseal.meter.profile import TEXTS, Profile

ENERGY, EXPORT, POWER = "energy_import", "energy_export", "power"
SERIAL, FIRMWARE, IDENTITY = "serial", "firmware", "identity"
QUANTITIES = (ENERGY, EXPORT, POWER, SERIAL, FIRMWARE, IDENTITY)
_FLOATS = ("f32", "f64")

READ_HOLDING, READ_INPUT = 3, 4

SUNSPEC_MARKER = split(b"SunS")
SUNSPEC_END = [0xFFFF, 0]
# Registers of a model's block behind its number and length (sunspec/models; 64001 is a vendor's
# own, there to be stepped over).
SUNSPEC_LENGTHS = {1: 66, 64001: 4, 203: 105, 213: 124}

Registers = dict[int, dict[int, int]]
"""Modbus function -> wire address -> register."""


@dataclass(frozen=True)
class Values:
    """What the meter holds: energies in Wh, power in W, its number and version as texts.

    `raw_energy` replaces the imported energy's registers by others, in the order of the wire.
    """

    energy_wh: int
    serial: str
    firmware: str
    scale_factor: int = 0
    raw_energy: list[int] | None = None
    export_wh: int = 0
    power_w: int = 0


@dataclass(frozen=True)
class Place:
    """Where the value of a quantity is on the wire."""

    function: int
    address: int
    count: int

    def overlaps(self, function: int, address: int, count: int) -> bool:
        """Whether a request for these registers touches the value."""
        return (
            function == self.function
            and address < self.address + self.count
            and self.address < address + count
        )


@dataclass
class RegisterMap:
    """The register map of one profile."""

    profile: Profile
    _fixed: Registers = field(default_factory=lambda: {READ_HOLDING: {}, READ_INPUT: {}})
    _models: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if "sunspec_marker" in self.profile:
            self._lay_out_models(self.profile["sunspec_marker"])

    def place(self, quantity: str) -> Place | None:
        """Where the value of a quantity is; None if the meter does not tell it."""
        facts = self.profile.get(quantity)
        if facts is None:
            return None
        start = self._start(facts) + facts.get("offset", 0)
        return Place(facts["function"], start, WIDTHS.get(facts["type"], facts["count"]))

    def registers(self, values: Values) -> Registers:
        """All registers that the meter has."""
        shown = {function: dict(block) for function, block in self._fixed.items()}
        for quantity in QUANTITIES:
            facts = self.profile.get(quantity)
            if facts is not None:
                self._show(shown[facts["function"]], quantity, facts, values)
        return shown

    def quantities_in(self, function: int, address: int, count: int) -> set[str]:
        """Names of the quantities whose value a request touches."""
        places = ((quantity, self.place(quantity)) for quantity in QUANTITIES)
        return {
            name for name, place in places if place and place.overlaps(function, address, count)
        }

    def energy_registers(self, energy_wh: int, scale_factor: int = 0) -> list[int]:
        """The energy's value in registers, in the order of the wire.

        Integer registers drop what they cannot show, as a meter's display does.
        """
        return self._number_registers(self.profile[ENERGY], energy_wh, scale_factor)

    def _number_registers(
        self, facts: Mapping[str, Any], number: int, scale_factor: int
    ) -> list[int]:
        """A number of Wh or W in registers."""
        kind, order = facts["type"], facts.get("word_order", "big")
        exponent = facts["exponent"] + (scale_factor if "exponent_offset" in facts else 0)
        if kind in _FLOATS:
            return encode_number(kind, number / 10**exponent, order)
        count = number // 10**exponent if exponent >= 0 else number * 10**-exponent
        return encode_number(kind, count, order)

    def _start(self, facts: Mapping[str, Any]) -> int:
        return int(self._models.get(facts.get("model", 0), 0) + facts["address"])

    def _show(
        self, block: dict[int, int], quantity: str, facts: Mapping[str, Any], values: Values
    ) -> None:
        place = self.place(quantity)
        assert place is not None  # noqa: S101  # there are facts, so there is a place
        for address in range(self._start(facts), self._start(facts) + facts["count"]):
            block.setdefault(address, 0)
        if quantity in TEXTS:
            words = encode_text(facts["type"], self._text(quantity, values), place.count)
        else:
            numbers = {ENERGY: values.energy_wh, EXPORT: values.export_wh, POWER: values.power_w}
            words = self._number_registers(facts, numbers[quantity], values.scale_factor)
            if quantity == ENERGY and values.raw_energy:
                words = values.raw_energy
            if "exponent_offset" in facts:
                scale_address = self._start(facts) + facts["exponent_offset"]
                block[scale_address] = encode_number("s16", values.scale_factor)[0]
        block.update(zip(range(place.address, place.address + place.count), words, strict=True))

    def _text(self, quantity: str, values: Values) -> str:
        """What a text register shows; of what tells the kind, the first that the profile names."""
        if quantity == IDENTITY:
            return str(self.profile[IDENTITY]["values"][0])
        return values.serial if quantity == SERIAL else values.firmware

    def _lay_out_models(self, marker: int) -> None:
        """The chain of SunSpec models: the common one, a vendor's, the meter's, the end."""
        block = self._fixed[READ_HOLDING]
        words = list(SUNSPEC_MARKER)
        for model in (1, 64001, self.profile[ENERGY]["model"]):
            self._models[model] = marker + len(words)
            words += [model, SUNSPEC_LENGTHS[model], *([0] * SUNSPEC_LENGTHS[model])]
        words += SUNSPEC_END
        block.update(enumerate(words, marker))
