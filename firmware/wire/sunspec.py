"""Finds the models of a SunSpec device: the marker "SunS", then a chain of model blocks.

Source: SunSpec Information Model Specification, "Device Information Model". A block begins with
its model number and the length of what follows; number 0xFFFF ends the chain. The caller does the
reading:

    walk = Walk(40000, (1, 203))
    while walk.next_read():
        walk.take(read(READ_HOLDING_REGISTERS, *walk.next_read()))
    energy = located(profile["energy_import"], walk.models)
"""

from .errors import WattsealError
from .shapes import JsonObject

_MARKER = [0x5375, 0x6E53]  # "SunS"
_END = 0xFFFF
_MAX_MODELS = 32


class Walk:
    """The state of one walk; `models` maps a model's number to `(address, registers)`.

    The address is that of the block's first register, its number; registers counts the whole
    block. Of a model that appears twice the first counts. The walk ends when every wanted model
    was found.
    """

    def __init__(self, marker: int, wanted: tuple[int, ...]):
        self.models: dict[int, tuple[int, int]] = {}
        self._wanted = wanted
        self._address = marker
        self._at_marker = True
        self._blocks = 0
        self._done = False

    def next_read(self) -> tuple[int, int] | None:
        """`(address, count)` of the registers to read next; None when the walk is finished."""
        return None if self._done else (self._address, 2)

    def take(self, registers: list[int]) -> None:
        """Use what was read; WattsealError `meter_not_recognised` if this is no such device."""
        if self._at_marker:
            if list(registers) != _MARKER:
                raise WattsealError("meter_not_recognised", cause="no SunSpec marker")
            self._at_marker = False
            self._address += 2
            return
        model, length = registers
        if model == _END:
            missing = [wanted for wanted in self._wanted if wanted not in self.models]
            raise WattsealError("meter_not_recognised", cause="models missing", missing=missing)
        self._blocks += 1
        self.models.setdefault(model, (self._address, 2 + length))
        self._address += 2 + length
        self._done = all(wanted in self.models for wanted in self._wanted)
        if not self._done and (self._blocks == _MAX_MODELS or self._address > 0xFFFE):
            raise WattsealError("meter_not_recognised", cause="the chain of models does not end")


def wanted_models(profile: JsonObject) -> tuple[int, ...]:
    """The numbers of the models that a profile's quantities are in; empty if it has none."""
    names = ("energy_import", "energy_export", "serial", "firmware")
    quantities = (profile.get(name) for name in names)
    return tuple({quantity["model"] for quantity in quantities if quantity and "model" in quantity})


def located(quantity: JsonObject, models: dict[int, tuple[int, int]]) -> JsonObject:
    """The quantity with the address that it has on this device."""
    if "model" not in quantity:
        return quantity
    start, registers = models[quantity["model"]]
    if quantity["address"] + quantity["count"] > registers:
        raise WattsealError(
            "meter_not_recognised", cause="a model is too short", model=quantity["model"]
        )
    absolute = dict(quantity)
    absolute["address"] = start + quantity["address"]
    return absolute
