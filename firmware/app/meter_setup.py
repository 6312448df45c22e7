"""From the settings to a meter on its line, and what the settings still lack for that."""

from app.contracts import Json, Port
from app.meter import Meter
from app.modbus_line import ModbusLine

_OF_PROFILE = (("meter_unit", "unit"), ("line", "line"))


def missing_for_meter(settings: Json, profiles: Json) -> list[str]:
    """Names of the settings that reading the meter needs and that the profile does not give."""
    profile = profiles.get(settings.get("meter_profile", ""))
    if profile is None:
        return ["meter_profile"]
    return [name for name, key in _OF_PROFILE if name not in settings and key not in profile]


def open_meter(settings: Json, profiles: Json, port: Port) -> Meter:
    """The meter that complete settings describe; the line is opened, nothing is sent yet."""
    profile = profiles[settings["meter_profile"]]
    line = settings.get("line") or profile["line"]
    unit = settings.get("meter_unit") or profile["unit"]
    baud, parity, stop_bits = line["baud"], line["parity"], line["stop_bits"]
    bits_per_character = 1 + 8 + (parity != "none") + stop_bits
    opened = port.open_meter_line(baud, parity, stop_bits)
    return Meter(port, ModbusLine(port, opened, baud, bits_per_character), unit, profile)
