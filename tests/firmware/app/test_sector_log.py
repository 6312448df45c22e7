"""The log in flash: cuts at every operation, decay, wear, a full ring, and random histories."""

import contextlib
import random

import pytest
from app.sector_log import LogDamagedError, LogFullError, LogWriteError, SectorLog
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from support.app.flash import PAGE_BYTES, SECTOR_BYTES, FakeFlash, PowerCutError

AREA = 3
KIND = 0x4A
TEXT = 7
CUTS = ("before", "torn", "marginal", "after")


def make_flash(sectors: int = 4, seed: int = 0) -> FakeFlash:
    return FakeFlash({AREA: sectors}, seed)


def mount(flash: FakeFlash, kind: int = KIND) -> SectorLog:
    return SectorLog(flash, AREA, kind)


def body(number: int, length: int = 300) -> bytes:
    return (b"%08d" % number + bytes(range(33, 127)) * 50)[:length]


def contents(log: SectorLog) -> list[bytes]:
    if log.newest < 0:
        return []
    return [
        log.read(entry)
        for sector in range(log.oldest, log.newest + 1)
        for entry in log.entries(sector)
    ]


def damage(log: SectorLog) -> list[int]:
    if log.newest < 0:
        return []
    return [log.missing(sector) for sector in range(log.oldest, log.newest + 1)]


def append(log: SectorLog, data: bytes, spare: int = 0, base: bytes = b"base") -> None:
    log.append(TEXT, data, spare, base)


def fill(log: SectorLog) -> None:
    """Append until one free sector is left."""
    while log.has_room((300,), 1):
        append(log, body(log.next_entry), spare=1)


def test_blank_area_is_an_empty_log_and_stays_untouched() -> None:
    flash = make_flash()
    log = mount(flash)
    assert (log.oldest, log.newest, log.next_entry, log.free_sectors) == (-1, -1, 0, 4)
    assert flash.operations == 0


def test_entries_come_back_in_order_after_a_new_mount() -> None:
    flash = make_flash()
    log = mount(flash)
    stored = [body(n, length) for n, length in enumerate((0, 1, 239, 240, 241, 496, 497, 1500))]
    for data in stored:
        append(log, data)
    assert contents(log) == contents(mount(flash)) == stored
    assert mount(flash).next_entry == len(stored)
    assert set(damage(log)) == {0}


def test_longest_entry_fits_and_a_longer_one_is_refused() -> None:
    flash = make_flash()
    log = mount(flash)
    longest = body(1, log.max_body_bytes)
    append(log, longest)
    assert len(longest) == 15 * PAGE_BYTES - 16
    assert contents(mount(flash)) == [longest]
    with pytest.raises(ValueError, match="longer than a sector"):
        append(log, longest + b"x")


def test_base_is_the_state_when_the_sector_was_opened() -> None:
    flash = make_flash()
    log = mount(flash)
    for number in range(8):  # two pages each: seven fill a sector
        append(log, body(number), base=b"before %d" % number)
    assert [log.base(0), log.base(1)] == [b"before 0", b"before 7"]


def test_full_log_refuses_and_writes_nothing() -> None:
    flash = make_flash()
    log = mount(flash)
    fill(log)
    assert log.free_sectors == 1
    before = flash.snapshot()
    with pytest.raises(LogFullError):
        append(log, body(0), spare=1)
    assert flash.snapshot() == before
    append(log, body(1000), spare=0)
    assert contents(mount(flash))[-1] == body(1000)


def append_all(log: SectorLog, lengths: tuple[int, ...]) -> None:
    for length in lengths:
        append(log, body(0, length), spare=1)


def test_has_room_foretells_every_append() -> None:
    log = mount(make_flash())
    lengths = (900, 20, 900, 20)
    while log.has_room(lengths, 1):
        append_all(log, lengths)
    with pytest.raises(LogFullError):
        append_all(log, lengths)


def test_ring_goes_round_many_times() -> None:
    flash = make_flash()
    log = mount(flash)
    for number in range(300):
        append(log, body(number))
        if log.free_sectors <= 1:
            log.free_before(log.oldest + 1, b"base")
            log.prepare()
    assert log.newest > 30
    again = mount(flash)
    assert contents(again) == contents(log)
    assert contents(again)[-1] == body(299)
    assert (again.oldest, again.newest) == (log.oldest, log.newest)


