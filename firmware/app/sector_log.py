"""An append-only log in a flash area: a ring of sectors that survives a power cut at any time.

Sector `n` of the log is in flash sector `n % sector_count`; log_format.py defines the bytes.
The rules that make it safe:

* The pages of an entry are programmed in ascending order, each once after its erase. A cut leaves
  at most one page neither erased nor whole, in an entry whose storing was not reported.
* Cells that a cut left half programmed or half erased may read one way at this start and another
  way at the next. So a sector is erased in the run that opens it, however blank it reads. An entry
  that a cut left incomplete is spoilt for good when the log is mounted. Before the first entry of
  a run the newest page is programmed once more with what it holds, and the page after it, in which
  the power may have failed, is passed over: all its bits are cleared, whatever they read as.
* Entry numbers rise by one. An entry cut while being written gives its number to the next one,
  so a missing number means that an entry was whole once and decayed: `missing` counts those.
* Only the newest entry, when decayed, looks like a cut one. Code that has to tell the two apart
  appends a second entry after it before the first one counts.
* Sectors below the oldest live one are free whatever they hold; their erase may be cut.
"""

import struct

from wire.digests import crc32

from app.contracts import BaseTest, FlashAreas
from app.log_format import (
    ENTRY_HEADER_BYTES,
    SECTOR_MAGIC,
    SECTOR_NUMBER_LIMIT,
    SECTOR_NUMBER_OFFSET,
    Entry,
    SectorHeader,
    pack_entry_header,
    pack_sector_header,
    unpack_entry_header,
    unpack_sector_header,
)

_KIND_OLDEST = 0  # the log's own entry: the number of the oldest live sector

# By the size of a page: two buffers of that size and an erased page. One set for all logs, because
# each use fills them anew and no log works within the work of another.
_buffers: dict[int, tuple[bytearray, bytearray, bytes]] = {}


def _buffers_of(page_bytes: int) -> tuple[bytearray, bytearray, bytes]:
    if page_bytes not in _buffers:
        erased = b"\xff" * page_bytes
        _buffers[page_bytes] = bytearray(page_bytes), bytearray(page_bytes), erased
    return _buffers[page_bytes]


class LogFullError(Exception):
    """The log has no room for the entry and the sectors to be kept free."""


class LogDamagedError(Exception):
    """Flash content that was whole once and is no longer, or that no log has written."""


class LogWriteError(Exception):
    """The flash does not hold what was just programmed, or does not erase."""


