"""Commands of a firmware update: the manifest is checked here, the boot loader writes the image."""

from wire.errors import WattsealError
from wire.methods import UPDATE_WAYS

from app.contracts import Json
from app.firmware import check_manifest
from app.module import Module


def check_update(module: Module, params: Json) -> Json:
    """Check a manifest and store which image it announces."""
    signature = bytes.fromhex(params["signature"])
    manifest = check_manifest(
        module.core, module.firmware, module.board_name, params["manifest"], signature
    )
    update = {"firmware": manifest["firmware"], "firmware_identity": manifest["sha256"]}
    if not module.setup.announces(update, module.key_number):
        module.require_ration_to_store()
        module.log_rationed("update_accepted", update)
        module.setup.announce_update(update, module.key_number)
    module.update_accepted = True
    return update


def enter_boot_loader(module: Module, _: Json) -> Json:
    """Start the boot loader once the reply is sent."""
    if not module.update_accepted:
        raise WattsealError("no_update")
    module.log_rationed("boot_loader_entered", {"firmware_identity": module.firmware.identity})
    module.boot_loader_due = True
    return {"update_way": UPDATE_WAYS[0]}
