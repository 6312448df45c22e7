"""Commands about the module itself: identity, status, public key, self-test."""

from wire.errors import WattsealError
from wire.messages import MAX_LINE_BYTES, PROTOCOL_VERSION
from wire.methods import UPDATE_WAYS

from app.contracts import Json
from app.module import Module


def hello(module: Module, _: Json) -> Json:
    """Return what identifies the module; the same in every state."""
    vendor_key = module.firmware.vendor_key
    return {
        "product": "wattseal",
        "protocol": PROTOCOL_VERSION,
        "firmware": module.firmware.version,
        "firmware_identity": module.firmware.identity,
        "rollback_number": module.firmware.rollback_number,
        "vendor_key": module.core.sha256(vendor_key).hex() if vendor_key else None,
        "update_way": UPDATE_WAYS[0],
        "board": module.board_name,
        "port": module.port.NAME,
        "link": module.port.LINK,
        "chip_id": module.core.chip_id().hex(),
        "max_line_bytes": MAX_LINE_BYTES,
    }


def status(module: Module, _: Json) -> Json:
    """Return all that a technician looks at first."""
    return {
        "state": module.state,
        "cause": _cause(module.fault or module.pending_update),
        "warnings": warnings(module),
        "key_number": module.key_number or None,
        "missing": module.missing_settings(),
        "sealed": module.setup.sealed,
        "commissioning": module.setup.commissioning,
        "settings_sha256": module.settings_sha256() if module.setup.sealed else None,
        "publication": _publication(module),
        "update": _update(module),
        "session": _session(module),
        "clock": clock_fields(module),
        "journal": journal_fields(module),
        "events": event_log_fields(module),
        "uptime_ms": module.clock.uptime_ms(),
        "reset_cause": module.port.reset_cause(),
        "heap_free_bytes": module.port.heap_free(),
    }


def public_key(module: Module, _: Json) -> Json:
    """Return the public key; raises the fault if there is none because of one."""
    if not module.public_key:
        raise module.fault or WattsealError("key_error")
    return {"key_number": module.key_number, "public_key": module.public_key.hex()}


def self_test(module: Module, _: Json) -> Json:
    """Run the known-answer tests of the core; a failed one is a fault."""
    failed = list(module.core.self_test(True))
    if failed:
        module.stop_signing(WattsealError("self_test_failed", failed=failed))
    return {"passed": not failed, "failed": failed}


# --- groups of fields that several methods give ----------------------------------------------


def clock_fields(module: Module) -> Json:
    """Return the clock, as status and set_time give it."""
    clock = module.clock
    return {
        "unix_ms": clock.unix_ms_or_none(),
        "utc_offset_min": clock.utc_offset_min if clock.is_set else None,
        "synchronisation": clock.status(),
        "set_ago_s": clock.set_ago_ms() // 1000 if clock.is_set else None,
    }


def journal_fields(module: Module) -> Json:
    """Return the journal, as status and release give it."""
    oldest, newest = module.journal.oldest, module.journal.state.pagination
    return {
        "oldest": oldest if oldest <= newest else None,
        "newest": newest if oldest <= newest else None,
        "next": newest + 1,
        "free_bytes": module.journal.free_bytes,
    }


def event_log_fields(module: Module) -> Json:
    """Return the event log, as status and archive_events give it."""
    oldest, newest = module.events.oldest, module.events.state.number
    return {
        "oldest": oldest if oldest <= newest else None,
        "newest": newest if oldest <= newest else None,
        "free_bytes": module.events.free_bytes,
        "full": not module.events.has_room(),
    }


def warnings(module: Module) -> list[Json]:
    """Return what somebody should look at although the module works, as status tells it."""
    return [_problem(warning) for warning in (module.wiring.warning,) if warning]


def publication_fields(publication: Json) -> Json:
    """Return a stored proof of publication, as status and accept_publication give it."""
    return {name: publication[name] for name in ("leaf_index", "tree_size", "root")}


def _cause(fault: WattsealError | None) -> Json | None:
    return None if fault is None else _problem(fault)


def _problem(fault: WattsealError) -> Json:
    return {
        "name": fault.name,
        "sentence": fault.sentence,
        "remedy": fault.remedy,
        "detail": fault.detail,
    }


def _publication(module: Module) -> Json | None:
    found = module.setup.publication(module.key_number)
    return None if found is None else publication_fields(found)


def _update(module: Module) -> Json | None:
    """Return the image that the key was given up for, None if there is none that is awaited."""
    pending = module.pending_update
    return None if pending is None else pending.detail


def _session(module: Module) -> Json | None:
    state = module.journal.state
    if not state.is_open:
        return None
    return {
        "session_id": state.session_id,
        "begin_pagination": state.begin_pagination,
        "begin_unix_ms": state.begin_unix_ms,
        "recovery": module.sessions.needs_recovery,
    }
