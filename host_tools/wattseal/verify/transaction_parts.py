"""The pieces of a transaction: records, their readings, and the energy between two of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pyocmf import Payload, Reading

END_REASONS = {
    "E": "ended",
    "L": "ended locally",
    "R": "ended remotely",
    "A": "aborted by an error",
    "P": "ended by a power failure",
}
"""TX letters that end a transaction (OCMF table 7)."""

_MAX_DIGITS = 30
_MAX_EXPONENT = 18


@dataclass(frozen=True)
class Member:
    """An authentic record's place in a transaction; `times` are its TM texts as written."""

    payload: Payload
    times: tuple[str | None, ...] = ()
    context: str | None = None

    @property
    def takings(self) -> list[Taking]:
        """The record's readings."""
        times = self.times or (None,) * len(self.payload.RD)
        return [Taking(self, *pair) for pair in zip(self.payload.RD, times, strict=True)]


@dataclass(frozen=True)
class Taking:
    """One reading with the record that it stands in."""

    member: Member
    reading: Reading
    written_time: str | None = None

    @property
    def is_begin(self) -> bool:
        """TX B."""
        return str(self.reading.TX) == "B"

    @property
    def is_end(self) -> bool:
        """TX E, L, R, A or P."""
        return str(self.reading.TX) in END_REASONS

    @property
    def name(self) -> str:
        """How messages call it."""
        return "begin" if self.is_begin else "end"


def is_complete(payload: Payload) -> bool:
    """Whether one record holds the begin and the end of a transaction."""
    takings = Member(payload).takings
    return any(one.is_begin for one in takings) and any(one.is_end for one in takings)


def energy_of(begin: Taking, end: Taking) -> Decimal | None:
    """End minus begin in the unit of both, exactly; None where that cannot be told."""
    if not (is_sound(begin.reading.RV) and is_sound(end.reading.RV)):
        return None
    if begin.reading.RU != end.reading.RU:
        return None
    return (end.reading.RV or Decimal(0)) - (begin.reading.RV or Decimal(0))


def is_sound(value: Decimal | None) -> bool:
    """Whether exact arithmetic on the value is possible in bounded memory."""
    if value is None or not value.is_finite():
        return False
    exponent = value.as_tuple().exponent
    return len(value.as_tuple().digits) <= _MAX_DIGITS and abs(int(exponent)) <= _MAX_EXPONENT
