"""A meter reading as a scaled integer: from the register to the record no float touches it."""

from .shapes import Json, JsonObject
from .strict_json import MAX_INTEGER

MAX_VALUE = MAX_INTEGER

_MIN_EXPONENT, _MAX_EXPONENT = -3, 6


class Reading:
    """An energy of `value * 10**exponent` Wh; immutable by convention, compared by quantity.

    `value` is 0 to 2**53-1, `exponent` -3 to 6 and tells the meter's own resolution: 2935600 at
    exponent 0 is 2935.600 kWh, 29356 at exponent 2 is 2935.6 kWh.
    """

    unit = "Wh"

    def __init__(self, value: int, exponent: int):
        for number, low, high in (
            (value, 0, MAX_VALUE),
            (exponent, _MIN_EXPONENT, _MAX_EXPONENT),
        ):
            if type(number) is not int:
                raise TypeError("a reading is made of integers")
            if not low <= number <= high:
                raise ValueError(f"{number} is outside {low} to {high}")
        self.value = value
        self.exponent = exponent

    def to_text_kwh(self) -> str:
        """The reading in kWh as a JSON number, with exactly the digits that the meter has."""
        decimals = 3 - self.exponent
        if decimals <= 0:
            return str(self.value * 10**-decimals)
        digits = str(self.value)
        digits = "0" * (decimals + 1 - len(digits)) + digits
        return digits[:-decimals] + "." + digits[-decimals:]

    def as_dict(self) -> JsonObject:
        """The form that crosses the link: value, exponent, unit."""
        return {"value": self.value, "exponent": self.exponent, "unit": self.unit}

    def _scaled_pair(self, other: "Reading") -> tuple[int, int]:
        low = min(self.exponent, other.exponent)
        return self.value * 10 ** (self.exponent - low), other.value * 10 ** (other.exponent - low)

    def __eq__(self, other: Json) -> bool:
        if not isinstance(other, Reading):
            return False
        ours, theirs = self._scaled_pair(other)
        return ours == theirs

    def __lt__(self, other: "Reading") -> bool:
        ours, theirs = self._scaled_pair(other)
        return ours < theirs

    def __hash__(self) -> int:
        return hash(self._scaled_pair(Reading(0, _MIN_EXPONENT))[0])

    def __repr__(self) -> str:
        return f"Reading({self.value}, {self.exponent})"