def test_free_before_never_lets_go_of_the_newest_sector() -> None:
    log = mount(make_flash())
    append(log, body(0))
    log.free_before(5, b"")
    log.free_before(0, b"")
    assert contents(log) == [body(0)]


def test_released_sectors_stay_released_although_not_erased() -> None:
    flash = make_flash()
    log = mount(flash)
    for number in range(10):
        append(log, body(number))
    log.free_before(1, b"base")
    again = mount(flash)
    assert (again.oldest, again.free_sectors) == (1, 3)
    assert contents(again) == [body(7), body(8), body(9)]


def scenario(log: SectorLog, acknowledged: list[bytes]) -> None:
    """First use, two sectors of entries, a release, a wrap-around: every kind of operation."""
    for number in range(26):
        append(log, body(number), base=b"count %d" % number)
        acknowledged.append(body(number))
        if number % 5 == 4 and log.free_sectors <= 1:
            keep = log.oldest + 1
            gone = [log.read(entry) for entry in log.entries(log.oldest)]
            for data in gone:
                acknowledged.remove(data)
            try:
                log.free_before(keep, b"count %d" % (number + 1))
            except PowerCutError:
                acknowledged[:0] = ["maybe", *gone]
                raise
            log.prepare()


def count_operations() -> int:
    flash = make_flash()
    scenario(mount(flash), [])
    return flash.operations


@pytest.mark.parametrize("how", CUTS)
@pytest.mark.parametrize("seed", range(3))
def test_cut_at_every_operation(how: str, seed: int) -> None:
    for cut_at in range(count_operations()):
        flash = make_flash(seed=seed * 1000 + cut_at)
        flash.cut_at, flash.cut_how = cut_at, how
        acknowledged: list = []
        with pytest.raises(PowerCutError):
            scenario(mount(flash), acknowledged)
        flash.power_up()
        log = mount(flash)
        released_or_not = acknowledged[:1] == ["maybe"]
        expected = [data for data in acknowledged if data != "maybe"]
        found = contents(log)
        if released_or_not:
            assert found in (expected, expected[-len(found) :])
        else:
            in_flight = body(int(expected[-1][:8]) + 1) if expected else body(0)
            assert found in (expected, [*expected, in_flight])
        assert all(missing == 0 for missing in damage(log))
        count = len(found)
        append(log, body(77))
        assert contents(mount(flash))[count:] == [body(77)]
        assert all(missing == 0 for missing in damage(mount(flash)))


@pytest.mark.parametrize("length", [100, 300, 600])
@pytest.mark.parametrize("seed", range(8))
def test_what_followed_a_cut_entry_stays_however_its_bits_settle(length: int, seed: int) -> None:
    for cut in range(6):
        flash = make_flash(seed=seed)
        append(mount(flash), body(0, length))
        flash.cut_at, flash.cut_how = flash.operations + cut, "marginal"
        with contextlib.suppress(PowerCutError):
            append(mount(flash), body(1, length))
        flash.power_up()
        log = mount(flash)
        before = contents(log)
        assert before in ([body(0, length)], [body(0, length), body(1, length)])
        append(log, body(2, 100))
        for _ in range(6):
            flash.power_up()
            again = mount(flash)
            assert contents(again) == [*before, body(2, 100)], cut
            assert (again.missing(0), again.next_entry) == (0, len(before) + 1)


def test_an_entry_of_several_pages_that_read_as_cut_once_never_comes_back() -> None:
    for seed in range(30):
        flash = make_flash(seed=seed)
        append(mount(flash), body(0))
        flash.cut_at, flash.cut_how = flash.operations + 3, "marginal"
        with pytest.raises(PowerCutError):
            append(mount(flash), body(1))  # its second page is the fourth operation
        flash.power_up()
        is_there = body(1) in contents(mount(flash))
        for _ in range(4):
            flash.power_up()
            assert is_there or body(1) not in contents(mount(flash))


