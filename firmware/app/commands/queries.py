"""Commands that give lists: as many items as fit one line of the link."""

from wire.errors import WattsealError
from wire.messages import MAX_LINE_BYTES

from app.contracts import ItemReader, Json
from app.module import Module

_LIST_BYTES = MAX_LINE_BYTES - 160  # of a line, for the items of a list


def records(module: Module, params: Json) -> Json:
    """Return the records of a range of paginations."""
    if module.journal.damage and not module.journal.state.pagination:
        raise WattsealError("storage_broken", where="journal", cause=module.journal.damage)
    ends = (module.journal.oldest, module.journal.state.pagination)
    first, last = _range(params, ends, "no_such_record")
    items, following = _take(module, first, last, _record)
    return {"records": items, "next": following}


def events(module: Module, params: Json) -> Json:
    """Return the events of a range of numbers."""
    if module.events.damage and not module.events.state.number:
        raise WattsealError("storage_broken", where="events", cause=module.events.damage)
    first, last = _range(
        params, (module.events.oldest, module.events.state.number), "no_such_event"
    )
    items, following = _take(module, first, last, _event)
    return {"events": items, "next": following}


def statements(module: Module, params: Json) -> Json:
    """Return the statements of a range of numbers, an empty list if there is none in it.

    One that is missing, but that the event log has an event about, is an error like a decayed one.
    """
    if module.statements.damage and not module.statements.state.number:
        raise WattsealError("storage_broken", where="statements", cause=module.statements.damage)
    newest = max(module.statements.state.number, module.events.state.statement)
    first, last = params.get("from", 1), min(params.get("to", newest), newest)
    items, following = _take(module, first, last, _statement)
    return {"statements": items, "next": following}


def _range(params: Json, ends: tuple[int, int], refusal: str) -> tuple[int, int]:
    """Return the part of a range that is held; raises the refusal if nothing asked for is."""
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
    """Return items from first to last while they fit one line, and the next number.

    A decayed item is an error only when it comes first: so it is reported and can be skipped.
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
    """Return a record as `records` gives it, and the most bytes that this takes."""
    state, record = module.journal.read(pagination)
    fields = {
        "pagination": pagination,
        "session_id": state.session_id,
        "record": record.decode(),
    }
    return fields, 80 + _escaped_length(record)


def _event(module: Module, number: int) -> tuple[Json, int]:
    """Return an event as `events` gives it, and the most bytes that this takes."""
    text, chain = module.events.read(number)
    return {"number": number, "entry": text, "chain": chain}, 120 + _escaped_length(text.encode())


def _statement(module: Module, number: int) -> tuple[Json, int]:
    """Return a statement as `statements` gives it, and the most bytes that this takes."""
    fields = module.statements.read(number)
    length = 80 + _escaped_length(fields["statement"].encode())
    for signature in fields["signatures"]:
        length += 50 + len(signature["signature"])
    fields["number"] = number
    return fields, length


def _escaped_length(text: bytes) -> int:
    return len(text) + text.count(b'"') + text.count(b"\\")
