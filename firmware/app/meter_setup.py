"""From the settings to a meter on its line, and what the settings still lack for that."""

from wire.errors import WattsealError

from app.contracts import Json, Port
from app.meter import Meter
from app.modbus_line import ModbusLine

_OF_PROFILE = (("meter_unit", "unit"), ("line", "line"))


def missing_settings(settings: Json, profiles: Json) -> list[str]:
    """Names of the settings that a record needs and that neither they nor the profile give."""
    missing = [name for name in ("gateway_id", "gateway_serial") if name not in settings]
    profile = profiles.get(settings.get("meter_profile", ""))
    if profile is None:
        missing.append("meter_profile")
    else:
        for name, key in _OF_PROFILE:
            if name not in settings and key not in profile:
                missing.append(name)
        if "serial" not in profile and "meter_serial" not in settings:
            missing.append("meter_serial")
    return missing


def check_settings(settings: Json, profiles: Json) -> None:
    """WattsealError `invalid_params` for settings that contradict each other or name no profile."""
    name = settings.get("meter_profile")
    if name is not None and name not in profiles:
        limit = "one of " + ", ".join(sorted(profiles))
        raise WattsealError("invalid_params", field="meter_profile", limit=limit, found=name)
    if ("charge_point_type" in settings) != ("charge_point_id" in settings):
        field = "charge_point_id" if "charge_point_type" in settings else "charge_point_type"
        limit = "charge_point_type and charge_point_id go together"
        raise WattsealError("invalid_params", field=field, limit=limit, found="nothing")


def open_meter(settings: Json, profiles: Json, port: Port) -> Meter:
    """The meter that complete settings describe; the line is opened, nothing is sent yet."""
    profile = profiles[settings["meter_profile"]]
    line = settings.get("line") or profile["line"]
    unit = settings.get("meter_unit") or profile["unit"]
    baud, parity, stop_bits = line["baud"], line["parity"], line["stop_bits"]
    bits_per_character = 1 + 8 + (parity != "none") + stop_bits
    opened = port.open_meter_line(baud, parity, stop_bits)
    return Meter(port, ModbusLine(port, opened, baud, bits_per_character), unit, profile)
