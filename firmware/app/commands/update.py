"""Commands of a firmware update: the module lets go of its key, the boot loader writes the image.

In the boot loader the flash lies open. So it is entered only once no key is stored any more, and
nobody but the owner has a key given up.
"""

from wire.errors import WattsealError
from wire.methods import UPDATE_WAYS

from app.commands.owner import check_answer
from app.contracts import Json
from app.firmware import refusal
from app.key_policy import hand_over, make_key_after_all
from app.module import Module


def check_update(module: Module, params: Json) -> Json:
    """Check a manifest, and change nothing."""
    manifest = module.check_image(params)
    update = _image(manifest)
    update["owner_needed"] = _has_key(module) and module.setup.owner_key is not None
    return update


def enter_boot_loader(module: Module, params: Json) -> Json:
    """Hand over to the image, if there is a key; start the boot loader once the reply is sent."""
    manifest = module.check_image(params)
    if _has_key(module):
        if not module.statements.announced:
            raise refusal("a key is still stored: restart the module, which erases it")
        if module.sessions.is_open and not module.sessions.needs_recovery:
            raise WattsealError("session_open")
        module.statements.require_room(count=2)
        _check_owner(module, "update", params, _image(manifest))
        hand_over(module, manifest)
    module.boot_loader_due = True
    return {"update_way": UPDATE_WAYS[0]}


def cancel_update(module: Module, params: Json) -> Json:
    """Stay with the running image: make the next key for it."""
    pending = module.pending_update
    if pending is None:
        raise WattsealError("no_update")
    module.statements.require_room()
    _check_owner(module, "cancel_update", params, {})
    module.log_if_room("update_cancelled", pending.detail)
    make_key_after_all(module)
    return {"state": module.state, "key_number": module.key_number}


def _check_owner(module: Module, action: str, params: Json, named: Json) -> None:
    """Check the owner's answer, which must name that; a module without an owner has no secret yet.

    WattsealError `owner_needed` if there is an owner and no answer.
    """
    if module.setup.owner_key is None:
        return
    if "signature" not in params:
        raise WattsealError("owner_needed", action=action)
    if check_answer(module, action, params) != named:
        raise refusal("the owner's challenge names another image")


def _has_key(module: Module) -> bool:
    """Return whether there is anything in the key store, be it whole or not."""
    return module.core.key_slots() != (0, ())


def _image(manifest: Json) -> Json:
    return {"firmware": manifest["firmware"], "firmware_identity": manifest["sha256"]}
