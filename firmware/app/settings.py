"""The settings: which go together, what the seal and the meter need, how the meter is opened."""

from wire import strict_json
from wire.errors import WattsealError
from wire.meter import Meter
from wire.methods import UNSEALED_SETTINGS
from wire.modbus_line import ModbusLine
from wire.signed_note import is_key_name

from app.contracts import Core, Json, Port, Profiles

_NEEDED_FOR_SEAL = (
    "gateway_id",
    "gateway_serial",
    "meter_serial",
    "charge_point_type",
    "charge_point_id",
    "registry_name",
    "registry_key",
    "owner_key",
)

_CHARGE_POINT_TYPE = "EVSEID"
"""The only kind of charge point id that a registration takes."""


_OF_PROFILE = (("meter_unit", "unit"), ("line", "line"))
"""Settings that the profile may give instead, and their names there."""


def missing_for_seal(settings: Json, profiles: Profiles) -> list[str]:
    """Return the settings that the seal needs: missing ones, and any unfit for a registration."""
    missing = [name for name in _NEEDED_FOR_SEAL if name not in settings]
    if settings.get("charge_point_type", _CHARGE_POINT_TYPE) != _CHARGE_POINT_TYPE:
        missing.append("charge_point_type")
    return missing + missing_for_meter(settings, profiles)


def missing_for_meter(settings: Json, profiles: Profiles) -> list[str]:
    """Return the settings that reading the meter needs and that the profile does not give."""
    profile = profiles.get(settings.get("meter_profile", ""))
    if profile is None:
        return ["meter_profile"]
    return [name for name, key in _OF_PROFILE if name not in settings and key not in profile]


def open_meter(settings: Json, profiles: Profiles, port: Port) -> Meter:
    """Open the line of the meter that complete settings describe; nothing is sent yet."""
    profile = profiles[settings["meter_profile"]]
    line = settings.get("line") or profile["line"]
    unit = settings.get("meter_unit") or profile["unit"]
    baud, parity, stop_bits = line["baud"], line["parity"], line["stop_bits"]
    bits_per_character = 1 + 8 + (parity != "none") + stop_bits
    opened = port.open_meter_line(baud, parity, stop_bits)
    modbus = ModbusLine(port, opened, baud, bits_per_character, settings.get("meter_echo"))
    return Meter(port, modbus, unit, profile)


def check_settings(core: Core, settings: Json, profiles: Profiles) -> None:
    """Raise WattsealError `invalid_params` for settings that contradict or cannot be used."""
    name = settings.get("meter_profile")
    if name is not None and name not in profiles:
        raise _refusal("meter_profile", "one of " + ", ".join(sorted(profiles)), name)
    if ("charge_point_type" in settings) != ("charge_point_id" in settings):
        field = "charge_point_id" if "charge_point_type" in settings else "charge_point_type"
        raise _refusal(field, "charge_point_type and charge_point_id go together", "nothing")
    name = settings.get("registry_name")
    if name is not None and not is_key_name(name):
        raise _refusal("registry_name", "a name without blanks and plus signs", name)
    for field in ("registry_key", "owner_key"):
        if field in settings and not core.public_key_valid(bytes.fromhex(settings[field])):
            raise _refusal(field, "a public key on secp256r1 in DER", "no such key")


def settings_sha256(core: Core, settings: Json, profiles: Profiles) -> str:
    """Return the digest in hex of all that the seal locks, and of the meter's register map.

    SHA-256 of the JSON `{"meter_profile", "settings"}`, members sorted: the profile as the image
    has it under that name (null without one), and the settings that are set.
    """
    sealed = {name: settings[name] for name in settings if name not in UNSEALED_SETTINGS}
    profile = profiles.get(settings.get("meter_profile", ""))
    text = strict_json.dumps_sorted({"meter_profile": profile, "settings": sealed})
    return core.sha256(text).hex()


def require_changeable(names: list[str]) -> None:
    """Raise WattsealError `sealed` if the seal locks one of these settings."""
    locked = [name for name in names if name not in UNSEALED_SETTINGS]
    if locked:
        raise WattsealError("sealed", settings=locked)


def _refusal(field: str, limit: str, found: str) -> WattsealError:
    return WattsealError("invalid_params", field=field, limit=limit, found=found)
