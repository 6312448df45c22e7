"""Commands that only the owner may have done: each takes a signature over a fresh challenge."""

from wire.errors import WattsealError

from app.commands.status import event_log_fields
from app.contracts import Json
from app.key_policy import retire_key
from app.module import Module
from app.owner import EXPIRES_S


def challenge(module: Module, params: Json) -> Json:
    """Open a challenge for an action that could be done now."""
    action = params["action"]
    _owner_key(module)
    if action == "unseal":
        module.require_sealed()
    more = {name: params[name] for name in params if name != "action"}
    for field, of_action in (("through", "archive_events"), ("unix_ms", "set_time")):
        if (action == of_action) != (field in more):
            limit = f"given for {of_action}, and only for that"
            raise WattsealError("invalid_params", field=field, limit=limit, found=action)
    if "through" in more:
        module.events.require_held(more["through"])
    text = module.owner.challenge(action, module.events.state.number, more)
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


def _owner_key(module: Module) -> bytes:
    key = module.setup.settings.get("owner_key")
    if key is None:
        raise WattsealError("not_configured", missing=["owner_key"])
    return bytes.fromhex(key)


def check_answer(module: Module, action: str, params: Json) -> Json:
    """Check the answer to the open challenge; returns the members that only this action's has."""
    owner_key, signature = _owner_key(module), bytes.fromhex(params["signature"])
    return module.owner.check_answer(action, owner_key, signature)
