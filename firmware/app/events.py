"""The event log: what happened to the module, counted and hash-chained, never overwritten.

When it is full, the owner may free old whole sectors that are archived elsewhere; numbers and chain
continue.

An entry is the JSON text {"number", "unix_ms", "event", "detail"}; unix_ms is null while the
clock is unset. Its chain value is SHA-256 of the chain value before it (32 zero bytes for the
first) and the text's bytes. In flash the `EventLogState` and the chain value before it precede the
text.
"""

import struct

from wire import strict_json
from wire.errors import WattsealError

from app.clock import Clock
from app.contracts import Core, Json, Room
from app.log_format import Entry
from app.sector_log import LogDamagedError, LogFullError, SectorLog

MAX_TEXT_BYTES = 2000

SPARE_FOR_ARCHIVING = 1
"""Sectors that every event leaves free but the archiving that makes room again."""

SPARE_FOR_OWNER = 3
"""Sectors, at least, that only the owner's actions and key changes use: with so many left there is
room for any of them, and a session may begin."""

_LOG_KIND = 0x45
_EVENT = 1
_STATE = "<IIIQ"
_STATE_BYTES = struct.calcsize(_STATE)
_CHAIN_BYTES = 32
_FIRST_CHAIN = bytes(_CHAIN_BYTES)


class EventLogState:
    """State of the log after an event: its number, the newest statement and record, the time.

    statement: number of the newest statement that an event is about, 0 for none. pagination: of the
    newest record then. unix_ms: the time of the newest event that had one.
    """

    def __init__(self, number: int, statement: int, pagination: int, unix_ms: int) -> None:
        self.number = number
        self.statement = statement
        self.pagination = pagination
        self.unix_ms = unix_ms

    def pack(self) -> bytes:
        """Return the form in flash."""
        return struct.pack(_STATE, self.number, self.statement, self.pagination, self.unix_ms)


