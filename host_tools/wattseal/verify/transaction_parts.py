"""The pieces of a transaction: records, their readings, and the energy between two of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

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

    @cached_property
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
        return self.reading.TX == "B"

    @property
    def is_end(self) -> bool:
        """TX E, L, R, A or P."""
        return self.reading.TX in END_REASONS

    @property
    def name(self) -> str:
        """How findings call it."""
        return "begin" if self.is_begin else "end"


def is_complete(payload: Payload) -> bool:
    """Whether one record holds the begin and the end of a transaction."""
    takings = Member(payload).takings
    return any(one.is_begin for one in takings) and any(one.is_end for one in takings)


def energy_of(begin: Taking, end: Taking) -> Decimal | None:
    """End minus begin in the unit of both, exactly; None where that cannot be told."""
    first, last = begin.reading.RV, end.reading.RV
    if first is None or last is None or not (is_sound(first) and is_sound(last)):
        return None
    return last - first if begin.reading.RU == end.reading.RU else None


def is_sound(value: Decimal) -> bool:
    """Whether exact arithmetic on the value is possible in bounded memory."""
    _sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return False  # an infinity, or no number
    return len(digits) <= _MAX_DIGITS and abs(exponent) <= _MAX_EXPONENT
