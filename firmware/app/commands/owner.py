"""Commands that only the owner may have done: each takes a signature over a fresh challenge."""

from wire.errors import WattsealError

from app.commands.status import event_log_fields
from app.contracts import Json
from app.key_policy import retire_key
from app.module import Module
from app.owner import EXPIRES_S
from app.sessions import meter_serial

_PARAMS_OF_ACTIONS = (
    ("through", "archive_events"),
    ("unix_ms", "set_time"),
    ("manifest", "update"),
    ("vendor_signature", "update"),
)


def challenge(module: Module, params: Json) -> Json:
    """Open a challenge for an action that could be done now."""
    action = params["action"]
    _owner_key(module)
    for name, only in _PARAMS_OF_ACTIONS:
        if (action == only) != (name in params):
            limit = f"given for {only}, and only for that"
            raise WattsealError("invalid_params", field=name, limit=limit, found=action)
    facts = _facts_of(module, action, params)
    text = module.owner.challenge(action, module.events.head, facts)
    return {"challenge": text, "expires_s": EXPIRES_S}


def unseal(module: Module, params: Json) -> Json:
    """Unlock the settings."""
    module.require_sealed()
    module.require_room_for_events()
    check_answer(module, "unseal", params)
    module.log_by_owner("unsealed", {})
    module.setup.unseal()
    return {"sealed": module.setup.sealed}


def archive_events(module: Module, params: Json) -> Json:
    """Free events up to the one that the challenge named."""
    facts = check_answer(module, "archive_events", params)
    module.events.archive(facts["through"], module.journal.state.pagination)
    return event_log_fields(module)


def close_session(module: Module, params: Json) -> Json:
    """End the session that the challenge named, without a reading."""
    _require_open(module)
    facts = check_answer(module, "close_session", params)
    if facts["begin_pagination"] != module.journal.state.begin_pagination:
        raise WattsealError("no_challenge", action="close_session")
    fields = module.close_session()
    fields["public_key"] = module.public_key.hex()
    return fields


def accept_meter(module: Module, params: Json) -> Json:
    """Compare what follows with the meter's present reading, lower than the newest record's."""
    meter, settings = module.meter(), module.setup.settings
    found = meter.read_for_signing(settings.get("meter_serial"))
    serial = meter_serial(settings, meter)
    module.sessions.require_lower(found, serial)
    module.require_room_for_events()
    check_answer(module, "accept_meter", params)
    earlier_kwh, found_kwh = module.journal.state.reading().to_text_kwh(), found.to_text_kwh()
    detail = {"meter_serial": serial, "earlier_kwh": earlier_kwh, "found_kwh": found_kwh}
    module.log_by_owner("meter_accepted", detail)
    module.journal.accept_reading(found)
    return detail


def decommission(module: Module, params: Json) -> Json:
    """Retire the key and end this commissioning, in every state: no key outlives its owner's word.

    Statement and signature are null if the key could not say farewell.
    """
    check_answer(module, "decommission", params)
    farewell = retire_key(module)
    if farewell is None:
        return {"statement": None, "signature": None}
    return {"statement": farewell[0], "signature": farewell[1].hex()}


def _facts_of(module: Module, action: str, params: Json) -> Json:
    """Return what the challenge for an action names; raises if that could not be done now."""
    if module.fault is not None and action not in ("decommission", "update"):
        raise WattsealError("fault", cause=module.fault.name)
    if action == "archive_events":
        module.events.require_held(params["through"])
        return {"through": params["through"]}
    if action == "set_time":
        return {"unix_ms": params["unix_ms"]}
    if action == "update":
        manifest = module.check_image(params)
        return {"firmware": manifest["firmware"], "firmware_identity": manifest["sha256"]}
    if action == "close_session":
        _require_open(module)
        return {"begin_pagination": module.journal.state.begin_pagination}
    if action in ("unseal", "accept_meter") and module.sessions.is_open:
        raise WattsealError("session_open")
    if action == "unseal":
        module.require_sealed()
    return {}


def _require_open(module: Module) -> None:
    if not module.sessions.is_open:
        raise WattsealError("no_session")


def _owner_key(module: Module) -> bytes:
    key = module.setup.owner_key
    if key is None:
        raise WattsealError("not_configured", missing=["owner_key"])
    return key


def check_answer(module: Module, action: str, params: Json) -> Json:
    """Check the answer to the open challenge; returns what that named."""
    owner_key, signature = _owner_key(module), bytes.fromhex(params["signature"])
    return module.owner.check_answer(action, owner_key, signature)
