"""The log in the database: entries, the kept levels of their tree, and the head that orders them.

Whoever appends locks the head first, so entries come one after the other, whatever the number of
processes; nobody else ever waits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy import Connection, Table, select, update
from sqlalchemy.exc import IntegrityError

from wattseal.common.sql import DatabaseUnusable
from wattseal.registry.api_models import RecordLine, State
from wattseal.registry.failures import StateBroken
from wattseal.registry.identity import Identity
from wattseal.registry.records import Record, leaf_of, read_record, record_text
from wattseal.registry.states import index_names, states_of, touched_evses
from wattseal.registry.store import index, tables
from wattseal.registry.store.tables import row_of, state_of
from wattseal.tlog.tiles import WIDTH
from wattseal.tlog.tree import Frontier, leaf_hash

HEAD_ID = 1

_READ_HEAD = select(tables.log_head.c.size, tables.log_head.c.frontier).where(
    tables.log_head.c.id == HEAD_ID
)


def lock_head(connection: Connection) -> Frontier:
    """The log's head, for this transaction alone until it ends."""
    return _head(connection, _READ_HEAD.with_for_update())


def read_head(connection: Connection) -> Frontier:
    """The log's head as it is now."""
    return _head(connection, _READ_HEAD)


def read_size(connection: Connection) -> int:
    """The number of entries."""
    return read_head(connection).size


def _head(connection: Connection, statement: Any) -> Frontier:
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise DatabaseUnusable("its database holds no registry yet")
    try:
        return Frontier.from_bytes(row.size, row.frontier)
    except ValueError as error:
        raise StateBroken("state_broken", entry=row.size, cause=str(error)) from None


def identity_row(identity: Identity) -> dict[str, Any]:
    """What the database keeps of a registry's identity."""
    return {
        "id": HEAD_ID,
        "name": identity.name,
        "ecdsa_key": identity.registry_key,
        "ed25519_key": identity.vkey,
    }


def is_identity(connection: Connection, identity: Identity) -> bool:
    """Whether the database is that registry's."""
    rows = connection.execute(select(tables.registry_identity)).mappings().all()
    return [dict(row) for row in rows] == [identity_row(identity)]


def append(connection: Connection, head: Frontier, record: Record) -> None:
    """Write the next entry, all that follows from it, and the head, which was locked before."""
    number = head.size
    by_table: dict[Table, list[dict[str, Any]]] = {}
    for table, columns in rows_of(record, head):
        by_table.setdefault(table, []).append(columns)
    try:
        for table in sorted(by_table, key=attrgetter("name")):
            connection.execute(table.insert(), by_table[table])
        index.append(connection, number, record)
    except IntegrityError:
        raise _broken(number, "the log has more entries than its head says") from None
    connection.execute(
        update(tables.log_head)
        .where(tables.log_head.c.id == HEAD_ID)
        .values(size=head.size, frontier=head.to_bytes())
    )


def rows_of(record: Record, tree: Frontier) -> Iterator[tuple[Table, dict[str, Any]]]:
    """The rows that the next record is kept as, all but the head and the index.

    The tree grows by its entry.
    """
    number, text = tree.size, record_text(record)
    leaf = leaf_of(record, text)
    entry_hash = bytes(leaf_hash(leaf.encode()))
    entry = {"number": number, "hash": entry_hash, "leaf": leaf, "record": text}
    yield tables.log_entry, entry
    for node in tree.append(entry_hash):
        yield tables.log_node, node._asdict()
    for evse in touched_evses(record):
        yield tables.evse_entry, {"evse": evse, "entry": number}
    for ordinal, state in enumerate(states_of(number, record)):
        yield row_of(state, ordinal)


def read_entries(connection: Connection, first: int, count: int) -> list[RecordLine]:
    """Entries with their records, as many as there are. StateBroken if one was changed."""
    entry = tables.log_entry.c
    found = connection.execute(
        select(entry.number, entry.hash, entry.leaf, entry.record)
        .where(entry.number >= first, entry.number < first + count)
        .order_by(entry.number)
    ).all()
    lines = []
    for expected, row in enumerate(found, first):
        if row.number != expected:
            raise _broken(expected, "the entry is missing")
        if bytes(leaf_hash(row.leaf.encode())) != row.hash:
            raise _broken(expected, "its hash is not that of its text")
        lines.append(RecordLine(number=row.number, leaf=row.leaf, record=row.record))
    return lines


