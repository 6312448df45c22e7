"""Power as a meter tells it: for somebody who watches, never for a record."""

from __future__ import annotations

import struct
from decimal import Decimal
from typing import Any

from wattseal.wire.errors import WattsealError
from wattseal.wire.reading import FLOATS, WIDTHS, raw_number, scale_factor, signed

_FORMATS = {"f32": ">f", "f64": ">d"}


def decode_power(quantity: dict[str, Any], registers: list[int]) -> Decimal:
    """Watts that the registers hold; negative for what flows out.

    Raises WattsealError `meter_sentinel`, `meter_out_of_range`, `meter_wrong_length`.
    """
    raw = raw_number(quantity, registers)
    kind, exponent = quantity["type"], quantity["exponent"]
    bits = 16 * WIDTHS[kind]
    if kind in FLOATS:
        data = raw.to_bytes(bits // 8, "big")
        value = Decimal(repr(struct.unpack(_FORMATS[kind], data)[0]))
        if value.is_nan():
            raise WattsealError("meter_sentinel", pattern=data.hex())
        if value.is_infinite():
            raise WattsealError("meter_out_of_range", value="infinity")
    else:
        value = Decimal(signed(raw, bits, kind))
    if "exponent_offset" in quantity:
        exponent += scale_factor(registers[quantity["exponent_offset"]])
    return value.scaleb(exponent)
