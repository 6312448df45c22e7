"""The event log over fake flash: numbers, chain, cuts, decay, and a log that is full."""

import json

import pytest
from app.clock import Clock
from app.events import MAX_TEXT_BYTES, Events
from support.app.core import FakeCore
from support.app.flash import PAGE_BYTES, SECTOR_BYTES, PowerCutError
from support.app.port import FakePort
from wire.errors import WattsealError

AREA = FakeCore.AREA_EVENTS


def mount(core: FakeCore, unix_ms: int | None = None) -> Events:
    clock = Clock(FakePort(lambda _: None))  # type: ignore[arg-type, return-value]
    if unix_ms is not None:
        clock.set(unix_ms, 0, synchronised=True)
    return Events(core, clock)


def chain_of(core: FakeCore, events: Events) -> list[str]:
    """The texts, after the chain was computed anew."""
    chain, texts = bytes(32), []
    for number in range(1, events.state.number + 1):
        text, value = events.read(number)
        chain = core.sha256(chain + text.encode())
        assert value == chain.hex()
        texts.append(text)
    return texts


def log_for_ever(events: Events) -> None:
    while True:
        events.log("refused", {}, pagination=0)


def test_event_says_number_time_name_and_detail() -> None:
    core = FakeCore()
    events = mount(core)
    events.log("started", {"cause": "power_on"}, pagination=0)
    mount(core, 1_780_000_000_123).log("time_set", {}, pagination=0)
    first, second = (json.loads(text) for text in chain_of(core, mount(core)))
    assert first == {
        "number": 1,
        "unix_ms": None,
        "event": "started",
        "detail": {"cause": "power_on"},
    }
    assert (second["number"], second["unix_ms"]) == (2, 1_780_000_000_123)


def test_mark_tells_key_journal_and_time_after_a_mount() -> None:
    core = FakeCore()
    events = mount(core, 1_780_000_000_000)
    events.log("key_made", {}, pagination=0, statement=3)
    mount(core).log("started", {}, pagination=17)
    state = mount(core).state
    assert (state.number, state.statement, state.pagination) == (2, 3, 17)
    assert state.unix_ms == 1_780_000_000_000


def test_chain_goes_on_over_mounts_and_sectors() -> None:
    core = FakeCore()
    for number in range(40):
        mount(core).log("started", {"n": number}, pagination=number)
    texts = chain_of(core, mount(core))
    assert [json.loads(text)["detail"]["n"] for text in texts] == list(range(40))


def test_numbers_outside_are_refused() -> None:
    events = mount(FakeCore())
    events.log("started", {}, pagination=0)
    for number in (0, 2):
        with pytest.raises(WattsealError) as raised:
            events.read(number)
        assert raised.value.name == "no_such_event"
        assert raised.value.detail == {"oldest": 1, "newest": 1}


def test_full_log_refuses_and_overwrites_nothing() -> None:
    core = FakeCore(events=3)
    events = mount(core)
    while events.has_room():
        events.log("refused", {"filler": "x" * 100}, pagination=0)
    with pytest.raises(WattsealError) as raised:
        log_for_ever(events)
    assert raised.value.name == "events_full"
    before = events.state.number
    events.log("started", {}, pagination=0, spare_sectors=0)
    assert chain_of(core, mount(core))
    assert mount(core).state.number == before + 1


def test_longest_event_is_taken_and_a_longer_one_is_a_defect() -> None:
    events = mount(FakeCore())
    events.log("x", {}, pagination=0)
    overhead = len(events.read(1)[0]) + len('"a":""')
    events.log("x", {"a": "y" * (MAX_TEXT_BYTES - overhead)}, pagination=0)
    assert len(events.read(2)[0]) == MAX_TEXT_BYTES
    with pytest.raises(ValueError, match="too long"):
        events.log("x", {"a": "y" * (MAX_TEXT_BYTES - overhead + 1)}, pagination=0)


@pytest.mark.parametrize("how", ["before", "torn", "after"])
def test_cut_at_any_operation_leaves_a_whole_chain(how: str) -> None:
    for cut_at in range(26):
        core = FakeCore(seed=cut_at)
        core.cut_at, core.cut_how = cut_at, how
        told = 0
        try:
            events = mount(core)
            for number in range(40):
                events.log("started", {"n": number}, pagination=number)
                told += 1
        except PowerCutError:
            core.power_up()
        events = mount(core)
        assert events.state.number in (told, told + 1)
        events.log("started", {"n": -1}, pagination=0)
        assert len(chain_of(core, events)) == events.state.number
        assert mount(core).damage == ""


@pytest.mark.parametrize("decayed", [[], [0], [1], [2], [3], [0, 1], [1, 2], [0, 1, 2]])
def test_every_event_is_found_whatever_headers_have_decayed(decayed: list[int]) -> None:
    core = FakeCore()
    events = mount(core)
    for number in range(1, 53):  # 15 in a sector
        events.log("started", {"n": number}, pagination=number)
    for sector in decayed:
        core.flip_bit(AREA, sector * SECTOR_BYTES + 1)
    texts = chain_of(core, mount(core))
    assert [json.loads(text)["detail"]["n"] for text in texts] == list(range(1, 53))


def test_decayed_event_is_told_and_not_skipped() -> None:
    core = FakeCore()
    events = mount(core)
    for number in range(3):
        events.log("started", {"n": number}, pagination=0)
    core.flip_bit(AREA, 2 * PAGE_BYTES + 100)
    again = mount(core)
    assert "decayed" in again.damage
    assert again.state.number == 3
    with pytest.raises(WattsealError) as raised:
        again.read(2)
    assert raised.value.name == "storage_broken"
    assert again.read(3) == events.read(3)
