"""What the values between begin and end must be: of the same module, in order, never back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from wattseal.cdr.findings import Finding, found
from wattseal.cdr.record_effects import of_verify
from wattseal.verify.codes import Code
from wattseal.verify.findings import found as verify_found
from wattseal.verify.findings import shown
from wattseal.verify.transaction_parts import Member, Taking, is_sound

Page = tuple[str, int]
"""Context and number of a pagination."""

_PAGINATION = re.compile("([TF])([0-9]{1,18})")


def page_of(member: Member) -> Page | None:
    """A record's pagination; None if it is not T or F and a number."""
    page = _PAGINATION.fullmatch(member.payload.PG or "")
    return (page[1], int(page[2])) if page else None


def check_intermediates(
    members: Sequence[Member], pages: Sequence[Page | None], begin: Taking, end: Taking
) -> Iterator[Finding]:
    """Judge the records beside those of begin and end, and the course of all readings."""
    paged = [(page, member) for page, member in zip(pages, members, strict=True) if page]
    if len(paged) < len(members):
        return  # there is no order to judge by, and wattseal.verify says so
    ends = [page for page, member in paged if member is begin.member or member is end.member]
    for page, member in paged:
        if member is begin.member or member is end.member:
            continue
        yield from _check_origin(begin.member, member)
        if page[0] == ends[0][0] and not min(ends) <= page <= max(ends):
            between = f"{begin.member.payload.PG} - {end.member.payload.PG}"
            yield found("intermediate_outside", expected=between, found=shown(member.payload.PG))
    paged.sort(key=lambda pair: pair[0])
    takings = [taking for _page, member in paged for taking in member.takings()]
    yield from _check_course([taking for taking in takings if _is_comparable(taking, begin)])


def _check_origin(first: Member, other: Member) -> Iterator[Finding]:
    """Whether another record is of the same module, meter and user."""
    here, there = first.payload, other.payload
    subject = f"record {shown(there.PG)}"
    for code, before, after in (
        (Code.GATEWAY_SERIAL_DIFFERS, here.GS, there.GS),
        (Code.METER_SERIAL_DIFFERS, here.MS, there.MS),
    ):
        if before != after:
            yield of_verify(verify_found(code, begin=before, end=after), subject)
    for field, before, after in (
        ("identification", here.ID, there.ID),
        ("type of the identification", here.IT, there.IT),
    ):
        if before != after:
            said = verify_found(Code.IDENTIFICATION_DIFFERS, field=field, begin=before, end=after)
            yield of_verify(said, subject)


def _is_comparable(taking: Taking, begin: Taking) -> bool:
    """Whether a reading is of the register, and in the unit, that the session is billed by."""
    reading, first = taking.reading, begin.reading
    is_same = str(reading.RI) == str(first.RI) and reading.RU == first.RU
    return is_same and reading.RV is not None and is_sound(reading.RV)


def _check_course(takings: Sequence[Taking]) -> Iterator[Finding]:
    """Energy and time from reading to reading; the first of each that goes back is told."""
    values = [(taking, taking.reading.RV) for taking in takings]
    for (_before, first), (after, last) in pairwise(values):
        if first is not None and last is not None and last < first:
            said = verify_found(Code.ENERGY_DECREASED, begin=first, end=last)
            yield of_verify(said, f"record {shown(after.member.payload.PG)}")
            break
    for before, after in pairwise(takings):
        if _goes_back(before, after):
            told = {"begin": before.written_time, "end": after.written_time}
            said = verify_found(Code.TIME_REVERSED, **told)
            yield of_verify(said, f"record {shown(after.member.payload.PG)}")
            break


def _goes_back(before: Taking, after: Taking) -> bool:
    first, last = before.reading.timestamp, after.reading.timestamp
    if (first.tzinfo is None) != (last.tzinfo is None):
        return True
    return last < first
