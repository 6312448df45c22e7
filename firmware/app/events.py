"""The event log: what happened to the module, counted and hash-chained, never overwritten.

An entry is the JSON text {"number", "unix_ms", "event", "detail"}; unix_ms is null while the
clock is unset. Its chain value is SHA-256 of the chain value before it (32 zero bytes for the
first) and the text's bytes. In flash the value before and the log's `Mark` stand before the text.
"""

import struct

from wire import strict_json
from wire.errors import WattsealError

from app.clock import Clock
from app.contracts import Core
from app.log_format import Entry
from app.sector_log import LogDamagedError, LogFullError, SectorLog

MAX_TEXT_BYTES = 2000

SPARE_FOR_DUTIES = 1
"""Sectors that only a start of the module may use: it must be able to log in a full log."""

_LOG_KIND = 0x45
_EVENT = 1
_MARK = "<IIIQ"
_MARK_BYTES = struct.calcsize(_MARK)
_CHAIN_BYTES = 32
_FIRST_CHAIN = bytes(_CHAIN_BYTES)


class Mark:
    """What stands after an event: its number, and the newest facts about key, journal and time.

    key_number: of the newest key that an event told of, 0 for none. pagination: of the newest
    record then. unix_ms: the time of the newest event that had one.
    """

    def __init__(self, number: int, key_number: int, pagination: int, unix_ms: int) -> None:
        self.number = number
        self.key_number = key_number
        self.pagination = pagination
        self.unix_ms = unix_ms

    def pack(self) -> bytes:
        """The form in flash."""
        return struct.pack(_MARK, self.number, self.key_number, self.pagination, self.unix_ms)


class Events:
    """The log in its flash area; `mark` is that of the newest event.

    `damage` says in words what was found decayed at boot, "" if nothing was.
    """

    def __init__(self, core: Core, clock: Clock) -> None:
        self._core = core
        self._clock = clock
        self._log = SectorLog(core, core.AREA_EVENTS, _LOG_KIND)
        self._chain = _FIRST_CHAIN
        self.mark = Mark(0, 0, 0, 0)
        self.damage = self._log.damage
        if self._log.newest >= 0:
            self._find_end()

    # --- what it holds -----------------------------------------------------------------------

    def read(self, number: int) -> tuple[str, str]:
        """`(text, chain value in hex)` of an event.

        WattsealError `no_such_event` if it is not held, `storage_broken` if it has decayed.
        """
        if not 1 <= number <= self.mark.number:
            raise WattsealError("no_such_event", oldest=1, newest=self.mark.number)
        entry = self._find(number)
        try:
            if entry is not None:
                linked = self._log.read(entry)[_MARK_BYTES:]
                return linked[_CHAIN_BYTES:].decode(), self._core.sha256(linked).hex()
        except LogDamagedError:
            pass
        raise WattsealError("storage_broken", where="events", number=number)

    # --- writing -----------------------------------------------------------------------------

    def has_room(self) -> bool:
        """Whether any event that may come up in a session can still be logged."""
        lengths = (MAX_TEXT_BYTES, MAX_TEXT_BYTES)
        return not self._log.damage and self._log.has_room(lengths, SPARE_FOR_DUTIES)

    def is_half_full(self) -> bool:
        """Whether what others can provoke at will should no longer be logged."""
        return self._log.free_sectors * 2 < self._log.sector_count

    def log(
        self,
        event: str,
        detail: dict[str, object],
        pagination: int,
        key_number: int = 0,
        spare_sectors: int = SPARE_FOR_DUTIES,
    ) -> None:
        """Append an event; in flash on return.

        pagination: of the journal's newest record. key_number: of a key that this event is the
        first to tell of. WattsealError `journal_full` with detail `log` if there is no room.
        """
        unix_ms = self._clock.unix_ms() if self._clock.is_set else None
        mark = Mark(
            self.mark.number + 1,
            key_number or self.mark.key_number,
            pagination,
            self.mark.unix_ms if unix_ms is None else unix_ms,
        )
        text = strict_json.dumps(
            {"number": mark.number, "unix_ms": unix_ms, "event": event, "detail": detail}
        )
        if len(text) > MAX_TEXT_BYTES:
            raise ValueError("the event is too long")
        linked = self._chain + text
        base = self.mark.pack() + self._chain
        try:
            self._log.append(_EVENT, mark.pack() + linked, spare_sectors, base)
        except LogFullError:
            raise WattsealError("journal_full", log="events") from None
        self.mark = mark
        self._chain = self._core.sha256(linked)

    def prepare(self) -> None:
        """Erase ahead, when there is time."""
        self._log.prepare()

    # --- inside ------------------------------------------------------------------------------

    def _find_end(self) -> None:
        """Take mark and chain from the newest entry, or from the header of a sector without."""
        log = self._log
        entries = log.entries(log.newest)
        if entries:
            body = log.read(entries[-1])
            self._chain = self._core.sha256(body[_MARK_BYTES:])
        else:
            body = log.base(log.newest) or self.mark.pack() + self._chain
            self._chain = body[_MARK_BYTES:]
        self.mark = _unpack_mark(body)
        if log.missing(log.newest):
            self.damage = "an event has decayed"

    def _find(self, number: int) -> Entry | None:
        """The entry of an event, looked for from the newest sector down."""
        for sector in range(self._log.newest, self._log.oldest - 1, -1):
            base = self._log.base(sector)
            if base is not None and _unpack_mark(base).number >= number:
                continue
            for entry in self._log.entries(sector):
                if _unpack_mark(self._log.peek(entry, _MARK_BYTES)).number == number:
                    return entry
            if base is not None:
                return None
        return None


def _unpack_mark(data: bytes) -> Mark:
    number, key_number, pagination, unix_ms = struct.unpack_from(_MARK, data)
    return Mark(number, key_number, pagination, unix_ms)
