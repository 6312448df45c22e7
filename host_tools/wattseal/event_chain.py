"""The event log's hash chain, checked from where it can be anchored.

Each event's chain value is the SHA-256 of the value before it and the event's bytes; before event 1
stand 32 zero bytes. Of a log whose beginning was archived, an `events_archived` event in it says
which value stood where the archive ended.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

from wattseal.device_models import Event
from wattseal.errors import ToolError


def check_chain(found: Sequence[Event]) -> None:
    """ToolError `event_chain_broken` at the first event that does not follow from the one before.

    The first of a range is taken as it is, unless it is event 1 or an archiving tells of the value
    before it.
    """
    known = _archived_values(found)
    before = bytes(32) if found and found[0].number == 1 else None
    if found and before is None:
        before = known.get(found[0].number - 1)
    for position, event in enumerate(found):
        is_next = position == 0 or event.number == found[position - 1].number + 1
        if before is not None:
            chain = hashlib.sha256(before + event.entry.encode()).hexdigest()
            is_next = is_next and chain == event.chain
        value = _hash(event.chain)
        if not is_next or value is None or known.get(event.number, value) != value:
            raise ToolError("event_chain_broken", number=event.number)
        before = value


def read_entry(event: Event) -> dict[str, Any]:
    """The JSON object of an event's entry; empty if it is none."""
    try:
        entry = json.loads(event.entry)
    except (ValueError, RecursionError):
        return {}
    return entry if isinstance(entry, dict) else {}


def _archived_values(found: Sequence[Event]) -> dict[int, bytes]:
    """Chain values by the number of the event that they come after, as archivings tell them."""
    values: dict[int, bytes] = {}
    for event in found:
        entry = read_entry(event)
        detail = entry.get("detail")
        if entry.get("event") != "events_archived" or not isinstance(detail, dict):
            continue
        through, value = detail.get("through"), _hash(detail.get("chain"))
        if not isinstance(through, int) or value is None:
            raise ToolError("event_chain_broken", number=event.number)
        values[through] = value
    return values


def _hash(text: object) -> bytes | None:
    """A chain value of its 64 hex digits; None if it is none."""
    if not isinstance(text, str) or not re.fullmatch("[0-9a-f]{64}", text):
        return None
    return bytes.fromhex(text)