def test_a_sector_whose_header_was_cut_does_not_go_before_the_entries_that_followed() -> None:
    for seed in range(20):
        flash = make_flash(seed=seed)
        log = mount(flash)
        while log.has_room((3000,), 4) or log.newest < 0:
            append(log, body(log.next_entry, 700))
        flash.cut_at, flash.cut_how = flash.operations + 1, "marginal"
        with pytest.raises(PowerCutError):
            append(log, body(90, 3000))  # an erase, then the header of the next sector
        flash.power_up()
        log = mount(flash)
        append(log, body(91, 100))
        expected = contents(log)
        for _ in range(6):
            flash.power_up()
            assert contents(mount(flash)) == expected
            assert set(damage(mount(flash))) == {0}


def test_a_sector_is_erased_before_its_first_page_however_blank_it_reads() -> None:
    """An erase that was cut may read as done, and give bits back later."""
    for seed in range(20):
        flash = make_flash(sectors=3, seed=seed)
        log = mount(flash)
        while log.newest < 2:
            append(log, body(log.next_entry))
        log.free_before(2, b"base")
        flash.cut_at, flash.cut_how = flash.operations, "marginal"
        with contextlib.suppress(PowerCutError):
            while not flash.dark:
                append(log, body(log.next_entry))
        flash.power_up()
        log = mount(flash)
        append(log, body(90, 3000))
        expected = contents(log)
        for _ in range(6):
            flash.power_up()
            assert contents(mount(flash)) == expected


def test_cuts_in_a_row_while_writing_one_entry() -> None:
    flash = make_flash(seed=5)
    append(mount(flash), body(0))
    for attempt in range(20):
        flash.cut_at, flash.cut_how = flash.operations + attempt % 2, "torn"
        with pytest.raises(PowerCutError):
            append(mount(flash), body(1))
        flash.power_up()
    log = mount(flash)
    cut_but_whole = log.next_entry - 1  # a cut may come after the last bit that had to fall
    append(log, body(2))
    assert contents(mount(flash)) == [body(0), *[body(1)] * cut_but_whole, body(2)]
    assert set(damage(mount(flash))) == {0}


@pytest.mark.parametrize("page", [1, 2])
def test_decayed_entry_in_the_middle_is_counted_and_its_neighbours_stay(page: int) -> None:
    flash = make_flash()
    log = mount(flash)
    for number in range(3):
        append(log, body(number))
    flash.flip_bit(AREA, page * PAGE_BYTES + 5)
    again = mount(flash)
    assert contents(again) == [body(1), body(2)]
    assert again.missing(0) == 1
    assert again.next_entry == 3


def test_decay_at_the_end_of_a_sector_is_counted_by_the_next_sectors_header() -> None:
    flash = make_flash()
    log = mount(flash)
    for number in range(8):
        append(log, body(number))
    flash.flip_bit(AREA, 13 * PAGE_BYTES + 100)
    assert [mount(flash).missing(sector) for sector in (0, 1)] == [1, 0]


def test_decay_between_listing_and_reading_is_an_error() -> None:
    flash = make_flash()
    log = mount(flash)
    append(log, body(0))
    (entry,) = log.entries(0)
    flash.flip_bit(AREA, PAGE_BYTES + 100)
    with pytest.raises(LogDamagedError, match="entry 0 has decayed"):
        log.read(entry)


def test_newest_sector_whose_header_decayed_is_not_taken_for_free() -> None:
    flash = make_flash()
    log = mount(flash)
    for number in range(9):
        append(log, body(number))
    flash.flip_bit(AREA, SECTOR_BYTES + 6)
    again = mount(flash)
    assert (again.newest, again.next_entry) == (1, 9)
    assert contents(again) == [body(number) for number in range(9)]
    assert again.missing(1) == -1
    assert again.base(1) is None
    append(again, body(9))
    assert contents(mount(flash))[-1] == body(9)


def test_only_sector_whose_header_decayed_is_not_taken_for_a_first_use() -> None:
    flash = make_flash()
    append(mount(flash), body(0))
    flash.flip_bit(AREA, 0)
    again = mount(flash)
    assert contents(again) == [body(0)]
    assert again.next_entry == 1


