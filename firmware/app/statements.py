"""The log of statements: the history of the module's keys, signed by those keys, kept for ever.

An entry is the JSON text {"statement", "signatures"}, where `statement` is itself the text that
was signed. In flash a `KeyState` comes before it, so that the newest entry alone says which key was
announced. Nothing in this log is ever freed: the number of a statement is that of its entry.
"""

import struct

from wire import strict_json
from wire.errors import WattsealError
from wire.statements import read_statement

from app.contracts import FlashAreas, Json
from app.log_format import Entry
from app.sector_log import LogDamagedError, LogFullError, SectorLog

MAX_ENTRY_BYTES = 1700
"""Of a roll-over that both keys sign, the longest entry, with every quote escaped."""

SPARE_FOR_RETIREMENT = 1
"""Sectors that births and roll-overs leave free, for the farewell of the last key."""

IN_USE, RETIRED, HANDED_OVER = 0, 1, 2
"""What became of the newest key: it is in use; it said farewell; it gave way to another image."""

_LOG_KIND = 0x4B
_STATEMENT = 1
_STATE = "<IIHB"
_STATE_BYTES = struct.calcsize(_STATE)


class KeyState:
    """State of the module's key after a statement was stored; all zero before the first.

    number: the statement's. key_number: of the key that it announces or retires.
    rollback_number: of the image of the newest birth or roll-over. fate: IN_USE, RETIRED or
    HANDED_OVER; no key is announced but in the first.
    """

    def __init__(self, number: int, key_number: int, rollback_number: int, fate: int) -> None:
        self.number = number
        self.key_number = key_number
        self.rollback_number = rollback_number
        self.fate = fate

    def pack(self) -> bytes:
        """Return the form in flash."""
        return struct.pack(_STATE, self.number, self.key_number, self.rollback_number, self.fate)


class Statements:
    """The log in its flash area; `state` is that of the newest statement.

    `damage` says in words what was found decayed at boot, "" if nothing was. Statements that
    are lost at the end are not found here, but by boot.py: the event log has their number.
    """

    def __init__(self, flash: FlashAreas, area: int) -> None:
        self._log = SectorLog(flash, area, _LOG_KIND)
        self.state = KeyState(0, 0, 0, IN_USE)
        self.damage = self._log.damage
        if self._log.newest >= 0:
            self._find_state()

    @property
    def announced(self) -> int:
        """Number of the key that is in use by what was stated; 0 for none."""
        return self.state.key_number if self.state.fate == IN_USE else 0

    def require_room(self, spare_sectors: int = SPARE_FOR_RETIREMENT, count: int = 1) -> None:
        """Raise WattsealError `statements_full` if so many of the longest statement do not fit."""
        if self._log.damage or not self._log.has_room((MAX_ENTRY_BYTES,) * count, spare_sectors):
            raise WattsealError("statements_full", newest=self.state.number)

    def store(self, state: KeyState, text: str, signatures: list[tuple[int, bytes]]) -> None:
        """Append a statement with its signatures, `(key number, DER)`; in flash on return.

        WattsealError `statements_full` if there is no room.
        """
        body = strict_json.dumps(
            {
                "statement": text,
                "signatures": [
                    {"key_number": number, "signature": signature.hex()}
                    for number, signature in signatures
                ],
            }
        )
        try:
            self._log.append(_STATEMENT, state.pack() + body, 0, self.state.pack())
        except LogFullError:
            raise WattsealError("statements_full", newest=self.state.number) from None
        self.state = state

    def secure(self) -> None:
        """Make sure that the newest statement stays: the power may have failed in its storing."""
        self._log.secure()

    def read(self, number: int) -> Json:
        """Read a statement: `{"statement", "signatures"}`.

        WattsealError `storage_broken` if it has decayed.
        """
        entry = self._find(number)
        if entry is not None:
            try:
                stored: Json = strict_json.loads(self._log.read(entry)[_STATE_BYTES:])
            except (LogDamagedError, strict_json.JsonError):
                pass
            else:
                return stored
        raise WattsealError("storage_broken", where="statements", number=number)

    def handover(self) -> tuple[Json, str]:
        """Return members and text of the hand-over, if that is the newest statement.

        WattsealError `storage_broken` if it has decayed.
        """
        text = self.read(self.state.number)["statement"]
        return read_statement(text), text

    # --- inside ------------------------------------------------------------------------------

    def _find_state(self) -> None:
        """Take the state from the newest entry, or from the header of a sector without one."""
        log = self._log
        entries = log.entries(log.newest)
        if entries:
            self.state = _unpack_state(log.peek(entries[-1], _STATE_BYTES))
        else:
            self.state = _unpack_state(log.base(log.newest) or self.state.pack())
        if log.missing(log.newest):
            self.damage = "a statement has decayed"

    def _find(self, number: int) -> Entry | None:
        if self._log.newest < 0:
            return None
        for sector in self._log.sectors_of(lambda base: _unpack_state(base).number < number):
            for entry in self._log.entries(sector):
                if entry.number + 1 == number:
                    return entry
        return None


def _unpack_state(data: bytes) -> KeyState:
    return KeyState(*struct.unpack_from(_STATE, data))
