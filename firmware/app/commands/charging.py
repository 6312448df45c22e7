"""Commands of a charging session, and the release of its records."""

from app.commands.status import journal_fields
from app.contracts import Json
from app.module import Module


def begin(module: Module, params: Json) -> Json:
    """Begin a session."""
    meter = module.meter()
    module.require_room_for_events()
    fields = module.sessions.begin(module.setup.settings, meter, params)
    return _with_key(module, fields)


def intermediate(module: Module, _: Json) -> Json:
    """Sign a reading within the session."""
    return _with_key(module, module.sessions.add_record(module.setup.settings, module.meter(), "C"))


def end(module: Module, params: Json) -> Json:
    """End the session."""
    reason = params.get("reason", "E")
    fields = module.sessions.add_record(module.setup.settings, module.meter(), reason)
    fields["begin_pagination"] = module.journal.state.begin_pagination
    return _with_key(module, fields)


def release(module: Module, params: Json) -> Json:
    """Log that records may be freed, then free them."""
    through = params["through"]
    module.journal.require_releasable(through)
    module.require_room_for_events()
    module.log("records_released", {"through": through})
    module.journal.release(through)
    return journal_fields(module)


def _with_key(module: Module, fields: Json) -> Json:
    fields["public_key"] = module.public_key.hex()
    return fields
