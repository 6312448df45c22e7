"""Commands of a charging session, and the release of its records."""

from app.commands.status import journal_fields
from app.contracts import Json
from app.module import Module


def begin(module: Module, params: Json) -> Json:
    """Begin a session."""
    meter = module.meter()
    module.require_room_for_events()  # only the owner can use that up
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
    """Free records; logged, in its ration, if any sector was freed."""
    through, before = params["through"], module.journal.oldest
    module.journal.release(through)
    oldest = module.journal.oldest
    if oldest != before:
        module.log_rationed("records_released", {"through": through, "oldest_record": oldest})
    return journal_fields(module)


def _with_key(module: Module, fields: Json) -> Json:
    """Complete the fields of a record just signed; the meter's wiring is looked at later."""
    module.wiring.is_due = True
    fields["public_key"] = module.public_key.hex()
    return fields