class Events:
    """The log in its flash area; `state` is that of the newest event.

    `damage` says in words what was found decayed at boot, "" if nothing was.
    """

    def __init__(self, core: Core, clock: Clock) -> None:
        self._core = core
        self._clock = clock
        self._log = SectorLog(core, core.AREA_EVENTS, _LOG_KIND)
        self._chain = _FIRST_CHAIN
        self.state = EventLogState(0, 0, 0, 0)
        self.damage = self._log.damage
        sectors = self._log.sector_count
        self.spare_of_starts = max(SPARE_FOR_OWNER, sectors // 16)
        """Sectors that starts and what else only a power cut or a fault provokes leave free."""
        self.spare_of_rationed = self.spare_of_starts + max(1, sectors // 16)
        """Sectors that whatever anybody at the link can provoke leaves free."""
        if self._log.newest >= 0:
            self._find_end()

    # --- what it holds -----------------------------------------------------------------------

    @property
    def oldest(self) -> int:
        """Lowest number held; above `state.number` if none is."""
        if self._log.newest < 0:
            return self.state.number + 1
        base = self._log.base(self._log.oldest)
        if base is not None:
            return _unpack_state(base).number + 1
        entries = self._log.entries(self._log.oldest)
        if not entries:
            return self.state.number + 1
        return _unpack_state(self._log.peek(entries[0], _STATE_BYTES)).number

    @property
    def head(self) -> tuple[int, str]:
        """Number and chain value in hex of the newest event; 0 and zeros before the first."""
        return self.state.number, self._chain.hex()

    @property
    def free_bytes(self) -> int:
        """Bytes of flash left for events, headers included."""
        return self._log.free_bytes

    def read(self, number: int) -> tuple[str, str]:
        """Return `(text, chain value in hex)` of an event.

        WattsealError `no_such_event` if it is not held, `storage_broken` if it has decayed.
        """
        self.require_held(number)
        entry = self._find(number)
        try:
            if entry is not None:
                linked = self._log.read(entry)[_STATE_BYTES:]
                return linked[_CHAIN_BYTES:].decode(), self._core.sha256(linked).hex()
        except LogDamagedError:
            pass
        raise WattsealError("storage_broken", where="events", number=number)

    def is_newest(self, event: str, detail: Json) -> bool:
        """Return whether the newest event says the same."""
        try:
            newest: Json = strict_json.loads(self.read(self.state.number)[0].encode())
        except WattsealError:
            return False
        return (newest["event"], newest["detail"]) == (event, detail)

    def require_held(self, number: int) -> None:
        """Raise WattsealError `no_such_event` for a number that is not held."""
        oldest, newest = self.oldest, self.state.number
        if not oldest <= number <= newest:
            is_empty = oldest > newest
            raise WattsealError(
                "no_such_event",
                oldest=None if is_empty else oldest,
                newest=None if is_empty else newest,
            )

    # --- writing -----------------------------------------------------------------------------

    def has_room(self) -> bool:
        """Return whether whatever the owner does next can still be logged."""
        lengths = (MAX_TEXT_BYTES, MAX_TEXT_BYTES)
        return not self._log.damage and self._log.has_room(lengths, SPARE_FOR_ARCHIVING)

    def room_for_rationed(self) -> Room:
        """Return how many sectors are left, and how many there were, for rationed events."""
        spare = self.spare_of_rationed
        return self._log.free_sectors - spare, self._log.sector_count - spare

    def log(
        self,
        event: str,
        detail: dict[str, object],
        pagination: int,
        statement: int = 0,
        spare_sectors: int = SPARE_FOR_ARCHIVING,
    ) -> None:
        """Append an event; in flash on return.

        pagination: of the journal's newest record. statement: number of the one that this event
        is about, 0 for none. WattsealError `events_full` if there is no room.
        """
        unix_ms = self._clock.unix_ms_or_none()
        state = EventLogState(
            self.state.number + 1,
            statement or self.state.statement,
            pagination,
            self.state.unix_ms if unix_ms is None else unix_ms,
        )
        text = strict_json.dumps(
            {"number": state.number, "unix_ms": unix_ms, "event": event, "detail": detail}
        )
        if len(text) > MAX_TEXT_BYTES:
            raise ValueError("the event is too long")
        linked = self._chain + text
        base = self.state.pack() + self._chain
        try:
            self._log.append(_EVENT, state.pack() + linked, spare_sectors, base)
        except LogFullError:
            raise WattsealError("events_full") from None
        self.state = state
        self._chain = self._core.sha256(linked)

    def archive(self, through: int, pagination: int) -> None:
        """Log that events up to this one are archived, then free their whole sectors.

        The chain value of the last of them goes into the event, so that the archive can be tied to
        what is held. The last spare sector is used only if that makes room. WattsealError
        `no_such_event`, `storage_broken` if that event has decayed, `events_full`.
        """
        _, chain = self.read(through)
        keep = self._log.sectors_of(lambda base: _unpack_state(base).number <= through)[-1]
        spare_sectors = 0 if keep > self._log.oldest else SPARE_FOR_OWNER
        detail = {"through": through, "chain": chain}
        self.log("events_archived", detail, pagination, spare_sectors=spare_sectors)
        try:
            self._log.free_before(keep, self.state.pack() + self._chain)
        except LogFullError:
            raise WattsealError("events_full") from None

    def prepare(self) -> None:
        """Erase ahead, when there is time."""
        self._log.prepare()

    # --- inside ------------------------------------------------------------------------------

    def _find_end(self) -> None:
        """Take state and chain from the newest entry, or from the header of a sector without."""
        log = self._log
        entries = log.entries(log.newest)
        if entries:
            body = log.read(entries[-1])
            self._chain = self._core.sha256(body[_STATE_BYTES:])
        else:
            body = log.base(log.newest) or self.state.pack() + self._chain
            self._chain = body[_STATE_BYTES:]
        self.state = _unpack_state(body)
        if log.missing(log.newest):
            self.damage = "an event has decayed"

    def _find(self, number: int) -> Entry | None:
        """Return the entry of an event, or None if it has decayed."""
        for sector in self._log.sectors_of(lambda base: _unpack_state(base).number < number):
            for entry in self._log.entries(sector):
                if _unpack_state(self._log.peek(entry, _STATE_BYTES)).number == number:
                    return entry
        return None


def _unpack_state(data: bytes) -> EventLogState:
    number, statement, pagination, unix_ms = struct.unpack_from(_STATE, data)
    return EventLogState(number, statement, pagination, unix_ms)