class SectorLog:
    """One log in one flash area; `kind` (0..255) keeps the areas of two logs apart.

    `oldest` and `newest` are the numbers of the live sectors at the ends, both -1 before the
    first entry. `damage` says in words why the area cannot be used as a log, "" if it can: such a
    log shows no entry and takes none, and its user must not take it for an empty one.
    """

    def __init__(self, flash: FlashAreas, area: int, kind: int) -> None:
        self._flash = flash
        self._area = area
        self._kind = kind
        self._sector_bytes, self._page_bytes, self.sector_count = flash.flash_info(area)
        self._pages = self._sector_bytes // self._page_bytes
        self._page, self._read_back, self._blank = _buffers_of(self._page_bytes)
        self.oldest = self.newest = -1
        self.next_entry = 0
        self._end_page = self._pages  # where the next entry of the newest sector goes
        self._next_is_erased = False  # by this run
        self._newest_page = -1  # to be programmed again before anything refers to it, -1 if none is
        self._doubtful_page = -1  # to be passed over, -1 if none is
        self._walked: tuple[list[Entry], int, int] | None = None  # what the last walk found
        self._walked_sector = -1
        self.damage = ""
        try:
            self._mount()
        except Exception as error:
            self.oldest = self.newest = -1
            self.damage = str(error)

    # --- what it holds -----------------------------------------------------------------------

    @property
    def max_body_bytes(self) -> int:
        """The longest body that an entry can have."""
        return (self._pages - 1) * self._page_bytes - ENTRY_HEADER_BYTES

    @property
    def free_sectors(self) -> int:
        """Sectors that hold nothing live."""
        if self.newest < 0:
            return self.sector_count
        return self.sector_count - (self.newest - self.oldest + 1)

    @property
    def free_bytes(self) -> int:
        """Bytes of the free pages, the headers of entries to come included."""
        pages = self.free_sectors * (self._pages - 1) + self._pages - self._end_page
        return pages * self._page_bytes

    def base(self, sector: int) -> bytes | None:
        """Return the user's state when a live sector was opened, None if its header has decayed."""
        header = self._header(sector)
        return header.base if header else None

    def sectors_of(self, is_before: BaseTest) -> range:
        """Return live sectors that may hold what was stored after some state, newest first.

        is_before: whether a base, of sectors in ascending order first yes, then no, is from before
        it was stored. The last sector of the range is the newest known to be opened before, or the
        oldest live one. Newer ones are in the range because their headers have decayed.
        """
        first, end = self.oldest, self.newest + 1
        while True:
            middle, base = self._known_between(first, end)
            if base is None:
                return range(end - 1, first - 1, -1)
            if is_before(base):
                first = middle
            else:
                end = middle

    def entries(self, sector: int) -> list[Entry]:
        """Return the whole entries of the user in a live sector, in ascending order."""
        return [entry for entry in self._walk(sector)[0] if entry.kind != _KIND_OLDEST]

    def missing(self, sector: int) -> int:
        """Return how many entries of a live sector were whole once and are no longer.

        -1 if the header there or after it has decayed, so that it cannot be known.
        """
        header = self._header(sector)
        if header is None:
            return -1
        end = self.next_entry
        if sector < self.newest:
            successor = self._header(sector + 1)
            if successor is None:
                return -1
            end = successor.first_entry
        whole = [entry for entry in self._walk(sector)[0] if entry.number < end]
        return end - header.first_entry - len(whole)

    def read(self, entry: Entry) -> bytes:
        """Return the body of an entry; LogDamagedError if its checksum fails."""
        body = bytearray(entry.length)
        self._flash.flash_read(self._area, entry.offset, body)
        if crc32(body) != entry.crc:
            raise LogDamagedError(f"entry {entry.number} has decayed")
        return bytes(body)

    def peek(self, entry: Entry, length: int) -> bytes:
        """Return the first bytes of the body of an entry that `entries` has just found whole."""
        start = bytearray(length)
        self._flash.flash_read(self._area, entry.offset, start)
        return bytes(start)

    def _known_between(self, first: int, end: int) -> tuple[int, bytes | None]:
        """Return a sector between the two whose header is whole, near the middle, and its base."""
        middle = (first + end) // 2
        for part in (range(middle, first, -1), range(middle + 1, end)):
            for sector in part:
                base = self.base(sector)
                if base is not None:
                    return sector, base
        return middle, None

    # --- writing -----------------------------------------------------------------------------

    def has_room(self, body_lengths: tuple[int, ...], spare_sectors: int) -> bool:
        """Return whether entries of these lengths, in this order, fit and leave spare sectors."""
        end, free = self._end_page, self.free_sectors
        for length in body_lengths:
            pages = self._pages_of(length)
            if end + pages > self._pages:
                free -= 1
                end = 1
            end += pages
        return free >= spare_sectors

    def append(self, kind: int, body: bytes, spare_sectors: int, base: bytes) -> None:
        """Store an entry: on return it is whole in flash and was read back.

        kind: 1..255, the user's. base: the user's state before this entry, for the header of
        a sector that may have to be opened. LogFullError (nothing written) if fewer than
        spare_sectors would be left free, LogWriteError if a page does not hold what was
        programmed; its number then goes to the next entry.
        """
        if self.damage:
            raise LogDamagedError(self.damage)
        pages = self._pages_of(len(body))
        if pages >= self._pages:
            raise ValueError("the entry is longer than a sector")
        if not self.has_room((len(body),), spare_sectors):
            raise LogFullError(f"no room for an entry of {len(body)} bytes")
        self._settle()
        if self._end_page + pages > self._pages:
            self._open_sector(base)
        header = pack_entry_header(self._kind, kind, self.next_entry, body)
        try:
            self._program(self._offset(self.newest, self._end_page), header, body)
        except Exception:
            self._end_page = self._walk(self.newest)[1]
            raise
        self._end_page += pages
        self.next_entry += 1

    def free_before(self, sector: int, base: bytes) -> None:
        """Free the live sectors below this one; what they hold is never read again."""
        if self.oldest < sector <= self.newest:
            self.append(_KIND_OLDEST, struct.pack("<I", sector), 0, base)
            self.oldest = sector

    def prepare(self) -> None:
        """Erase the sector that will be opened next, so that no entry has to wait for it.

        Not while more than half of the newest one is free: every run has to erase anew, and a
        module that is only switched on and off should not wear one sector out.
        """
        self._walked = None  # its memory may be of more use
        if self.newest < 0 or self._end_page * 2 >= self._pages:
            self._erase_next()

    def secure(self) -> None:
        """Make sure that the newest entry stays: the power may have failed in its last page."""
        if self._newest_page >= 0:
            offset = self._offset(self.newest, self._newest_page)
            self._load(offset)
            self._program_page(offset)
            self._newest_page = -1

    def _settle(self) -> None:
        """Make sure of the place where the last run ended, before the first entry of this one."""
        self.secure()
        if self._doubtful_page >= 0:
            self._clear_page(self._doubtful_page)
            self._doubtful_page = -1

    def _clear_page(self, page: int) -> None:
        """Clear every bit of a page of the newest sector; one that resists is passed over too."""
        self._page[:] = bytes(self._page_bytes)
        try:
            self._program_page(self._offset(self.newest, page))
        except Exception:
            return

    def _erase_next(self) -> None:
        if self._next_is_erased or self.damage or self.free_sectors == 0:
            return
        self.secure()  # it may be the entry that has freed the sector
        place = (self.newest + 1) % self.sector_count
        self._walked = None
        self._flash.flash_erase(self._area, place)
        if not self._is_erased(place):
            raise LogWriteError(f"flash sector {place} does not erase")
        self._next_is_erased = True

    def _open_sector(self, base: bytes) -> None:
        self._erase_next()
        number, oldest = self.newest + 1, max(self.oldest, 0)
        header = pack_sector_header(self._kind, SectorHeader(number, self.next_entry, oldest, base))
        self._next_is_erased = False
        self._program(self._offset(number, 0), header, b"")
        self.newest, self.oldest, self._end_page = number, oldest, 1

    def _program(self, offset: int, header: bytes, body: bytes) -> None:
        """Program header and body page by page and read each page back."""
        source = memoryview(body)
        taken = self._page_bytes - len(header)
        self._fill(header, source[:taken])
        self._program_page(offset)
        while taken < len(body):
            offset += self._page_bytes
            self._fill(b"", source[taken : taken + self._page_bytes])
            self._program_page(offset)
            taken += self._page_bytes

    def _fill(self, header: bytes, part: memoryview) -> None:
        """Make the page: header, part of a body, 0xFF."""
        used = len(header) + len(part)
        self._page[: len(header)] = header
        self._page[len(header) : used] = part
        self._page[used:] = self._blank[used:]

    def _program_page(self, offset: int) -> None:
        self._walked = None
        self._flash.flash_program(self._area, offset, self._page)
        self._flash.flash_read(self._area, offset, self._read_back)
        if self._read_back != self._page:
            raise LogWriteError(f"the page at {offset} does not hold what was programmed")

    # --- reading flash -----------------------------------------------------------------------

    def _offset(self, sector: int, page: int) -> int:
        return sector % self.sector_count * self._sector_bytes + page * self._page_bytes

    def _pages_of(self, body_length: int) -> int:
        return -(-(body_length + ENTRY_HEADER_BYTES) // self._page_bytes)

    def _load(self, offset: int) -> bytearray:
        self._flash.flash_read(self._area, offset, self._page)
        return self._page

    def _is_erased(self, place: int) -> bool:
        size = self._sector_bytes
        return self._flash.flash_is_erased(self._area, place * size, size)

    def _header(self, number: int) -> SectorHeader | None:
        """Return the header of a sector, None if its place holds another one or none."""
        header = unpack_sector_header(self._kind, self._load(self._offset(number, 0)))
        return header if header and header.number == number else None

    def _walk(self, sector: int) -> tuple[list[Entry], int, int]:
        """Return the whole entries of a sector, the page after everything that was programmed, and
        the last page of what a cut has left after the newest entry, -1 if it left nothing.

        The sector walked last is not read again while nothing is written: a start asks thrice.
        """
        walked = self._walked
        if walked is None or sector != self._walked_sector:
            walked = self._walked = self._read_sector(sector)
            self._walked_sector = sector
        return walked

    def _read_sector(self, sector: int) -> tuple[list[Entry], int, int]:
        """Read what `_walk` returns.

        An entry cut while being written may later read as whole, when its last bits were only
        just programmed; the next one took its number, so of two the later counts. It may also read
        as cut and have a later one within the length that its header tells.
        """
        found: list[Entry] = []
        page = end_page = 1
        cut_page = -1
        while page < self._pages:
            offset = self._offset(sector, page)
            if self._load(offset) == self._blank:
                page += 1
                continue
            entry = unpack_entry_header(self._kind, self._page, offset)
            after = page + (self._pages_of(entry.length) if entry else 1)
            if entry and after <= self._pages and self._is_whole(entry):
                while found and found[-1].number >= entry.number:
                    found.pop()
                found.append(entry)
                page = end_page = after
                cut_page = -1
                continue
            page += 1
            end_page = page
            cut_page = max(cut_page, min(after, self._pages) - 1)
        return found, end_page, cut_page

    def _is_whole(self, entry: Entry) -> bool:
        try:
            self.read(entry)
        except LogDamagedError:
            return False
        return True

    # --- at boot -----------------------------------------------------------------------------

    def _mount(self) -> None:
        """Find the newest sector, the oldest live one, and where the next entry goes."""
        newest = self._without_abandoned(self._newest_header())
        oldest = 0
        if newest:
            self.newest, self.next_entry = newest.number, newest.first_entry
            oldest = self._mount_newest(newest.oldest)
        if self._is_live_without_header(self.newest + 1):
            self.newest += 1
            oldest = self._mount_newest(oldest)
        if self.newest < 0:
            self._require_unused()
        else:
            self.oldest = oldest

    def _newest_header(self) -> SectorHeader | None:
        """Return the whole header of the highest number, wherever others have decayed.

        Each start waits for this search, so the core looks through the sectors.
        """
        number = SECTOR_NUMBER_LIMIT
        while True:
            number = self._flash.flash_highest(
                self._area, SECTOR_MAGIC, SECTOR_NUMBER_OFFSET, number
            )
            header = self._header(number) if number >= 0 else None
            if header or number < 0:
                return header

    def _without_abandoned(self, newest: SectorHeader | None) -> SectorHeader | None:
        """Return the header of the newest sector: the one before, if that has later entries.

        Then the power failed while the header was written, which did not read as whole at the next
        start and does now.
        """
        if newest is None or newest.number == 0 or self._walk(newest.number)[0]:
            return newest
        before = self._header(newest.number - 1)
        if before is None:
            return newest
        entries = self._walk(before.number)[0]
        return before if entries and entries[-1].number >= newest.first_entry else newest

    def _mount_newest(self, oldest: int) -> int:
        """Take entry number and end from the newest sector; returns the oldest live sector."""
        entries, self._end_page, cut_page = self._walk(self.newest)
        self._newest_page = 0
        if entries:
            last = entries[-1]
            self.next_entry = last.number + 1
            first_page = last.offset % self._sector_bytes // self._page_bytes
            self._newest_page = first_page + self._pages_of(last.length) - 1
        if cut_page >= 0:
            self._clear_page(cut_page)
            self._end_page = max(self._end_page, cut_page + 1)
        if self._end_page < self._pages:
            self._doubtful_page = self._end_page
            self._end_page += 1
        for entry in entries:
            if entry.kind == _KIND_OLDEST:
                (oldest,) = struct.unpack("<I", self.read(entry))
        return oldest

    def _is_live_without_header(self, number: int) -> bool:
        """Return whether the sector after the newest has entries that come after its entries.

        Then it is the newest one and its header has decayed: if it were taken for free, its entry
        numbers would be used again. What an earlier round left there has lower numbers, so that no
        body of it needs to be read.
        """
        if self._is_erased(number % self.sector_count):
            return False
        for page in range(1, self._pages):
            offset = self._offset(number, page)
            entry = unpack_entry_header(self._kind, self._load(offset), offset)
            if (
                entry
                and entry.number >= self.next_entry
                and page + self._pages_of(entry.length) <= self._pages
                and self._is_whole(entry)
            ):
                return True
        return False

    def _require_unused(self) -> None:
        """Raise unless all sectors but the first, whose first use may be cut, are blank."""
        for place in range(1, self.sector_count):
            if not self._is_erased(place):
                raise LogDamagedError(f"flash sector {place} is in use, but not by a log")
