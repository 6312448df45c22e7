"""What each method of the link does; wire/methods.py says what goes in and comes out.

A command gets the module and checked params, and may rely on the module being in a state that
the method table allows. It returns the result's fields or raises.
"""

from wire.errors import WattsealError
from wire.link_frame import MAX_LINE_BYTES
from wire.messages import PROTOCOL_VERSION

from app.contracts import ItemReader, Json
from app.meter_setup import check_settings
from app.module import Module
from app.version import VERSION

LOGGED_TIME_STEP_MS = 20_000
"""A clock set by no more than this is carried on, not changed: no event tells of it."""

_LIST_BYTES = MAX_LINE_BYTES - 160  # of a line, for the items of a list


def hello(module: Module, _: Json) -> Json:
    """Who the module is; the same in every state."""
    return {
        "product": "wattseal",
        "protocol": PROTOCOL_VERSION,
        "firmware": VERSION,
        "board": module.board_name,
        "port": module.port.NAME,
        "chip_id": module.core.chip_id().hex(),
        "max_line_bytes": MAX_LINE_BYTES,
    }


def status(module: Module, _: Json) -> Json:
    """Everything that a technician asks first."""
    return {
        "state": module.state,
        "cause": _cause(module.fault),
        "key_number": module.key_number or None,
        "missing": module.missing_settings(),
        "session": _session(module),
        "clock": _clock(module),
        "journal": _journal(module),
        "events": _event_log(module),
        "uptime_ms": module.clock.uptime_ms(),
        "reset_cause": module.port.reset_cause(),
        "heap_free_bytes": module.port.heap_free(),
    }


def public_key(module: Module, _: Json) -> Json:
    """The stored key's public half; in a fault without one, the fault."""
    if not module.public_key:
        raise module.fault or WattsealError("key_error")
    return {"key_number": module.key_number, "public_key": module.public_key.hex()}


def configure(module: Module, params: Json) -> Json:
    """Merge the params into the settings: log the change, then store it whole."""
    old = module.settings.values
    changed = {name: params[name] for name in params if old.get(name) != params[name]}
    if changed:
        new = dict(old)
        new.update(changed)
        check_settings(new, module.profiles)
        module.require_room_for_events()
        module.try_meter(new)
        before = {name: old.get(name) for name in changed}
        module.log("configured", {"old": before, "new": changed})
        module.settings.save(new)
    return {"settings": module.settings.values, "missing": module.missing_settings()}


def set_time(module: Module, params: Json) -> Json:
    """Set the clock, never to before the newest record."""
    clock, unix_ms = module.clock, params["unix_ms"]
    newest_ms = module.journal.standing.unix_ms
    if unix_ms < newest_ms:
        raise WattsealError("time_refused", newest_record_unix_ms=newest_ms)
    old_ms = clock.unix_ms() if clock.is_set else None
    is_step = old_ms is None or abs(unix_ms - old_ms) > LOGGED_TIME_STEP_MS
    if is_step:
        module.require_room_for_events()
    clock.set(unix_ms, params["utc_offset_min"], params["source"] == "synchronised")
    if is_step:
        module.log("time_set", {"old": old_ms, "new": unix_ms, "source": params["source"]})
    return _clock(module)


def read_meter(module: Module, _: Json) -> Json:
    """A reading as a session would take it, with nothing signed."""
    meter = module.meter()
    reading = meter.read_for_signing(module.settings.values.get("meter_serial"))
    return {
        "energy": reading.as_dict(),
        "energy_kwh": reading.to_text_kwh(),
        "meter_vendor": meter.profile["vendor"],
        "meter_model": meter.profile["model"],
        "meter_serial": meter.serial,
        "meter_firmware": meter.firmware,
    }


def begin(module: Module, params: Json) -> Json:
    """Begin a session."""
    meter = module.meter()
    module.require_room_for_events()
    fields = module.sessions.begin(module.settings.values, meter, params)
    return _with_key(module, fields)


def intermediate(module: Module, _: Json) -> Json:
    """Sign a reading within the session."""
    return _with_key(module, module.sessions.go_on(module.settings.values, module.meter(), "C"))


def end(module: Module, params: Json) -> Json:
    """End the session."""
    reason = params.get("reason", "E")
    fields = module.sessions.go_on(module.settings.values, module.meter(), reason)
    fields["begin_pagination"] = module.journal.standing.begin_pagination
    return _with_key(module, fields)


def records(module: Module, params: Json) -> Json:
    """Records of a range of paginations."""
    if module.journal.damage and not module.journal.standing.pagination:
        raise WattsealError("storage_broken", where="journal", cause=module.journal.damage)
    ends = (module.journal.oldest, module.journal.standing.pagination)
    first, last = _range(params, ends, "no_such_record")
    items, following = _take(module, first, last, _record)
    return {"records": items, "next": following}


