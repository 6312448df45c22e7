"""A meter reading: decoded from registers, kept as a scaled integer; no float touches it.

A quantity of a meter profile says where a value is and what its registers mean; its fields are
those of firmware/meters/README.md. Registers come as the list that a Modbus reply gave, the first
one being the quantity's address.

    energy = {"function": 4, "address": 72, "count": 2, "type": "f32", "exponent": 3,
              "resolution": 0}
    decode_energy(energy, [0x44C2, 0x8B64])     # Reading(1556356, 0): 1556.356 kWh
"""

from .errors import WattsealError
from .shapes import Json, JsonObject
from .strict_json import MAX_INTEGER

MAX_VALUE = MAX_INTEGER

_MIN_EXPONENT, _MAX_EXPONENT = -3, 6

_BEYOND_ANY = 128  # a fraction times two to that is no energy in any unit; bounds the arithmetic

_GARBAGE = 1_000_000
"""A float below the resolution by this factor is no energy that was counted, but stray bits."""

WIDTHS = {
    "u16": 1,
    "s16": 1,
    "u32": 2,
    "s32": 2,
    "u64": 4,
    "s64": 4,
    "f32": 2,
    "f64": 4,
}
"""Registers that a number of each type takes."""

FLOATS = {"f32": (8, 23), "f64": (11, 52)}
"""Of IEEE 754 singles and doubles, the bits of the exponent and of the fraction."""

TEXT_TYPES = ("u16", "u32", "u64", "ascii", "hex")


class Reading:
    """An energy of `value * 10**exponent` Wh; immutable by convention, compared by quantity.

    `value` is 0 to 2**53-1, `exponent` -3 to 6 and is the meter's own resolution: 2935600 at
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


def decode_energy(quantity: JsonObject, registers: list[int]) -> Reading:
    """The reading that the registers hold, with the resolution that they really have.

    Raises WattsealError: `meter_sentinel` for a not-available pattern, `meter_out_of_range` for a
    negative, infinite or too large value or a float that is next to nothing, `meter_wrong_length`
    for another number of registers.
    """
    raw = raw_number(quantity, registers)
    exponent = quantity["exponent"]
    if quantity["type"] in FLOATS:
        return _reading_of_float(raw, FLOATS[quantity["type"]], exponent, quantity["resolution"])
    value = signed(raw, 16 * WIDTHS[quantity["type"]], quantity["type"])
    if "exponent_offset" in quantity:
        exponent += scale_factor(registers[quantity["exponent_offset"]])
    return _reading(value, exponent)


def decode_text(quantity: JsonObject, registers: list[int]) -> str:
    """The serial number or version that the registers hold: printable ASCII without '|'.

    u16, u32 and u64 give decimal digits, `hex` the registers as they are, four digits each. In
    `ascii` NUL bytes are dropped wherever they are (some meters put one character in each
    register, others pad the end) and blanks at both ends too. Raises WattsealError
    `meter_sentinel` if nothing is left or every bit is set, `meter_out_of_range` for bytes that no
    record may hold.
    """
    _check_count(quantity, registers)
    if quantity["type"] == "hex":
        return "".join(f"{register:04X}" for register in registers)
    if quantity["type"] != "ascii":
        return str(raw_number(quantity, registers))
    characters = bytes(
        byte for register in registers for byte in (register >> 8, register & 0xFF) if byte
    )
    if not characters.strip() or all(byte == 0xFF for byte in characters):
        raise WattsealError("meter_sentinel", address=quantity["address"])
    if any(byte < 0x20 or byte > 0x7E or byte == 0x7C for byte in characters):
        raise WattsealError("meter_out_of_range", address=quantity["address"], found="not text")
    return characters.decode().strip()


def _check_count(quantity: JsonObject, registers: list[int]) -> None:
    if len(registers) != quantity["count"]:
        raise WattsealError(
            "meter_wrong_length", expected=2 * quantity["count"], found=2 * len(registers)
        )


def raw_number(quantity: JsonObject, registers: list[int]) -> int:
    """The number's bits as an unsigned integer; `meter_sentinel` if the profile says it is one."""
    _check_count(quantity, registers)
    width = WIDTHS[quantity["type"]]
    offset = quantity.get("offset", 0)
    words = registers[offset : offset + width]
    if quantity.get("word_order", "big") == "little":
        words.reverse()
    raw = 0
    for word in words:
        raw = raw << 16 | word
    pattern = "{:0{}x}".format(raw, 4 * width)
    if pattern in quantity.get("sentinels", ()):
        raise WattsealError("meter_sentinel", address=quantity["address"], pattern=pattern)
    return raw


