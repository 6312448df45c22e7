"""Finds the CDRs of a run that bill again what was billed: by their name, by their records.

A CDR counts as billed if nothing speaks against it, in its own data or in a comparison. Of those
that share a name or their records, the first stays good: that of an earlier run, or the one with
the lowest counter, so the order of the rows within a run decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Select,
    Table,
    and_,
    case,
    exists,
    func,
    literal,
    select,
)

from wattseal.cdr.history.tables import (
    is_of,
    is_of_key,
    is_of_records,
    run_of,
    seen_credit,
    seen_finding,
    seen_run,
    seen_session,
)

_SAME_NAME = ("cdr_repeated", "cdr_changed")
COPIES = ("cdr_repeated", "record_replayed")
"""Their records are those of another session: between the sessions they have no place."""

_session = seen_session.c
_OWN = seen_session.alias("own")


class DuplicateKey(NamedTuple):
    """What duplicates have in common: `column`.

    `by`: it, and the columns that an index needs to find those that have it. `is_there`: whether
    one session (its columns) is such a duplicate of another.
    """

    column: str
    by: tuple[str, ...]
    is_there: Callable[[Any, Any], ColumnElement[bool]]


_NAME = DuplicateKey("cdr", ("cdr",), lambda one, other: one.cdr == other.cdr)
_RECORDS = DuplicateKey("content", ("key", "context", "first", "content"), is_of_records)


def find_copies(connection: Connection, run: int, unusual: Table | None) -> None:
    """Write the findings. The run has its number; nobody else writes to the store meanwhile.

    unusual: the stretches that are. In a usual one no two sessions have the same number.
    """
    connection.execute(_insert(_by_name(run)))
    if unusual is not None:
        connection.execute(_insert(_by_records(run, unusual)))


def _insert(findings: Select[Any]) -> Insert:
    return seen_finding.insert().from_select([column.name for column in seen_finding.c], findings)


def _by_name(run: int) -> Select[Any]:
    same = _Group(run, _NAME, _shared(run, _NAME))
    code = case(
        (same.members.c.content == same.members.c.first_content, literal("cdr_repeated")),
        else_=literal("cdr_changed"),
    )
    return same.others(code, None)


def _by_records(run: int, unusual: Table) -> Select[Any]:
    """A CDR that was credited is billed no more, and may be followed by a better one."""
    own_code = seen_finding.alias("own_code")
    has_name_finding = exists().where(
        own_code.c.session == _session.id,
        own_code.c.code.in_(_SAME_NAME),
        is_of(_session.id, run),
    )
    is_member = and_(~has_name_finding, ~_is_credited())
    own, place = _OWN.c, unusual.c
    is_there = and_(is_of_key(own, place), own.first.between(place.first, place.high))
    shared = _shared(run, _RECORDS).join(unusual, is_there)
    same = _Group(run, _RECORDS, shared, is_member=is_member)
    return same.others(literal("record_replayed"), same.members.c.first_cdr)


class _Group:
    """Sessions of one name or of the same records, each beside the first of them.

    what: those names or records, as in _shared.
    """

    def __init__(
        self,
        run: int,
        alike: DuplicateKey,
        what: Select[Any],
        is_member: ColumnElement[bool] | None = None,
    ) -> None:
        self.run = run
        shared = what.subquery("shared")
        where: list[ColumnElement[bool]] = [seen_run.c.number.is_not(None)]
        if is_member is not None:
            where.append(is_member)
        # What has to be looked up for a session is so once: not each time it is put in order.
        same = (
            select(
                seen_session,
                seen_run.c.number,
                case((_is_billed(run), 1), else_=0).label("is_good"),
            )
            .select_from(shared)
            .join(seen_session, alike.is_there(_session, shared.c))
            .join(seen_run, seen_run.c.id == run_of(_session.id))
            .where(*where)
            .subquery("same")
            .c
        )
        order = [
            same.is_good.desc(),
            *(same[name] for name in ("number", "key", "context", "first", "cdr", "content", "id")),
        ]
        firsts = (
            func.first_value(same[name])
            .over(partition_by=same[alike.column], order_by=order)
            .label(f"first_{name}")
            for name in ("id", "content", "cdr", "is_good")
        )
        self.members = select(same.id, same.content, *firsts).subquery("members")

    def others(
        self, code: ColumnElement[str], expected: ColumnElement[object] | None
    ) -> Select[Any]:
        """Rows of seen_finding for all of the run but the first, where the first is billed.

        These findings are errors and cast no doubt, as the table in findings.py says.
        """
        member = self.members.c
        return select(
            member.id,
            code,
            literal(1),
            literal(1),
            literal(0),
            literal(None) if expected is None else expected,
            literal(None),
            member.first_id,
        ).where(
            is_of(member.id, self.run),
            member.first_is_good == 1,
            member.first_id != member.id,
        )


def _shared(run: int, alike: DuplicateKey) -> Select[Any]:
    """What sessions of the run share with others: few, as a rule."""
    own, other = _OWN.c, seen_session.alias("other").c
    has_other = exists().where(alike.is_there(other, own), other.id != own.id)
    shared = (own[name] for name in alike.by)
    return select(*shared).select_from(_OWN).where(is_of(own.id, run), has_other).distinct()


def _is_billed(run: int) -> ColumnElement[bool]:
    """Of this run, findings of comparisons are only being made: they do not count yet."""
    against = seen_finding.alias("against")
    has_error = exists().where(
        against.c.session == _session.id,
        against.c.is_error == 1,
        ~is_of(against.c.session, run),
    )
    return and_(_session.is_billable == 1, ~has_error)


def _is_credited() -> ColumnElement[bool]:
    credit_run = seen_run.alias("credit_run")
    return exists().where(
        seen_credit.c.cdr == _session.cdr,
        credit_run.c.id == run_of(seen_credit.c.session),
        credit_run.c.number.is_not(None),
    )
