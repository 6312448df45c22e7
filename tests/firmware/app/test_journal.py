"""The journal over fake flash: paginations, state, release, decay."""

from itertools import combinations

import pytest
from app.journal import SPARE_AT_END, SPARE_WHILE_OPEN, Journal, JournalState, unpack_state
from support.app.flash import PAGE_BYTES, SECTOR_BYTES, FakeFlash, PowerCutError
from wire.errors import WattsealError

AREA = 9
RECORD_PAGES = 3  # of a record of 600 bytes; its mark takes one more


def make_flash(sectors: int = 8, seed: int = 0) -> FakeFlash:
    return FakeFlash({AREA: sectors}, seed)


def mount(flash: FakeFlash) -> Journal:
    return Journal(flash, AREA)


def record(number: int) -> bytes:
    return (b"OCMF|T%d|" % number).ljust(600, b".")


def store(journal: Journal, is_open: bool = False, spare: int = SPARE_AT_END) -> None:
    state = JournalState()
    state.pagination = journal.state.pagination + 1
    before = journal.state
    state.begin_pagination = before.begin_pagination if before.is_open else state.pagination
    state.is_open = is_open
    state.unix_ms = 1_780_000_000_000 + state.pagination
    journal.store(record(state.pagination), state, spare)


def store_many(journal: Journal, count: int) -> None:
    for _ in range(count):
        store(journal)


def refusal(journal: Journal, action, *arguments) -> WattsealError:
    with pytest.raises(WattsealError) as raised:
        action(*arguments)
    return raised.value


def test_state_keeps_every_field() -> None:
    state = JournalState()
    state.pagination, state.begin_pagination, state.is_open = 4_000_000_000, 17, True
    state.session_id, state.begin_unix_ms = 2_147_483_647, 1_780_000_000_000
    state.unix_ms, state.utc_offset_min = 4_102_444_799_999, -840
    state.value, state.exponent, state.clock_status = (1 << 53) - 1, -3, "S"
    state.meter_crc, state.key_number = 0xFFFFFFFF, 1000
    assert vars(unpack_state(state.pack())) == vars(state)


def test_empty_journal() -> None:
    journal = mount(make_flash())
    assert (journal.oldest, journal.state.pagination, journal.damage) == (1, 0, "")
    error = refusal(journal, journal.read, 1)
    assert (error.name, error.detail) == ("no_such_record", {"oldest": None, "newest": None})


def test_records_come_back_after_a_mount_as_they_were() -> None:
    flash = make_flash()
    store_many(mount(flash), 10)
    journal = mount(flash)
    for pagination in range(1, 11):
        state, found = journal.read(pagination)
        assert found == record(pagination)
        assert state.pagination == pagination
    assert journal.state.pagination == 10
    assert refusal(journal, journal.read, 11).detail == {"oldest": 1, "newest": 10}


def test_open_session_is_known_after_a_mount() -> None:
    flash = make_flash()
    journal = mount(flash)
    store(journal)
    store(journal, is_open=True)
    store(journal, is_open=True)
    state = mount(flash).state
    assert (state.is_open, state.begin_pagination, state.pagination) == (True, 2, 3)


def test_full_journal_keeps_room_for_the_end_and_for_a_release() -> None:
    flash = make_flash()
    journal = mount(flash)
    while journal.has_room(600, SPARE_WHILE_OPEN):
        store(journal, spare=SPARE_WHILE_OPEN)
    operations = flash.operations
    with pytest.raises(WattsealError) as raised:
        store(journal, spare=SPARE_WHILE_OPEN)
    assert raised.value.name == "journal_full"
    assert flash.operations == operations
    while journal.has_room(600, SPARE_AT_END):
        store(journal)
    newest = journal.state.pagination
    journal.release(newest)
    assert journal.has_room(600, SPARE_WHILE_OPEN)
    assert mount(flash).state.pagination == newest
    store(journal)
    assert mount(flash).read(newest + 1)[1] == record(newest + 1)


def test_end_record_fits_even_after_several_cuts_of_it() -> None:
    flash = make_flash(seed=3)
    journal = mount(flash)
    while journal.has_room(600, SPARE_WHILE_OPEN):
        store(journal, is_open=True, spare=SPARE_WHILE_OPEN)
    for cut in range(8):
        flash.cut_at, flash.cut_how = flash.operations + 1 + cut % 2, "torn"
        with pytest.raises(PowerCutError):
            store(mount(flash))
        flash.power_up()
    store(mount(flash))
    assert not mount(flash).state.is_open


def test_release_frees_whole_sectors_only_and_keeps_the_newest() -> None:
    flash = make_flash()
    journal = mount(flash)
    store_many(journal, 9)  # four in a sector, the fourth one's mark in the next
    journal.release(3)
    assert journal.oldest == 1
    journal.release(4)
    assert journal.oldest == 5
    journal.release(9)
    again = mount(flash)
    assert (again.oldest, again.state.pagination) == (8, 9)
    assert refusal(again, again.read, 7).detail == {"oldest": 8, "newest": 9}
    assert again.read(8)[1] == record(8)


@pytest.mark.parametrize(("through", "limit"), [(9, 8), (10**9, 8)])
def test_release_of_the_future_is_refused(through: int, limit: int) -> None:
    journal = mount(make_flash())
    store_many(journal, 8)
    error = refusal(journal, journal.release, through)
    assert (error.name, error.detail) == ("release_refused", {"limit": limit})