def go_round(flash: FakeFlash) -> SectorLog:
    """Fill the ring twice and a half; every sector then holds entries, most of them old ones."""
    log = mount(flash)
    while log.newest < 2.5 * log.sector_count:
        append(log, body(log.next_entry))
        if log.free_sectors <= 2:
            log.free_before(log.oldest + 1, b"base")
    return log


def test_newest_sector_whose_header_decayed_is_found_where_older_entries_were() -> None:
    flash = make_flash(6)
    log = go_round(flash)
    place = log.newest % 6
    assert flash.content[AREA][(place + 1) % 6 * SECTOR_BYTES] != 0xFF
    flash.flip_bit(AREA, place * SECTOR_BYTES + 6)
    again = mount(flash)
    assert (again.newest, again.next_entry) == (log.newest, log.next_entry)
    assert contents(again) == contents(log)


@pytest.mark.parametrize("seed", range(20))
def test_newest_sector_is_found_wherever_other_headers_decayed(seed: int) -> None:
    flash = make_flash(9)
    log = go_round(flash)
    chance = random.Random(seed)
    for place in chance.sample(range(9), 5):
        if place != log.newest % 9:
            flash.flip_bit(AREA, place * SECTOR_BYTES + chance.choice((0, 3, 5, 9, 20, 25)), 3)
    again = mount(flash)
    assert (again.newest, again.next_entry) == (log.newest, log.next_entry)


def test_a_start_reads_no_page_twice_and_few_of_a_large_area() -> None:
    flash = make_flash(40)
    log = go_round(flash)
    assert log.missing(log.newest) == 0
    entries = len(log.entries(log.newest))
    flash.reads = 0
    again = mount(flash)
    again.entries(again.newest)
    assert again.missing(again.newest) == 0
    # The newest sector and the one after it by the page, a body for each entry of the former, and
    # its header for the search, for `missing`, and once more should it be without entries.
    assert flash.reads <= 2 * 16 + entries + 4


def test_what_was_found_in_a_sector_does_not_outlast_a_change_of_it() -> None:
    flash = make_flash()
    log = mount(flash)
    append(log, body(0))
    assert len(log.entries(0)) == 1
    append(log, body(1))
    assert [entry.number for entry in log.entries(0)] == [0, 1]
    flash.stuck_pages.add((AREA, 5 * PAGE_BYTES))
    with pytest.raises(LogWriteError):
        append(log, body(2))
    assert [entry.number for entry in log.entries(0)] == [0, 1]
    append(log, body(2))
    assert contents(log) == contents(mount(flash)) == [body(0), body(1), body(2)]


def test_middle_sector_whose_header_decayed_is_still_read() -> None:
    flash = make_flash()
    log = mount(flash)
    for number in range(16):
        append(log, body(number))
    flash.flip_bit(AREA, SECTOR_BYTES)
    again = mount(flash)
    assert contents(again) == [body(number) for number in range(16)]
    assert [again.missing(sector) for sector in range(3)] == [-1, -1, 0]


def test_foreign_content_is_damage_not_an_empty_log() -> None:
    flash = make_flash()
    flash.content[AREA][2 * SECTOR_BYTES] = 0
    log = mount(flash)
    assert "flash sector 2 is in use, but not by a log" in log.damage
    before = flash.snapshot()
    log.prepare()
    with pytest.raises(LogDamagedError, match="in use"):
        append(log, body(0))
    assert flash.snapshot() == before


def test_flash_that_cannot_be_read_is_damage() -> None:
    flash = make_flash()
    append(mount(flash), body(0))
    flash.unreadable = True
    log = mount(flash)
    assert "storage" in log.damage
    assert contents(log) == []


def test_log_of_another_kind_is_not_ours() -> None:
    flash = make_flash()
    log = mount(flash)
    for number in range(8):
        append(log, body(number))
    assert "in use, but not by a log" in mount(flash, kind=KIND + 1).damage
    assert mount(flash).damage == ""


def test_page_that_does_not_program_is_told_and_skipped() -> None:
    flash = make_flash()
    log = mount(flash)
    append(log, body(0))
    flash.stuck_pages.add((AREA, 3 * PAGE_BYTES))
    with pytest.raises(LogWriteError, match="does not hold what was programmed"):
        append(log, body(1))
    append(log, body(2))
    assert contents(log) == contents(mount(flash)) == [body(0), body(2)]
    assert mount(flash).missing(0) == 0


