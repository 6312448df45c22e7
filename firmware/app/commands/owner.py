"""Commands that only the owner may have done: each takes a signature over a fresh challenge."""

from wire.errors import WattsealError

from app.commands.status import event_log_fields
from app.contracts import Json
from app.key_policy import retire_key
from app.module import Module
from app.owner import EXPIRES_S


def challenge(module: Module, params: Json) -> Json:
    """Open a challenge for an action that could be done now."""
    action, through = params["action"], params.get("through")
    _owner_key(module)
    if action == "unseal":
        module.require_sealed()
    if (action == "archive_events") != (through is not None):
        limit = "given for archive_events, and only for that"
        raise WattsealError("invalid_params", field="through", limit=limit, found=str(through))
    if through is not None:
        module.events.require_held(through)
    text = module.owner.challenge(action, module.events.state.number, through)
    return {"challenge": text, "expires_s": EXPIRES_S}


def unseal(module: Module, params: Json) -> Json:
    """Unlock the settings."""
    module.require_sealed()
    module.require_room_for_events()
    _check_answer(module, "unseal", params)
    module.log_by_owner("unsealed", {})
    module.setup.unseal()
    return {"sealed": module.setup.sealed}


def archive_events(module: Module, params: Json) -> Json:
    """Free events up to the one that the challenge named."""
    through = _check_answer(module, "archive_events", params)
    module.events.archive(through or 0, module.journal.state.pagination)
    return event_log_fields(module)


def decommission(module: Module, params: Json) -> Json:
    """Retire the key and end this commissioning."""
    module.statements.require_room(0)
    module.require_room_for_events()
    _check_answer(module, "decommission", params)
    statement, signature = retire_key(module)
    return {"statement": statement, "signature": signature.hex()}


def _owner_key(module: Module) -> bytes:
    key = module.setup.settings.get("owner_key")
    if key is None:
        raise WattsealError("not_configured", missing=["owner_key"])
    return bytes.fromhex(key)


def _check_answer(module: Module, action: str, params: Json) -> int | None:
    """Check the answer to the open challenge; returns its `through`."""
    owner_key, signature = _owner_key(module), bytes.fromhex(params["signature"])
    return module.owner.check_answer(action, owner_key, signature)
