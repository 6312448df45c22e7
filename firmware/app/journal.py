"""The journal: every signed record by its pagination, and the state after the newest one.

A record is stored with the `JournalState` after it: pagination, session, time and reading in a few
bytes. After each record a mark with the same state is stored, before the record is given out. So
the state survives the decay of its record, and a decayed record with a mark after it is known from
one that a power cut interrupted, whose pagination is free. A record that is found without its mark
at a start gets it before anything refers to the record. A further mark changes the reading that the
next record's is compared with.
"""

import struct

from wire.errors import WattsealError
from wire.reading import Reading

from app.contracts import FlashAreas
from app.log_format import Entry
from app.sector_log import LogDamagedError, LogFullError, SectorLog

SPARE_WHILE_OPEN = 4
"""Sectors that no begin and no intermediate record may use: three for the end record, which may
be cut and repeated and be as long as a sector, and one for the release that makes room again."""

SPARE_AT_END = 1

_LOG_KIND = 0x4A
_RECORD = 1
_MARK = 2

_STATE = "<IIBIQQhqbBII"
_STATE_BYTES = struct.calcsize(_STATE)
_PAGINATION_BYTES = 4  # the first of them


class JournalState:
    """State of the module's record sequence after a record was stored; all zero before the first.

    pagination: the record's. session_id, begin_pagination, begin_unix_ms, clock_status: of its
    session and the begin of that; is_open: whether that is open still. unix_ms, utc_offset_min: the
    record's time. value, exponent: its reading, counted in 10**exponent Wh; is_doubtful: whether
    that, or one before it in the session, rose faster than any meter can count. meter_crc: CRC-32
    of the serial number of the meter that was read. key_number: of the key that signed it.
    """

    def __init__(self) -> None:
        self.pagination = 0
        self.begin_pagination = 0
        self.is_open = False
        self.is_doubtful = False
        self.session_id = 0
        self.begin_unix_ms = 0
        self.unix_ms = 0
        self.utc_offset_min = 0
        self.value = 0
        self.exponent = 0
        self.clock_status = "U"
        self.meter_crc = 0
        self.key_number = 0

    def reading(self) -> Reading:
        """Return the record's reading."""
        return Reading(self.value, self.exponent)

    def pack(self) -> bytes:
        """Return the form in flash."""
        return struct.pack(
            _STATE,
            self.pagination,
            self.begin_pagination,
            self.is_open | self.is_doubtful << 1,
            self.session_id,
            self.begin_unix_ms,
            self.unix_ms,
            self.utc_offset_min,
            self.value,
            self.exponent,
            ord(self.clock_status),
            self.meter_crc,
            self.key_number,
        )


def unpack_state(data: bytes) -> JournalState:
    """Read a state from its form in flash."""
    state = JournalState()
    (
        state.pagination,
        state.begin_pagination,
        flags,
        state.session_id,
        state.begin_unix_ms,
        state.unix_ms,
        state.utc_offset_min,
        state.value,
        state.exponent,
        clock_status,
        state.meter_crc,
        state.key_number,
    ) = struct.unpack_from(_STATE, data)
    state.is_open, state.is_doubtful = bool(flags & 1), bool(flags & 2)
    state.clock_status = chr(clock_status)
    return state


def _pagination_of(state: bytes) -> int:
    """Read only the pagination from a state's form in flash."""
    pagination: int = struct.unpack_from("<I", state)[0]
    return pagination


