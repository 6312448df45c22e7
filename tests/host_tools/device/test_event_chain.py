"""The hash chain of the event log, whole, in parts, archived, and altered."""

import hashlib
import json

import pytest
from wattseal.common.errors import ToolError
from wattseal.device.key_history import check_chain, read_entry
from wattseal.device.models import Event


def _log(*details: dict, kind: str = "configured") -> list[Event]:
    chain, events = bytes(32), []
    for number, detail in enumerate(details, 1):
        entry = json.dumps({"event": detail.pop("kind", kind), "detail": detail})
        chain = hashlib.sha256(chain + entry.encode()).digest()
        events.append(Event(number=number, entry=entry, chain=chain.hex()))
    return events


def _archived(through: int, length: int = 6, chain: str | None = None) -> list[Event]:
    """A log whose event `length` archives those up to `through`."""
    known = _log(*[{"n": number} for number in range(1, length)])
    value = known[through - 1].chain if chain is None else chain
    last = {"kind": "events_archived", "through": through, "chain": value}
    return _log(*[{"n": number} for number in range(1, length)], last)


def _broken(events: list[Event], number: int) -> None:
    with pytest.raises(ToolError) as caught:
        check_chain(events)
    assert (caught.value.name, caught.value.detail["number"]) == ("event_chain_broken", number)


def _bent(event: Event, **changes: object) -> Event:
    return event.model_copy(update=changes)


@pytest.mark.parametrize("first", range(6))
def test_a_whole_log_and_each_of_its_ends(first: int) -> None:
    check_chain(_archived(3)[first:])
    check_chain([])


@pytest.mark.parametrize("at", range(6))
def test_a_bent_entry(at: int) -> None:
    events = _archived(3)
    events[at] = _bent(events[at], entry=events[at].entry.replace('"detail"', '"detaiL"'))
    _broken(events, at + 1)


def test_the_first_event_after_an_archive_is_held_to_what_the_archiving_says() -> None:
    events = _archived(3)[3:]
    check_chain(events)
    events[0] = _bent(events[0], entry=events[0].entry.replace("4", "5"))
    _broken(events, 4)


def test_an_archiving_that_says_another_value_than_the_log_holds() -> None:
    _broken(_archived(3, chain="00" * 32)[1:], 3)
    _broken(_archived(3, chain="00" * 32)[3:], 4)


@pytest.mark.parametrize("chain", ["", "zz", "0" * 63, 5])
def test_an_archiving_that_says_nothing_readable(chain: object) -> None:
    _broken(_archived(3, chain=chain), 6)


@pytest.mark.parametrize("chain", ["", "00", "0" * 63, "0" * 66])
def test_a_chain_value_that_is_none(chain: str) -> None:
    events = _archived(3)
    events[2] = _bent(events[2], chain=chain)
    _broken(events, 3)


@pytest.mark.parametrize("gone", range(1, 5))
def test_an_event_left_out(gone: int) -> None:
    events = _archived(3)
    del events[gone]
    _broken(events, gone + 2)


@pytest.mark.parametrize("entry", ["", "x", "[]", "5", "[" * 4000])
def test_entries_that_are_no_object(entry: str) -> None:
    assert read_entry(Event(number=1, entry=entry, chain="00" * 32)) == {}
