"""What a registration says of this module, for the proof of possession and that of publication."""

from wire.statements import build_statement

from app.contracts import Json
from app.module import Module


def registration_facts(module: Module) -> Json:
    """The facts that the registry's entry must tell too; only while sealed."""
    settings = module.setup.settings
    return {
        "evse_id": settings["charge_point_id"],
        "gateway_serial": settings["gateway_serial"],
        "meter_serial": settings["meter_serial"],
        "chip_id": module.core.chip_id().hex(),
        "key_number": module.key_number,
        "public_key": module.public_key.hex(),
        "firmware_identity": module.firmware.identity,
        "commissioning": module.setup.commissioning,
    }


def possession(module: Module, challenge: str) -> str:
    """The statement that answers a registry's challenge; challenge in hex."""
    profile = module.profiles[module.setup.settings["meter_profile"]]
    return build_statement(
        "possession",
        challenge=challenge,
        meter_vendor=profile["vendor"],
        meter_model=profile["model"],
        firmware=module.firmware.version,
        unix_ms=module.clock.unix_ms_or_none(),
        **registration_facts(module),
    )