def release(module: Module, params: Json) -> Json:
    """Log that records may go, then let go of them."""
    through = params["through"]
    module.journal.require_releasable(through)
    module.require_room_for_events()
    module.log("records_released", {"through": through})
    module.journal.release(through)
    return _journal(module)


def events(module: Module, params: Json) -> Json:
    """Events of a range of numbers."""
    if module.events.damage and not module.events.mark.number:
        raise WattsealError("storage_broken", where="events", cause=module.events.damage)
    first, last = _range(params, (1, module.events.mark.number), "no_such_event")
    items, following = _take(module, first, last, _event)
    return {"events": items, "next": following}


def self_test(module: Module, _: Json) -> Json:
    """Known-answer tests of the core; a failed one is a fault."""
    failed = list(module.core.self_test(True))
    if failed:
        module.stop_signing(WattsealError("self_test_failed", failed=failed))
    return {"passed": not failed, "failed": failed}


COMMANDS = {
    "hello": hello,
    "status": status,
    "public_key": public_key,
    "configure": configure,
    "set_time": set_time,
    "read_meter": read_meter,
    "begin": begin,
    "intermediate": intermediate,
    "end": end,
    "records": records,
    "release": release,
    "events": events,
    "self_test": self_test,
}


def _with_key(module: Module, fields: Json) -> Json:
    fields["public_key"] = module.public_key.hex()
    return fields


def _cause(fault: WattsealError | None) -> Json | None:
    if fault is None:
        return None
    return {
        "name": fault.name,
        "sentence": fault.sentence,
        "remedy": fault.remedy,
        "detail": fault.detail,
    }


def _session(module: Module) -> Json | None:
    standing = module.journal.standing
    if not standing.is_open:
        return None
    return {
        "session_id": standing.session_id,
        "begin_pagination": standing.begin_pagination,
        "begin_unix_ms": standing.begin_unix_ms,
        "recovery": module.sessions.needs_recovery,
    }


def _clock(module: Module) -> Json:
    clock = module.clock
    return {
        "unix_ms": clock.unix_ms() if clock.is_set else None,
        "utc_offset_min": clock.utc_offset_min if clock.is_set else None,
        "synchronisation": clock.letter(),
        "set_ago_s": clock.set_ago_ms() // 1000 if clock.is_set else None,
    }


def _journal(module: Module) -> Json:
    oldest, newest = module.journal.oldest, module.journal.standing.pagination
    return {
        "oldest": oldest if oldest <= newest else None,
        "newest": newest if oldest <= newest else None,
        "next": newest + 1,
        "free_bytes": module.journal.free_bytes,
    }


def _event_log(module: Module) -> Json:
    newest = module.events.mark.number
    return {"oldest": 1 if newest else None, "newest": newest or None}


def _range(params: Json, ends: tuple[int, int], refusal: str) -> tuple[int, int]:
    """The part of a range that is held; the refusal if none of what was asked for is."""
    oldest, newest = ends
    first = max(params.get("from", oldest), oldest)
    last = min(params.get("to", newest), newest)
    if first > last and params:
        is_empty = oldest > newest
        raise WattsealError(
            refusal, oldest=None if is_empty else oldest, newest=None if is_empty else newest
        )
    return first, last


def _take(module: Module, first: int, last: int, item: ItemReader) -> tuple[list[Json], int | None]:
    """Items from first to last while they fit one line, and the number to go on with.

    What has decayed is an error when it comes first, so that it is told and can be gone around.
    """
    items: list[Json] = []
    room = _LIST_BYTES
    for number in range(first, last + 1):
        try:
            fields, length = item(module, number)
        except WattsealError:
            if not items:
                raise
            return items, number
        room -= length
        if room < 0:
            return items, number
        items.append(fields)
    return items, None


def _record(module: Module, pagination: int) -> tuple[Json, int]:
    """A record as `records` gives it, and the most bytes that this takes."""
    standing, record = module.journal.read(pagination)
    fields = {
        "pagination": pagination,
        "session_id": standing.session_id,
        "record": record.decode(),
    }
    return fields, 80 + _escaped_length(record)


def _event(module: Module, number: int) -> tuple[Json, int]:
    """An event as `events` gives it, and the most bytes that this takes."""
    text, chain = module.events.read(number)
    return {"number": number, "entry": text, "chain": chain}, 120 + _escaped_length(text.encode())


def _escaped_length(text: bytes) -> int:
    return len(text) + text.count(b'"') + text.count(b"\\")
