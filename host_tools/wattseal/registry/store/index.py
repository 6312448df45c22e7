"""The verifiable index in the database: the nodes of its tree, which are only ever added.

The newest row of a prefix is what stands there now. Written with the entry that changes it; what
is there already is filled in from the records alone, when a schema or a database is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, TextClause, select, text

from wattseal.common.sql import insert
from wattseal.registry.failures import StateBroken
from wattseal.registry.records import Record
from wattseal.registry.states import index_names
from wattseal.registry.store import tables
from wattseal.tlog.prefix_tree import (
    KEY_BITS,
    Leaves,
    Node,
    Nodes,
    Placed,
    bits_of,
    gather,
    key_of,
    leads,
    root_hash,
    root_of,
    touch,
)

LEVELS_AT_A_TIME = 24
"""As many as the way to a name takes in a tree of some millions."""

NAMES_AT_A_TIME = 128

ROWS_AT_A_TIME = 50_000


def append(connection: Connection, number: int, record: Record) -> None:
    """Let an entry touch what its record names; the log's head is locked."""
    names = index_names(number, record)
    changed = touch(read_ways(connection, names, number), names, number)
    insert(connection, tables.index_node, [_row(Placed(*one, number)) for one in changed.items()])


def read_ways(connection: Connection, names: Iterable[str], size: int) -> Nodes:
    """The nodes from the root to where each name is or would be, in a log of that size."""
    nodes: Nodes = {}
    ways = [bits_of(key_of(name)) for name in names]
    top = 0
    while ways:
        bottom = min(top + LEVELS_AT_A_TIME, KEY_BITS + 1)
        prefixes = {way[:depth] for way in ways for depth in range(top, bottom)}
        nodes |= _read(connection, sorted(prefixes), size)
        ends = ((way, nodes.get(way[: bottom - 1])) for way in ways)
        ways = [way for way, end in ends if end is not None and not end.is_leaf]
        top = bottom
    return nodes


def check_ways(connection: Connection, names: Sequence[str], size: int) -> None:
    """StateBroken unless the nodes on the ways to these names, which are there, fit together."""
    for at in range(0, len(names), NAMES_AT_A_TIME):
        part = names[at : at + NAMES_AT_A_TIME]
        nodes = read_ways(connection, part, size)
        root = root_hash(nodes.get(""))
        for name in part:
            if not leads(nodes, name, root):
                cause = f"its index does not lead to {name}"
                raise StateBroken("state_broken", entry=size - 1, cause=cause)


def read_root(connection: Connection, size: int) -> bytes:
    """The root hash of the index of a log of that size."""
    return root_hash(_read(connection, [""], size).get(""))


def _read(connection: Connection, prefixes: Sequence[str], size: int) -> Nodes:
    wanted = {f"p{at}": prefix for at, prefix in enumerate(prefixes)}
    rows = connection.execute(_newest(len(prefixes)), {**wanted, "size": size})
    return {row.prefix: _node(row) for row in rows}


@cache
def _newest(count: int) -> TextClause:
    """The newest node at each of so many prefixes, each found by its index alone."""
    blanks = ", ".join(f"(CAST(:p{at} AS VARCHAR))" for at in range(count))
    return text(
        f"WITH wanted(prefix) AS (VALUES {blanks}) "  # noqa: S608 - placeholders
        "SELECT node.prefix, node.entry, node.is_leaf, node.first, node.second FROM wanted "
        "JOIN index_node AS node ON node.prefix = wanted.prefix AND node.entry = "
        "(SELECT MAX(entry) FROM index_node AS newest "
        "WHERE newest.prefix = wanted.prefix AND newest.entry < :size)"
    )


def _node(row: Any) -> Node:
    first, second = bytes(row.first), bytes(row.second)
    if row.is_leaf not in (0, 1) or {len(first), len(second)} != {32}:
        cause = "a node of its index cannot be read"
        raise StateBroken("state_broken", entry=row.entry, cause=cause)
    return Node(bool(row.is_leaf), first, second)


def _row(placed: Placed) -> tuple[Any, ...]:
    """The columns in their order."""
    node = placed.node
    return placed.prefix, placed.entry, int(node.is_leaf), node.first, node.second


def fill(connection: Connection, leaves: Leaves) -> bytes:
    """Write the whole tree into an empty table; its root hash.

    Only as it is now: the trees of smaller sizes cannot be read afterwards, and nobody asks.
    """
    rows: list[tuple[Any, ...]] = []

    def place(placed: Placed) -> None:
        rows.append(_row(placed))
        if len(rows) == ROWS_AT_A_TIME:
            insert(connection, tables.index_node, rows)
            rows.clear()

    root = root_of(leaves, place)
    insert(connection, tables.index_node, rows)
    return root


def gather_record(leaves: Leaves, number: int, record: Record) -> None:
    """Let an entry touch what its record names, in a tree that is written later."""
    gather(leaves, map(key_of, index_names(number, record)), number)


def touching_entries(connection: Connection, name: str, size: int) -> list[int]:
    """The entries that touched a name of the index, oldest first; none of a name of no kind."""
    kind, *parts = name.split(" ")
    column_of = _TABLES.get(kind)
    if column_of is None or "\0" in name or len(parts) != len(column_of[1]):
        return []
    table, names = column_of
    is_it = [table.c[column] == part for column, part in zip(names, parts, strict=True)]
    wanted = select(table.c.entry).where(*is_it, table.c.entry < size).distinct()
    return list(connection.execute(wanted.order_by(table.c.entry)).scalars())


_TABLES = {
    "evse": (tables.evse_entry, ("evse",)),
    "key": (tables.key_state, ("fingerprint",)),
    "module": (tables.module_state, ("chip_id",)),
    "meter": (tables.meter_state, ("manufacturer_name", "serial_name")),
}
