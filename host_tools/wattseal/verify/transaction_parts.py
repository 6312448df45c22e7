"""The pieces of a transaction: records, their readings, and the energy between two of them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from wattseal.verify.plain_models import AnyPayload, AnyReading

Role = Literal["begin", "end"]
"""What a reading is to its transaction, as findings call it."""

END_REASONS = {
    "E": "ended",
    "L": "ended locally",
    "R": "ended remotely",
    "A": "aborted by an error",
    "P": "ended by a power failure",
}
"""TX letters that end a transaction (OCMF table 7)."""

_ROLES: dict[str, Role] = {"B": "begin", **dict.fromkeys(END_REASONS, "end")}
_MAX_DIGITS = 30
_MAX_EXPONENT = 18


class Member(NamedTuple):
    """An authentic record's place in a transaction; `times` are its TM texts as written."""

    payload: AnyPayload
    times: tuple[str | None, ...] = ()
    context: str | None = None

    def takings(self) -> list[Taking]:
        """The record's readings."""
        readings: Sequence[AnyReading] = self.payload.RD
        times = self.times or (None,) * len(readings)
        return [
            Taking(self, reading, time, _ROLES.get(reading.TX or ""))
            for reading, time in zip(readings, times, strict=True)
        ]


class Taking(NamedTuple):
    """One reading with the record that it stands in; `role` is None between begin and end."""

    member: Member
    reading: AnyReading
    written_time: str | None
    role: Role | None


def is_complete(payload: AnyPayload) -> bool:
    """Whether one record holds the begin and the end of a transaction."""
    return {"begin", "end"} <= {taking.role for taking in Member(payload).takings()}


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
