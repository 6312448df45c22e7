"""Which settings go together, and which of them the seal wants."""

from wire.errors import WattsealError
from wire.methods import UNSEALED_SETTINGS
from wire.signed_note import is_key_name

from app.contracts import Core, Json
from app.meter_setup import missing_for_meter

_SEAL_WANTS = (
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
"""The only name of a charge point that a registration knows."""


def missing_for_seal(settings: Json, profiles: Json) -> list[str]:
    """Names of the settings that sealing needs: not given, or not as a registration wants them."""
    missing = [name for name in _SEAL_WANTS if name not in settings]
    if settings.get("charge_point_type", _CHARGE_POINT_TYPE) != _CHARGE_POINT_TYPE:
        missing.append("charge_point_type")
    return missing + missing_for_meter(settings, profiles)


def check_settings(core: Core, settings: Json, profiles: Json) -> None:
    """WattsealError `invalid_params` for settings that contradict each other or cannot be used."""
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


def require_changeable(names: list[str]) -> None:
    """WattsealError `sealed` if the seal locks one of these settings."""
    locked = [name for name in names if name not in UNSEALED_SETTINGS]
    if locked:
        raise WattsealError("sealed", settings=locked)


def _refusal(field: str, limit: str, found: str) -> WattsealError:
    return WattsealError("invalid_params", field=field, limit=limit, found=found)
