"""The sessions that cast doubt on earlier ones, each beside that earlier one, for people to settle.

What has settled itself is left out: a gap whose sessions came later.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, PlainSerializer

from wattseal.cdr.findings import finding_as_json
from wattseal.cdr.history import tables
from wattseal.cdr.history.rows import finding_of
from wattseal.cdr.history.tables import is_long, is_of_key, is_run_of
from wattseal.common.findings import Finding

_SIDE = (
    *("cdr", "is_billable", "key", "context", "first", "last"),
    *("meter_serial", "begin_wh", "end_wh", "begin_ms", "end_ms"),
)


class Side(BaseModel, frozen=True):
    """One of the two sessions. Watt hours as decimal text, Unix milliseconds as signed.

    Everything but the name is None if none of its records is authentic.
    """

    cdr: str
    is_billable: bool
    key_fingerprint: str | None
    first_pagination: str | None
    last_pagination: str | None
    meter_serial: str | None
    begin_wh: str | None
    end_wh: str | None
    begin_ms: int | None
    end_ms: int | None


class Doubt(BaseModel, frozen=True):
    """Why earlier sessions are in doubt: what was found about `session`, compared with `earlier`.

    earlier: None where the session's own judgement says it (a key used after its deactivation).
    """

    finding: Annotated[Finding, PlainSerializer(finding_as_json)]
    session: Side
    earlier: Side | None


def doubts() -> tuple[sa.Select[Any], tuple[sa.ColumnElement[Any], ...]]:
    """Rows for doubt_of, and the columns that they begin with and stand in the order of: those of
    the runs and their rows."""
    told, run = tables.seen_finding.c, tables.seen_run.alias("told_run")
    here, other = tables.seen_session.alias("here"), tables.seen_session.alias("other")
    place = (run.c.number, told.session, told.code)
    statement = (
        sa.select(
            *place,
            *(told[name] for name in ("expected", "found")),
            *(here.c[name] for name in _SIDE),
            *(other.c[name] for name in _SIDE),
        )
        .select_from(tables.seen_finding)
        .join(run, is_run_of(run, told.session))
        .join(here, here.c.id == told.session)
        .outerjoin(other, other.c.id == told.other)
        .where(told.is_doubt == 1, ~_is_closed_gap(here))
    )
    return statement, place


def doubt_of(row: Sequence[Any]) -> Doubt:
    """What a row of doubts_after tells."""
    here, earlier = row[5 : 5 + len(_SIDE)], row[5 + len(_SIDE) :]
    return Doubt(
        finding=finding_of(*row[2:5]),
        session=_side(here),
        earlier=None if earlier[0] is None else _side(earlier),
    )


def _is_closed_gap(here: Any) -> Any:
    """The session whose numbers end just before has come since then."""
    filler, run = tables.seen_session.alias("filler"), tables.seen_run.alias("filler_run")
    end = here.c.first - 1
    is_it = (is_of_key(filler.c, here.c), filler.c.last == end, is_run_of(run, filler.c.id))
    # As the indexes have them: the short ones by where they begin.
    is_short = filler.c.first.in_((end, end - 1))
    has_filler = sa.or_(
        sa.exists().where(*is_it, is_short), sa.exists().where(*is_it, is_long(filler.c))
    )
    return sa.and_(tables.seen_finding.c.code == "counter_gap", has_filler)


def _side(row: Sequence[Any]) -> Side:
    cdr, is_billable, key, context, first, last, *rest = row
    has_record = key is not None
    return Side(
        cdr=cdr,
        is_billable=bool(is_billable),
        key_fingerprint=bytes(key).hex() if has_record else None,
        first_pagination=f"{context}{first}" if has_record else None,
        last_pagination=f"{context}{last}" if has_record else None,
        **dict(zip(_SIDE[6:], rest, strict=True)),
    )
