"""Commands that only the owner may have done: each takes a signature over a fresh challenge."""

from wire.errors import WattsealError

from app.commands.status import event_log_fields
from app.contracts import Json
from app.key_policy import retire_key
from app.module import Module
from app.owner import EXPIRES_S

_PARAMS_OF_ACTIONS = (
    ("through", "archive_events"),
    ("manifest", "update"),
    ("vendor_signature", "update"),
)


def challenge(module: Module, params: Json) -> Json:
    """Open a challenge for an action that could be done now."""
    action = params["action"]
    _owner_key(module)
    if action == "unseal":
        module.require_sealed()
    for name, only in _PARAMS_OF_ACTIONS:
        if (action == only) != (name in params):
            limit = f"given for {only}, and only for that"
            raise WattsealError("invalid_params", field=name, limit=limit, found=action)
    named = {}
    if "through" in params:
        module.events.require_held(params["through"])
        named["through"] = params["through"]
    if "manifest" in params:
        manifest = module.check_image(params)
        named["firmware"] = manifest["firmware"]
        named["firmware_identity"] = manifest["sha256"]
    text = module.owner.challenge(action, module.events.state.number, named)
    return {"challenge": text, "expires_s": EXPIRES_S}


def unseal(module: Module, params: Json) -> Json:
    """Unlock the settings."""
    module.require_sealed()
    module.require_room_for_events()
    check_answer(module, "unseal", params)
    module.log("unsealed", {})
    module.setup.unseal()
    return {"sealed": module.setup.sealed}


def archive_events(module: Module, params: Json) -> Json:
    """Free events up to the one that the challenge named."""
    through = check_answer(module, "archive_events", params)["through"]
    module.events.archive(through, module.journal.state.pagination)
    return event_log_fields(module)


def decommission(module: Module, params: Json) -> Json:
    """Retire the key and end this commissioning."""
    module.statements.require_room(0)
    module.require_room_for_events()
    check_answer(module, "decommission", params)
    statement, signature = retire_key(module)
    return {"statement": statement, "signature": signature.hex()}


def check_answer(module: Module, action: str, params: Json) -> Json:
    """Check the answer to the open challenge; returns what the challenge named."""
    owner_key, signature = _owner_key(module), bytes.fromhex(params["signature"])
    return module.owner.check_answer(action, owner_key, signature)


def _owner_key(module: Module) -> bytes:
    key = module.setup.owner_key
    if key is None:
        raise WattsealError("not_configured", missing=["owner_key"])
    return key
