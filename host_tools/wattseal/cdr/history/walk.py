"""Walks the sessions of each key in the order of its counter, each beside those before it.

Pure: rows in, findings out. Of a key, no more than three sessions are in memory at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from wattseal.cdr.rules import Rules
from wattseal.common.times import utc_text

_TRANSACTION_REGISTER = re.compile(r"[^:]*:(B[23]|C[23])\b", re.IGNORECASE)
"""Registers that begin at nothing with each session (OCMF 1.4.1, table 25)."""


class Seen(NamedTuple):
    """A session as it is read from the store; those of a key come in the order of `first`.

    is_own: of the run that is compared. is_told: something was found about it already.
    """

    key: bytes
    context: str
    first: int
    last: int
    content: bytes
    id: int
    cdr: str
    is_billable: int
    between: str | None
    meter_serial: str
    register_code: str
    begin_wh: str
    end_wh: str
    begin_ms: int
    end_ms: int
    time_is_good: int
    is_own: int
    is_told: int


class Told(NamedTuple):
    """A finding about a session of the run, compared with the session `other`."""

    session: int
    code: str
    expected: str
    found: str | None
    other: int


@dataclass(slots=True)
class _Place:
    """A session in the walk. `overlaps`: its numbers collide with another's."""

    seen: Seen
    is_told: bool
    overlaps: bool = False


def walk(rows: Iterable[tuple[Any, ...]], rules: Rules) -> Iterator[Told]:
    """What the order of the sessions says about those of the run. rows: the fields of Seen."""
    for _key, sessions in groupby(map(Seen._make, rows), attrgetter("key", "context")):
        yield from _walk_key(sessions, rules)


def _walk_key(sessions: Iterator[Seen], rules: Rules) -> Iterator[Told]:
    before = next(sessions)
    # Whose numbers reach furthest, and whose reading and time the next must not be behind.
    cover = reference = _Place(before, bool(before.is_told))
    for seen in sessions:
        if before.content == seen.content:
            continue  # the same records again: copies are found elsewhere
        before, here = seen, _Place(seen, bool(seen.is_told))
        if seen.first <= cover.seen.last:
            yield from _colliding(cover, here)
        else:
            yield from _left_out(cover, here, rules)
        if not reference.overlaps and not here.overlaps:
            yield from _gone_back(reference, here)
        if not here.overlaps:
            reference = here
        if seen.last > cover.seen.last:
            cover = here


def _colliding(cover: _Place, here: _Place) -> Iterator[Told]:
    """Numbers of two sessions overlap: one is at fault, and neither tells more about the other."""
    culprit, other = _culprit(cover, here)
    culprit.overlaps = True
    if not culprit.seen.is_own or culprit.is_told:
        return
    culprit.is_told = True
    shared = _numbers(cover.seen) & _numbers(here.seen)
    number = f"{here.seen.context}{min(shared)}" if shared else None
    code = "pagination_reused" if shared else "sessions_interleaved"
    yield _told(culprit, other, code, other.seen.cdr, number)


def _culprit(cover: _Place, here: _Place) -> tuple[_Place, _Place]:
    """The session of this run; of two, that which is not billable anyway; else the later one."""
    if here.seen.is_own != cover.seen.is_own:
        return (here, cover) if here.seen.is_own else (cover, here)
    if here.seen.is_billable and not cover.seen.is_billable:
        return cover, here
    return here, cover


def _numbers(seen: Seen) -> set[int]:
    between = map(int, seen.between.split()) if seen.between else ()
    return {seen.first, seen.last, *between}


def _left_out(cover: _Place, here: _Place, rules: Rules) -> Iterator[Told]:
    """A gap is looked for before each session of the run, if this side should know all."""
    due = cover.seen.last + 1
    if rules.side != "cpo" or not here.seen.is_own or here.is_told or here.seen.first == due:
        return
    context = here.seen.context
    yield _told(here, cover, "counter_gap", f"{context}{due}", f"{context}{here.seen.first}")


def _gone_back(reference: _Place, here: _Place) -> Iterator[Told]:
    """Reading and time at the begin of a session, against the end of the one before."""
    culprit, other = (here, reference) if here.seen.is_own else (reference, here)
    if not culprit.seen.is_own or culprit.is_told:
        return
    earlier, later = reference.seen, here.seen
    if _same_register(earlier, later) and is_more(earlier.end_wh, later.begin_wh):
        yield _told(culprit, other, "energy_went_back", _kwh(earlier.end_wh), _kwh(later.begin_wh))
        culprit.is_told = True
    if earlier.time_is_good and later.time_is_good and earlier.end_ms > later.begin_ms:
        yield _told(
            culprit, other, "time_went_back", utc_text(earlier.end_ms), utc_text(later.begin_ms)
        )
        culprit.is_told = True


def _same_register(one: Seen, other: Seen) -> bool:
    return (
        one.meter_serial == other.meter_serial
        and one.register_code == other.register_code
        and not _TRANSACTION_REGISTER.match(one.register_code)
    )


def is_more(wh: str, than_wh: str) -> bool:
    """Whether a register reads more; both as decimal text."""
    return wh != than_wh and Decimal(wh) > Decimal(than_wh)


def _told(culprit: _Place, other: _Place, code: str, expected: str, found: str | None) -> Told:
    return Told(culprit.seen.id, code, expected, found, other.seen.id)


def _kwh(wh: str) -> str:
    return f"{Decimal(wh).scaleb(-3):f} kWh"