class Journal:
    """Signed records in a flash area; `state` is that of the newest one.

    `damage` says in words what was found decayed at boot, "" if nothing was.
    """

    def __init__(self, flash: FlashAreas, area: int) -> None:
        self._log = SectorLog(flash, area, _LOG_KIND)
        self._indexed = -1
        self._index: list[tuple[int, Entry]] = []
        self.state = JournalState()
        self.damage = self._log.damage
        if self._log.newest >= 0:
            self._find_state()

    # --- what it holds -----------------------------------------------------------------------

    @property
    def oldest(self) -> int:
        """Lowest pagination held; above `state.pagination` if none is."""
        if self._log.newest < 0:
            return self.state.pagination + 1
        base = self._log.base(self._log.oldest)
        if base is not None:
            return _pagination_of(base) + 1
        index = self._index_of(self._log.oldest)
        return index[0][0] if index else self.state.pagination + 1

    @property
    def free_bytes(self) -> int:
        """Bytes of flash left for records, headers and marks included."""
        return self._log.free_bytes

    def read(self, pagination: int) -> tuple[JournalState, bytes]:
        """Return a record and the state after it.

        WattsealError `no_such_record` if it is not held, `storage_broken` if it has decayed.
        """
        oldest, newest = self.oldest, self.state.pagination
        if not oldest <= pagination <= newest:
            raise WattsealError("no_such_record", **_range(oldest, newest))
        entry = self._find(pagination)
        try:
            if entry is not None:
                body = self._log.read(entry)
                return unpack_state(body), body[_STATE_BYTES:]
        except LogDamagedError:
            pass
        raise WattsealError("storage_broken", where="journal", pagination=pagination)

    # --- writing -----------------------------------------------------------------------------

    def has_room(self, record_bytes: int, spare_sectors: int) -> bool:
        """Return whether a record of this length fits and leaves so many sectors free."""
        lengths = (_STATE_BYTES + record_bytes, _STATE_BYTES)
        return not self._log.damage and self._log.has_room(lengths, spare_sectors)

    def store(self, record: bytes, state: JournalState, spare_sectors: int) -> None:
        """Store a record under the next pagination, which its state names already.

        On return record and mark are in flash. WattsealError `journal_full`, nothing written, if
        fewer than spare_sectors would be left.
        """
        if not self.has_room(len(record), spare_sectors):
            raise WattsealError("journal_full")
        before, after = self.state.pack(), state.pack()
        self._indexed, self._index = -1, []
        self._log.append(_RECORD, after + record, spare_sectors, before)
        self.state = state
        self._log.append(_MARK, after, spare_sectors, after)

    def accept_reading(self, reading: Reading) -> None:
        """Compare the next record's reading with this one instead of the newest record's.

        In flash on return. LogFullError, nothing written, if there is no room.
        """
        state = unpack_state(self.state.pack())
        state.value, state.exponent = reading.value, reading.exponent
        self._mark(state, SPARE_AT_END)

    def abandon_session(self) -> None:
        """Take the open session for closed, without a record; in flash on return."""
        state = unpack_state(self.state.pack())
        state.is_open = False
        self._mark(state, 0)

    def require_releasable(self, through: int) -> None:
        """Raise WattsealError `release_refused` for records of an open session or of the future."""
        state = self.state
        limit = state.begin_pagination - 1 if state.is_open else state.pagination
        if through > limit:
            raise WattsealError("release_refused", limit=limit)

    def release(self, through: int) -> None:
        """Free whole sectors whose records all have a pagination up to this one.

        The newest sector always stays, and so do the counters.
        """
        self.require_releasable(through)
        keep = self._log.sectors_of(lambda base: _pagination_of(base) <= through)[-1]
        try:
            self._log.free_before(keep, self.state.pack())
        except LogFullError:
            raise WattsealError("journal_full") from None

    def prepare(self) -> None:
        """Erase ahead, when there is time."""
        self._log.prepare()

    # --- inside ------------------------------------------------------------------------------

    def _mark(self, state: JournalState, spare_sectors: int) -> None:
        """Store another state after the newest record."""
        self._log.append(_MARK, state.pack(), spare_sectors, self.state.pack())
        self.state = state

    def _find_state(self) -> None:
        """Take the state from the newest entry, or from the header of a sector without one."""
        log = self._log
        entries = log.entries(log.newest)
        if entries:
            self.state = unpack_state(log.peek(entries[-1], _STATE_BYTES))
        else:
            self.state = unpack_state(log.base(log.newest) or JournalState().pack())
        if log.missing(log.newest):
            self.damage = "a record or its mark has decayed"
        elif not entries or entries[-1].kind == _RECORD:
            self._secure(bool(entries))

    def _secure(self, with_mark: bool) -> None:
        """Make sure of what is known without a mark: the power may have failed in its storing."""
        self._log.secure()
        state = self.state.pack()
        if with_mark and self._log.has_room((len(state),), 0):
            self._log.append(_MARK, state, 0, state)

    def _find(self, pagination: int) -> Entry | None:
        """Return the entry of a record, or None if it has decayed."""
        index = self._index
        if index and index[0][0] <= pagination < index[-1][0]:  # as in a list, record by record
            return _entry_of(index, pagination)
        for sector in self._log.sectors_of(lambda base: _pagination_of(base) < pagination):
            entry = _entry_of(self._index_of(sector), pagination)
            if entry is not None:
                return entry
        return None

    def _index_of(self, sector: int) -> list[tuple[int, Entry]]:
        """Return paginations and entries of a sector; those of the last one asked for are kept."""
        if self._indexed != sector:
            self._index = [
                (_pagination_of(self._log.peek(entry, _PAGINATION_BYTES)), entry)
                for entry in self._log.entries(sector)
                if entry.kind == _RECORD
            ]
            self._indexed = sector
        return self._index


def _entry_of(index: list[tuple[int, Entry]], pagination: int) -> Entry | None:
    for found, entry in index:
        if found == pagination:
            return entry
    return None


def _range(oldest: int, newest: int) -> dict[str, int | None]:
    """Return the detail of an error about a range: null for the ends of an empty one."""
    if oldest > newest:
        return {"oldest": None, "newest": None}
    return {"oldest": oldest, "newest": newest}
