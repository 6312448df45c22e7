"""The newest states, or those of a time past, looked up in the database."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, select

from wattseal.common.text import normalized
from wattseal.ocmf.evse_id import EvseIdError, read_evse_id
from wattseal.registry import api_models as api
from wattseal.registry.records import MeterRef
from wattseal.registry.states import AnyState, Ledger, has_serial, key_answer, period_at
from wattseal.registry.store import tables
from wattseal.registry.store.tables import NAMED_BY, TABLE_OF, state_of
from wattseal.wire.strict_json import MAX_INTEGER


class SqlLedger(Ledger):
    """A ledger on a connection. at_unix_ms: as it was then; None is now.

    What was looked up once is remembered: it is for one transaction that sees one moment.
    """

    def __init__(self, connection: Connection, at_unix_ms: int | None = None) -> None:
        self._connection = connection
        self._at = MAX_INTEGER if at_unix_ms is None else at_unix_ms
        self._found: dict[tuple[type[Any], tuple[str, ...]], api.State | None] = {}

    def newest(self, model: type[AnyState], *name: str) -> AnyState | None:
        """The newest state of the thing of that name."""
        thing: tuple[type[Any], tuple[str, ...]] = (model, name)
        if thing not in self._found:
            self._found[thing] = self._look_up(model, name)
        state = self._found[thing]
        assert state is None or isinstance(state, model)  # noqa: S101 - the table's own model
        return state

    def module_with_serial(self, gateway_serial: str) -> api.ModuleState | None:
        """The module at a charge point that has this serial number, without case and blanks."""
        name = normalized(gateway_serial)
        for chip_id in self._connection.execute(_chips_with_serial(), {"serial": name}).scalars():
            found = self.module(chip_id)
            if found and has_serial(found, name):
                return found
        return None

    def _about_evse(self, model: type[AnyState], evse_id: str, *more: str) -> AnyState | None:
        """None too if the text is no EVSE-ID."""
        try:
            return super()._about_evse(model, evse_id, *more)
        except EvseIdError:
            return None

    def _look_up(self, model: type[api.State], name: tuple[str, ...]) -> api.State | None:
        if any("\0" in part for part in name):
            return None  # which PostgreSQL refuses to compare with
        table = TABLE_OF[model]
        wanted = dict(zip(NAMED_BY[table], name, strict=True))
        found = self._connection.execute(_newest_of(table), {**wanted, "at": self._at})
        row = found.mappings().first()
        return state_of(table, row) if row else None


def key_valid(connection: Connection, evse_id: str, at_unix_ms: int) -> api.KeyAnswer | None:
    """The key that was good for a charge point at a time; in one statement, as it is asked most."""
    try:
        text = read_evse_id(evse_id).text
    except EvseIdError:
        return None
    answer = _key_answer(connection, _key_valid(), {"evse_id": text, "at": at_unix_ms}, at_unix_ms)
    return answer if answer and answer.status == "active" and answer.evse_id == text else None


def key_of_fingerprint(
    connection: Connection, fingerprint: str, at_unix_ms: int | None
) -> api.KeyAnswer | None:
    """A key as it was at a time, by default now."""
    if "\0" in fingerprint:
        return None  # which PostgreSQL refuses to compare with
    at = MAX_INTEGER if at_unix_ms is None else at_unix_ms
    return _key_answer(connection, _states_of_key(), {"fingerprint": fingerprint}, at)


def _key_answer(
    connection: Connection, statement: Select[Any], wanted: dict[str, Any], at_unix_ms: int
) -> api.KeyAnswer | None:
    """The newest state of a key by then, with the period that all of its states make of it."""
    rows = connection.execute(statement, wanted).all()
    by_then = sum(row.since_unix_ms <= at_unix_ms for row in rows)
    if not by_then:
        return None
    state = state_of(tables.key_state, rows[by_then - 1]._mapping)
    assert isinstance(state, api.KeyState)  # noqa: S101 - the table's own model
    return key_answer(state, period_at(rows, by_then - 1))


@cache
def _key_valid() -> Select[Any]:
    """All states of the key that the newest row of the charge point names, oldest first."""
    evse = tables.evse_state.c
    fingerprint = (
        select(evse.fingerprint)
        .where(evse.evse_id == bindparam("evse_id"), evse.since_unix_ms <= bindparam("at"))
        .order_by(evse.entry.desc(), evse.ordinal.desc())
        .limit(1)
        .scalar_subquery()
    )
    return _of_key(fingerprint)


@cache
def _states_of_key() -> Select[Any]:
    return _of_key(bindparam("fingerprint"))


def _of_key(fingerprint: Any) -> Select[Any]:
    key = tables.key_state
    return select(key).where(key.c.fingerprint == fingerprint).order_by(key.c.entry, key.c.ordinal)


@cache
def _chips_with_serial() -> Select[Any]:
    """All that ever were at a charge point with it: in no order, or a database might sort first."""
    module = tables.module_state.c
    return (
        select(module.chip_id)
        .where(module.gateway_serial_name == bindparam("serial"), module.evse_id.is_not(None))
        .distinct()
    )


@cache
def _newest_of(table: Table) -> Select[Any]:
    """The newest row of a thing by its name: times of records never go back."""
    return (
        select(table)
        .where(*(table.c[name] == bindparam(name) for name in NAMED_BY[table]))
        .where(table.c.since_unix_ms <= bindparam("at"))
        .order_by(table.c.entry.desc(), table.c.ordinal.desc())
        .limit(1)
    )


def possession_entries(connection: Connection, chip_id: str, unix_ms: int | None) -> list[int]:
    """The entries after which a module's newest proof of possession was one of that time."""
    table = tables.module_state.c
    made = table.possession_unix_ms.is_not_distinct_from(unix_ms)
    wanted = select(table.entry).where(table.chip_id == chip_id, made).order_by(table.entry)
    return list(connection.execute(wanted).scalars())