def test_text_that_looks_like_an_entry_header_is_not_one() -> None:
    flash = make_flash()
    log = mount(flash)
    append(log, body(0, 100))
    header = bytes(flash.content[AREA][PAGE_BYTES : PAGE_BYTES + 116])
    hostile = bytes(byte & 0x7F for byte in header)  # what ASCII text can come to
    append(log, b"x" * 240 + hostile + b"y" * 100)
    flash.flip_bit(AREA, 2 * PAGE_BYTES)  # its own header decays, so that its second page is tried
    assert contents(mount(flash)) == [body(0, 100)]


def test_prepare_erases_once_in_a_run_and_only_when_the_next_sector_is_near() -> None:
    flash = make_flash()
    log = mount(flash)
    log.prepare()
    log.prepare()
    assert flash.operations == 1
    append(log, body(0))
    operations = flash.operations
    log.prepare()
    assert flash.operations == operations, "more than half of the sector is free"
    for number in range(1, 5):
        append(log, body(number))
    operations = flash.operations
    log.prepare()
    log.prepare()
    assert flash.operations == operations + 1
    mount(flash).prepare()
    assert flash.operations == operations + 3, "the newest page again, and another erase"


class LogHistory(RuleBasedStateMachine):
    """Any order of appends, releases, cuts and mounts.

    `allowed` is what the log may hold: of what was cut, all or nothing, and either at each start
    until something else is stored.
    """

    @initialize(seed=st.integers(0, 2**32))
    def start(self, seed: int) -> None:
        self.flash = make_flash(sectors=3, seed=seed)
        self.log = mount(self.flash)
        self.allowed: list[list[bytes]] = [[]]
        self.count = 0

    def attempt(self, cut_in: int, how: str, action) -> bool:
        """Do it with a cut at the given operation from now; False if it was cut."""
        self.flash.cut_at = self.flash.operations + cut_in if cut_in >= 0 else -1
        self.flash.cut_how = how
        try:
            action()
        except PowerCutError:
            self.start_again()
            return False
        self.flash.cut_at = -1
        return True

    def start_again(self) -> None:
        self.flash.power_up()
        self.log = mount(self.flash)

    @rule(length=st.integers(0, 1200), cut_in=st.integers(-6, 7), how=st.sampled_from(CUTS))
    def append(self, length: int, cut_in: int, how: str) -> None:
        self.count += 1
        data = (b"%08d" % self.count).ljust(length + 8, b"#")
        before = contents(self.log)
        if not self.log.has_room((len(data),), 1):
            operations = self.flash.operations
            with pytest.raises(LogFullError):
                append(self.log, data, spare=1)
            assert self.flash.operations == operations
            return
        if self.attempt(cut_in, how, lambda: append(self.log, data, spare=1)):
            self.allowed = [[*before, data]]
        else:
            self.allowed.append([*before, data])

    @rule(keep=st.integers(0, 3), cut_in=st.integers(-6, 5), how=st.sampled_from(CUTS))
    def release(self, keep: int, cut_in: int, how: str) -> None:
        sector = self.log.newest - keep
        if not self.log.oldest < sector <= self.log.newest:
            return
        kept = [
            self.log.read(entry)
            for live in range(sector, self.log.newest + 1)
            for entry in self.log.entries(live)
        ]
        if not self.log.has_room((4,), 0):
            return
        if self.attempt(cut_in, how, lambda: self.log.free_before(sector, b"base")):
            self.allowed = [kept]
        else:
            self.allowed.append(kept)

    @rule(cut_in=st.integers(-2, 1), how=st.sampled_from(CUTS))
    def prepare(self, cut_in: int, how: str) -> None:
        self.attempt(cut_in, how, lambda: self.log.prepare())

    @rule()
    def reboot(self) -> None:
        self.start_again()

    @invariant()
    def holds_what_was_acknowledged(self) -> None:
        if hasattr(self, "log"):
            assert self.log.damage == ""
            assert contents(self.log) in self.allowed
            assert all(missing == 0 for missing in damage(self.log))


TestLogHistory = LogHistory.TestCase
TestLogHistory.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