def test_release_of_an_open_session_is_refused() -> None:
    flash = make_flash()
    journal = mount(flash)
    store_many(journal, 3)
    for _ in range(5):
        store(journal, is_open=True)
    assert refusal(journal, journal.release, 4).detail == {"limit": 3}
    journal.release(3)
    assert mount(flash).read(4)[1] == record(4)


def test_counters_go_on_through_many_releases() -> None:
    flash = make_flash()
    for pagination in range(1, 60):
        journal = mount(flash)
        assert journal.state.pagination == pagination - 1
        store(journal)
        journal.release(pagination)
        journal.prepare()


def test_cut_release_loses_nothing_that_was_not_to_go() -> None:
    for seed in range(4):
        for how in ("before", "torn", "after"):
            flash = make_flash(seed=seed)
            journal = mount(flash)
            store_many(journal, 8)
            flash.cut_at, flash.cut_how = flash.operations, how
            with pytest.raises(PowerCutError):
                journal.release(5)
            flash.power_up()
            again = mount(flash)
            assert again.oldest in (1, 5)
            assert again.damage == ""
            assert [again.read(n)[1] for n in range(5, 9)] == [record(n) for n in range(5, 9)]


def test_decayed_record_is_told_and_not_skipped() -> None:
    flash = make_flash()
    store_many(mount(flash), 3)
    second = (1 + RECORD_PAGES + 1) * PAGE_BYTES
    flash.flip_bit(AREA, second + 300)
    journal = mount(flash)
    assert "decayed" in journal.damage
    for _ in range(2):  # the second time with the sector's index at hand
        error = refusal(journal, journal.read, 2)
        assert (error.name, error.detail["pagination"]) == ("storage_broken", 2)
        assert journal.read(1)[1] == record(1)
        assert journal.read(3)[1] == record(3)
    assert journal.state.pagination == 3


def test_newest_record_that_decayed_does_not_give_its_number_away() -> None:
    flash = make_flash()
    store_many(mount(flash), 2)
    second = (1 + RECORD_PAGES + 1) * PAGE_BYTES
    flash.flip_bit(AREA, second + 3)
    journal = mount(flash)
    assert journal.state.pagination == 2
    assert journal.state.unix_ms == 1_780_000_000_002
    assert refusal(journal, journal.read, 2).name == "storage_broken"


def test_record_cut_before_its_mark_counts_when_it_is_whole() -> None:
    flash = make_flash()
    journal = mount(flash)
    store(journal)
    flash.cut_at = flash.operations + RECORD_PAGES
    with pytest.raises(PowerCutError):
        store(journal, is_open=True)
    flash.power_up()
    again = mount(flash)
    assert (again.state.pagination, again.state.is_open, again.damage) == (2, True, "")
    assert again.read(2)[1] == record(2)


def test_record_in_a_sector_whose_header_decayed_is_found() -> None:
    flash = make_flash()
    store_many(mount(flash), 8)
    flash.flip_bit(AREA, SECTOR_BYTES + 1)
    journal = mount(flash)
    assert [journal.read(n)[1] for n in range(1, 9)] == [record(n) for n in range(1, 9)]
    flash.flip_bit(AREA, 1)
    assert mount(flash).oldest == 1


def test_oldest_record_of_a_full_journal_is_found_without_reading_every_header() -> None:
    flash = make_flash(sectors=128)
    journal = mount(flash)
    while journal.has_room(600, SPARE_WHILE_OPEN):
        store(journal)
    before = flash.reads
    assert journal.read(1)[1] == record(1)
    assert flash.reads - before < 50  # 16 pages of its sector, and the headers on the way
    before = flash.reads
    assert journal.read(2)[1] == record(2)
    assert flash.reads - before < 4  # nothing was to be looked for
    before = flash.reads
    journal.release(5)
    assert journal.oldest == 5
    assert flash.reads - before < 20


def test_records_are_found_while_others_are_stored() -> None:
    journal = mount(make_flash())
    store_many(journal, 2)
    for pagination in range(1, 15):
        assert journal.read(pagination)[1] == record(pagination)
        store(journal)
        assert journal.read(pagination + 2)[1] == record(pagination + 2)


def full_journal_with_decayed_headers(sectors: int, decayed: list[int]) -> Journal:
    flash = make_flash(sectors)
    journal = mount(flash)
    while journal.has_room(600, SPARE_AT_END):
        store(journal)
    for sector in decayed:
        flash.flip_bit(AREA, sector * SECTOR_BYTES + 1)
    return mount(flash)


@pytest.mark.parametrize("decayed", [list(found) for found in combinations(range(5), 3)])
def test_every_record_is_found_whatever_headers_have_decayed(decayed: list[int]) -> None:
    journal = full_journal_with_decayed_headers(6, decayed)
    paginations = range(1, journal.state.pagination + 1)
    assert journal.oldest == 1
    assert [journal.read(n)[1] for n in paginations] == [record(n) for n in paginations]


def test_release_keeps_what_lies_in_sectors_whose_headers_have_decayed() -> None:
    journal = full_journal_with_decayed_headers(6, [1, 2])
    journal.release(9)  # the last record before the sectors whose first ones are not known
    assert journal.oldest == 1
    journal.release(12)
    assert journal.oldest == 12


def test_area_that_holds_something_else_is_damage_and_takes_no_record() -> None:
    flash = make_flash()
    flash.content[AREA][3 * SECTOR_BYTES :] = b"\x00" * (3 * SECTOR_BYTES)
    journal = mount(flash)
    assert "in use" in journal.damage
    assert not journal.has_room(0, 0)
    with pytest.raises(WattsealError):
        store(journal)