def signed(raw: int, bits: int, kind: str) -> int:
    """The value of so many bits, in two's complement if the type is signed."""
    if kind[0] == "s" and raw >> (bits - 1):
        return raw - (1 << bits)
    return raw


def scale_factor(register: int) -> int:
    """A power of ten in a register of its own: SunSpec's sunssf, -10 to 10."""
    if register == 0x8000:
        raise WattsealError("meter_sentinel", pattern="8000")
    factor = signed(register, 16, "s16")
    if not -10 <= factor <= 10:
        raise WattsealError("meter_out_of_range", scale_factor=factor)
    return factor


def _reading(value: int, exponent: int) -> Reading:
    """A reading of a scaled integer; exponents outside a record's range only where it is exact."""
    while exponent > _MAX_EXPONENT:
        value, exponent = value * 10, exponent - 1
    if value < 0 or value > MAX_VALUE or exponent < _MIN_EXPONENT:
        # The value as text: it may be beyond what a JSON number keeps exactly.
        raise WattsealError("meter_out_of_range", value=str(value), exponent=exponent)
    return Reading(value, exponent)


def _reading_of_float(
    bits: int, form: tuple[int, int], unit_exponent: int, resolution: int
) -> Reading:
    """The reading of an IEEE 754 number, counted in 10**unit_exponent Wh.

    The value is exactly `fraction * 2**power`. It is rounded, half up, to 10**resolution Wh, or
    to the finest coarser power of ten that is not finer than the step between two neighbouring
    floats there: kWh in a float move in steps of 2 Wh from 16384 kWh on, and a record must not
    show digits that the meter's register cannot hold.
    """
    exponent_bits, fraction_bits = form
    pattern = "{:0{}x}".format(bits, (1 + exponent_bits + fraction_bits) // 4)
    largest = (1 << exponent_bits) - 1
    biased = bits >> fraction_bits & largest
    fraction = bits & (1 << fraction_bits) - 1
    if biased == largest:
        if fraction:
            raise WattsealError("meter_sentinel", pattern=pattern)
        raise WattsealError("meter_out_of_range", value="infinity")
    if biased:
        fraction |= 1 << fraction_bits
    if fraction and bits >> exponent_bits + fraction_bits:
        raise WattsealError("meter_out_of_range", value="negative")
    power = max(biased, 1) - (largest >> 1) - fraction_bits
    if power > _BEYOND_ANY:
        raise WattsealError("meter_out_of_range", value="beyond any energy", pattern=pattern)
    exponent = resolution
    if fraction and _at_most_one(*_quotient(_GARBAGE * fraction, power, unit_exponent - exponent)):
        raise WattsealError("meter_out_of_range", value="next to nothing", pattern=pattern)
    while not _at_most_one(*_quotient(1, power, unit_exponent - exponent)):
        exponent += 1
    value = _round_half_up(*_quotient(fraction, power, unit_exponent - exponent))
    first = 1 << fraction_bits
    if exponent > resolution and _falls(first, value, power, unit_exponent - exponent):
        exponent -= 1
        value = _round_half_up(*_quotient(fraction, power, unit_exponent - exponent))
    return _reading(value, exponent)


def _falls(first: int, value: int, power: int, tens: int) -> bool:
    """Whether rounding took a value below the first float that has this step.

    first: the fraction of that float.

    The floats before that one may be shown finer and would then look larger: a growing register
    would give a falling reading.
    """
    numerator, denominator = _quotient(first, power, tens)
    return value * denominator < numerator


def _quotient(factor: int, twos: int, tens: int) -> tuple[int, int]:
    """`factor * 2**twos * 10**tens` as numerator and denominator."""
    numerator, denominator = factor, 1
    for base, exponent in ((2, twos), (10, tens)):
        if exponent < 0:
            denominator *= base**-exponent
        else:
            numerator *= base**exponent
    return numerator, denominator


def _at_most_one(numerator: int, denominator: int) -> bool:
    return numerator <= denominator


def _round_half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