def touching_entries(connection: Connection, evse: str) -> list[int]:
    """The entries that a charge point is named in, oldest first; by its name (states.evse_name)."""
    table = tables.evse_entry.c
    wanted = select(table.entry).where(table.evse == evse).order_by(table.entry)
    return list(connection.execute(wanted).scalars())


def access_keys(connection: Connection) -> list[api.AccessState]:
    """All access keys in their newest state, in the order in which they were made."""
    table = tables.access_state
    newest: dict[str, api.AccessState] = {}
    for row in connection.execute(select(table).order_by(table.c.entry)).mappings():
        state = state_of(table, row)
        assert isinstance(state, api.AccessState)  # noqa: S101 - the table's own model
        newest[state.key_id] = state
    return list(newest.values())


MAX_CHARACTERS = 400
"""A whole public key in hex, and blanks in it."""

MIN_HEX_CHARACTERS = 4
"""Of a chip id or a fingerprint: fewer digits are in too many of them."""

_SPKI_CHARACTERS = 182
_ISO = re.compile(r"([A-Z]{2})\*?([A-Z0-9]{3})(?:\*?E(.*))?")


def search(connection: Connection, text: str, limit: int) -> api.SearchResult:
    """Everything whose name begins with the text, at most `limit` of each kind, as it is now."""
    ledger = SqlLedger(connection)
    if len(text) > MAX_CHARACTERS or not text.isprintable() or not normalized(text):
        return api.SearchResult(evses=[], keys=[], modules=[], meters=[])
    evse_ids = _beginning(connection, tables.evse_state.c.evse_id, _evse_beginning(text), limit)
    keys = _hex_matches(connection, tables.key_state.c.fingerprint, _fingerprint(text), limit)
    meters = _meters(connection, normalized(text), limit)
    found = {
        "evses": [ledger.evse(evse_id) for evse_id in evse_ids],
        "keys": [ledger.key(fingerprint) for fingerprint in keys],
        "modules": [ledger.module(chip_id) for chip_id in _chips(connection, text, limit)],
        "meters": [ledger.meter(meter) for meter in meters],
    }
    return api.SearchResult.model_validate(found)


def _chips(connection: Connection, text: str, limit: int) -> list[str]:
    table = tables.module_state.c
    chips = _hex_matches(connection, table.chip_id, normalized(text).lower(), limit)
    rows = connection.execute(
        select(table.gateway_serial_name, table.chip_id)
        .where(*_begins(table.gateway_serial_name, normalized(text)))
        .distinct()
        .order_by(table.gateway_serial_name, table.chip_id)
        .limit(limit)
    )
    return list(dict.fromkeys([*chips, *(row.chip_id for row in rows)]))[:limit]


def _meters(connection: Connection, serial: str, limit: int) -> Iterator[MeterRef]:
    table = tables.meter_state.c
    for row in connection.execute(
        select(table.serial_name, table.manufacturer_name)
        .where(*_begins(table.serial_name, serial))
        .distinct()
        .order_by(table.serial_name, table.manufacturer_name)
        .limit(limit)
    ):
        yield MeterRef(manufacturer=row.manufacturer_name, serial=row.serial_name)


def _hex_matches(
    connection: Connection, column: ColumnElement[str], text: str, limit: int
) -> list[str]:
    if len(text) < MIN_HEX_CHARACTERS or not re.fullmatch("[0-9a-f]+", text):
        return []
    return _beginning(connection, column, text, limit)


def _beginning(
    connection: Connection, column: ColumnElement[str], text: str, limit: int
) -> list[str]:
    """Different values of a column that begin with the text, in their order."""
    statement = select(column).where(*_begins(column, text)).distinct().order_by(column)
    return list(connection.execute(statement.limit(limit)).scalars())


def _begins(column: ColumnElement[str], text: str) -> tuple[ColumnElement[bool], ...]:
    """As a range, so that an index of any database answers it: the names are ASCII."""
    return column >= text, column < text + "\x7f"


def _fingerprint(text: str) -> str:
    """Of a whole public key, or what may be the beginning of a fingerprint."""
    digits = normalized(text).lower()
    if len(digits) == _SPKI_CHARACTERS and re.fullmatch("[0-9a-f]+", digits):
        return hashlib.sha256(bytes.fromhex(digits)).hexdigest()
    return digits


def _evse_beginning(text: str) -> str:
    """With its stars, as far as it goes."""
    stars = normalized(text).replace("-", "*")
    found = _ISO.fullmatch(stars)
    if not found:
        return stars
    country, operator, own = found.groups()
    return f"{country}*{operator}" if own is None else f"{country}*{operator}*E{own}"