def read_one_record(connection: Connection, number: int) -> Record:
    """A record that is known to be there. StateBroken if it cannot be read."""
    found = read_entries(connection, number, 1)
    if not found:
        raise _broken(number, "the entry is missing")
    return parse(found[0])


def parse(line: RecordLine) -> Record:
    """The record of an entry. StateBroken if it cannot be read."""
    try:
        return read_record(line.record)
    except ValueError:
        raise _broken(line.number, "its record cannot be read") from None


def newest_unix_ms(connection: Connection, size: int) -> int:
    """When the newest of `size` entries was made; 0 if there is none."""
    if not size:
        return 0
    entry = tables.log_entry.c
    leaf = connection.execute(select(entry.leaf).where(entry.number == size - 1)).scalar()
    if leaf is None:
        raise _broken(size - 1, "the entry is missing")
    try:
        unix_ms: int = json.loads(leaf)["unix_ms"]
    except (ValueError, KeyError, TypeError):
        raise _broken(size - 1, "its text cannot be read") from None
    return unix_ms


def read_hashes(connection: Connection, level: int, tile: int) -> list[bytes]:
    """The hashes that a tile has by now, in order from its first."""
    if level == 0:
        column, wanted = tables.log_entry.c, []
    else:
        column, wanted = tables.log_node.c, [tables.log_node.c.level == level]
    first = tile * WIDTH
    rows = connection.execute(
        select(column.number, column.hash)
        .where(*wanted, column.number >= first, column.number < first + WIDTH)
        .order_by(column.number)
    ).all()
    if [row.number for row in rows] != list(range(first, first + len(rows))):
        raise _broken(first << 8 * level, f"tile {tile} of level {level} has a gap")
    return [row.hash for row in rows]


def read_states(connection: Connection, first: int, count: int) -> list[list[State]]:
    """The states that each of these entries made, from the tables of states alone.

    StateBroken where a row contradicts itself, or an entry is not found by its charge points.
    """
    size = read_size(connection)
    end = min(first + count, size)
    if first + count >= size:
        _check_nothing_beyond(connection, size)
    states: list[list[tuple[int, State]]] = [[] for _number in range(first, end)]
    for table in tables.STATE_TABLES:
        entry, names = table.c.entry, [column.name for column in table.columns]
        for row in connection.execute(select(table).where(entry >= first, entry < end)):
            columns = dict(zip(names, row, strict=True))
            states[columns["entry"] - first].append((columns["ordinal"], state_of(table, columns)))
    _check_touched(connection, first, end)
    return [_in_order(first + at, found) for at, found in enumerate(states)]


def _in_order(number: int, found: list[tuple[int, State]]) -> list[State]:
    found.sort(key=itemgetter(0))
    if [ordinal for ordinal, _state in found] != list(range(len(found))):
        raise _broken(number, "its states are not numbered in order")
    return [state for _ordinal, state in found]


def _check_nothing_beyond(connection: Connection, size: int) -> None:
    """That no row follows from an entry that the log does not have: it would be answered with."""
    for table in (*tables.STATE_TABLES, tables.evse_entry):
        number = connection.execute(
            select(table.c.entry).where(table.c.entry >= size).limit(1)
        ).scalar()
        if number is not None:
            raise _broken(number, "the log has no such entry, but there is a state after it")


def _check_touched(connection: Connection, first: int, end: int) -> None:
    """That the history of a charge point (`evse_entry`) names these entries, and no others.

    And that the index leads to everything that they touched.
    """
    table = tables.evse_entry.c
    kept: dict[int, set[str]] = {number: set() for number in range(first, end)}
    for row in connection.execute(
        select(table.evse, table.entry).where(table.entry >= first, table.entry < end)
    ):
        kept[row.entry].add(row.evse)
    names: set[str] = set()
    for line in read_entries(connection, first, end - first):
        record = parse(line)
        if set(touched_evses(record)) != kept[line.number]:
            raise _broken(line.number, "it is not in the history of its charge points")
        names.update(index_names(line.number, record))
    index.check_ways(connection, sorted(names), read_size(connection))


def _broken(number: int, cause: str) -> StateBroken:
    return StateBroken("state_broken", entry=number, cause=cause)
