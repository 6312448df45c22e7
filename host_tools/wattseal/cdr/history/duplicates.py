"""Finds the CDRs of a run that bill again what was billed: by their name, by their records.

A CDR counts as billed if nothing speaks against it, in its own data or in a comparison. Of those
that share a name or their records, the first stays good: that of an earlier run, or the one with
the lowest counter, so the order of the rows within a run decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from wattseal.cdr.history import tables
from wattseal.cdr.history.tables import is_of, is_of_key, is_of_records, is_run_of

_SAME_NAME = ("cdr_repeated", "cdr_changed")
COPIES = ("cdr_repeated", "record_replayed")
"""Their records are those of another session: between the sessions they have no place."""

_session = tables.seen_session.c
_OWN = tables.seen_session.alias("own")


IsDuplicate = Callable[[Any, Any], sa.ColumnElement[bool]]
"""Whether one session (its columns) is such a duplicate of another."""


def find_copies(connection: sa.Connection, run: int, unusual: sa.Table | None) -> None:
    """Write the findings. The run has its number; no other process writes to the store meanwhile.

    unusual: the contiguous runs that hold faults; in any other no two sessions share a number.
    """
    connection.execute(_insert(_by_name(run)))
    if unusual is not None:
        connection.execute(_insert(_by_records(run, unusual)))


def _insert(findings: sa.Select[Any]) -> sa.Insert:
    return tables.seen_finding.insert().from_select(tables.seen_finding.c.keys(), findings)


def _by_name(run: int) -> sa.Select[Any]:
    shared = _shared(run, _is_same_name, "cdr")
    same = _members(run, _is_same_name, "cdr", shared).c
    is_repeated = same.content == same.first_content
    code = sa.case((is_repeated, sa.literal("cdr_repeated")), else_=sa.literal("cdr_changed"))
    return _others(run, same, code, sa.literal(None))


def _is_same_name(one: Any, other: Any) -> sa.ColumnElement[bool]:
    """Whether two sessions (their columns) are of CDRs of one name."""
    is_it: sa.ColumnElement[bool] = one.cdr == other.cdr
    return is_it


def _by_records(run: int, unusual: sa.Table) -> sa.Select[Any]:
    """A CDR that was credited is billed no more, and may be followed by a better one."""
    own_code = tables.seen_finding.alias("own_code")
    has_name_finding = sa.exists().where(
        own_code.c.session == _session.id, own_code.c.code.in_(_SAME_NAME), is_of(_session.id, run)
    )
    own, place = _OWN.c, unusual.c
    is_there = sa.and_(is_of_key(own, place), own.first.between(place.first, place.high))
    shared = _shared(run, is_of_records, "key", "context", "first", "content")
    shared = shared.join(unusual, is_there)
    same = _members(run, is_of_records, "content", shared, ~has_name_finding, ~_is_credited()).c
    return _others(run, same, sa.literal("record_replayed"), same.first_cdr)


def _shared(run: int, is_duplicate: IsDuplicate, *columns: str) -> sa.Select[Any]:
    """What sessions of the run share with others: few, as a rule.

    columns: that in which duplicates are the same, and those that an index needs to find them.
    """
    own, other = _OWN.c, tables.seen_session.alias("other").c
    has_other = sa.exists().where(is_duplicate(other, own), other.id != own.id)
    shared = (own[name] for name in columns)
    return sa.select(*shared).select_from(_OWN).where(is_of(own.id, run), has_other).distinct()


def _members(
    run: int,
    is_duplicate: IsDuplicate,
    column: str,
    what: sa.Select[Any],
    *is_member: sa.ColumnElement[bool],
) -> sa.Subquery:
    """Sessions of one name or of the same records, each beside the first of them.

    column: in which they are the same. what: those names or records, as in _shared.
    """
    shared = what.subquery("shared")
    is_good = sa.case((_is_billed(run), 1), else_=0).label("is_good")
    # What has to be looked up for a session is so once: not each time it is put in order.
    same = (
        sa.select(tables.seen_session, tables.seen_run.c.number, is_good)
        .select_from(shared)
        .join(tables.seen_session, is_duplicate(_session, shared.c))
        .join(tables.seen_run, is_run_of(tables.seen_run, _session.id))
        .where(*is_member)
        .subquery("same")
        .c
    )
    names = ("number", "key", "context", "first", "cdr", "content", "id")
    order = [same.is_good.desc(), *(same[name] for name in names)]
    firsts = (
        sa.func.first_value(same[name])
        .over(partition_by=same[column], order_by=order)
        .label(f"first_{name}")
        for name in ("id", "content", "cdr", "is_good")
    )
    return sa.select(same.id, same.content, *firsts).subquery("members")


def _others(
    run: int, member: Any, code: sa.ColumnElement[str], expected: sa.ColumnElement[Any]
) -> sa.Select[Any]:
    """Rows of seen_finding for all of the run but the first, where the first is billed.

    These findings are errors and cast no doubt, as the table in findings.py says.
    """
    effects = (sa.literal(1), sa.literal(1), sa.literal(0))
    told = (member.id, code, *effects, expected, sa.literal(None), member.first_id)
    is_other = (member.first_is_good == 1, member.first_id != member.id)
    return sa.select(*told).where(is_of(member.id, run), *is_other)


def _is_billed(run: int) -> sa.ColumnElement[bool]:
    """Of this run, findings of comparisons are only being made: they do not count yet."""
    against = tables.seen_finding.alias("against")
    has_error = sa.exists().where(
        against.c.session == _session.id, against.c.is_error == 1, ~is_of(against.c.session, run)
    )
    return sa.and_(_session.is_billable == 1, ~has_error)


def _is_credited() -> sa.ColumnElement[bool]:
    credit, credit_run = tables.seen_credit.c, tables.seen_run.alias("credit_run")
    return sa.exists().where(credit.cdr == _session.cdr, is_run_of(credit_run, credit.session))
