"""The log as everybody may read it: entries, tiles, checkpoints, proofs, and what entries made."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, text

from wattseal.common.sql import Database, DatabaseUnusable
from wattseal.registry import api_models as api
from wattseal.registry.failures import ClockWrong, NotFound, StateBroken
from wattseal.registry.identity import Identity
from wattseal.registry.rules.proof import TOLERANCE_MS
from wattseal.registry.store import index, log, tables
from wattseal.tlog.prefix_tree import Nodes, prove, root_from_proof, root_hash
from wattseal.tlog.tiles import MAX_LEVEL, WIDTH, Tile, pack_entries, width_at
from wattseal.tlog.tree import Frontier, StoredTree
from wattseal.wire import signed_time

ServerClock = Callable[[Connection], int | None]

_SERVER_CLOCK = text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)")


def server_unix_ms(connection: Connection) -> int | None:
    """What the clock of the database's server shows; None of SQLite."""
    if connection.dialect.name == "sqlite":
        return None
    unix_ms: int = connection.execute(_SERVER_CLOCK).scalar_one()
    return unix_ms


def check_clock(now_ms: int, newest_ms: int, server_ms: int | None) -> None:
    """ClockWrong if the computer's clock differs by more than some minutes.

    newest_ms: the time of the newest record; server_ms: the database server's, None if it has none.
    """
    if server_ms is not None and abs(server_ms - now_ms) > TOLERANCE_MS:
        raise ClockWrong("clock_differs", seconds=abs(server_ms - now_ms) // 1000)
    if newest_ms - now_ms > TOLERANCE_MS:
        raise ClockWrong("clock_behind", seconds=(newest_ms - now_ms) // 1000)


MAX_COUNT = WIDTH
"""Most entries that are read at once."""


class PublishedLog:
    """Reads only; any number of processes may do so beside those that write."""

    def __init__(
        self,
        database: Database,
        identity: Identity,
        clock: Callable[[], int],
        server_clock: ServerClock,
    ) -> None:
        self._database = database
        self._identity = identity
        self._clock = clock
        self._server_clock = server_clock

    def close(self) -> None:
        """Close the connections to the database."""
        self._database.close()

    def facts(self) -> api.RegistryFacts:
        """Name, keys and size of the log."""
        with self._database.read() as connection:
            self._check_identity(connection)
            size = log.read_size(connection)
        return api.RegistryFacts(
            name=self._identity.name,
            registry_key=self._identity.registry_key,
            vkey=self._identity.vkey,
            log="/log/",
            size=size,
        )

    def ready(self) -> None:
        """Check that requests of all kinds can be answered now.

        Raises DatabaseUnusable, StateBroken, ClockWrong.
        """
        with self._database.read() as connection:
            tables.SCHEMA.check(connection)
            self._check_identity(connection)
            size = log.read_size(connection)
            self._check_clock(connection, size)

    def sign_time(self, req: api.TimeRequest) -> api.SignedTime:
        """The time now, for a module. ClockWrong while no record could be made either."""
        with self._database.read() as connection:
            self._check_clock(connection, log.read_size(connection))
        text = signed_time.build_time(req.chip_id, req.nonce, self._clock())
        return api.SignedTime(statement=text, signature=self._identity.sign_time(text))

    def checkpoint(self, size: int | None = None) -> str:
        """The signed checkpoint at a size, the newest without one. NotFound beyond the log."""
        with self._database.read() as connection:
            head = log.read_head(connection)
            if size is None or size == head.size:
                size, root = head.size, head.root()
            else:
                _check_reached(0 <= size <= head.size, head.size)
                root = _tree(connection).root(size)
        return self._identity.sign(size, root)

    def heads(self) -> api.Heads:
        """The newest checkpoint, and the root of the index at its size."""
        with self._database.read() as connection:
            return self._heads(connection, log.read_head(connection))

    def evidence(self, names: list[str], seen: int = 0, first: int = 0) -> api.Evidence:
        """Proof of everything that touched these things, by their names in the index.

        seen: size of the newest checkpoint that the caller knows, 0 for none. first: number of the
        entry from which on records are wanted. StateBroken if tables and index do not agree.
        """
        with self._database.read() as connection:
            head = log.read_head(connection)
            nodes = index.read_ways(connection, names, head.size)
            things = [_thing(connection, nodes, name, head.size) for name in names]
            numbers = sorted({number for thing in things for number in thing.entries})
            wanted = [number for number in numbers if number >= first][:MAX_COUNT]
            tree = _tree(connection)
            grown = tree.consistency_proof(seen, head.size) if 0 < seen <= head.size else []
            return api.Evidence(
                **self._heads(connection, head).model_dump(),
                consistency=[each.hex() for each in grown],
                things=things,
                records=[_proven(connection, tree, number, head.size) for number in wanted],
            )

    def _heads(self, connection: Connection, head: Frontier) -> api.Heads:
        return api.Heads(
            checkpoint=self._identity.sign(head.size, head.root()),
            index=self._identity.sign_index(head.size, index.read_root(connection, head.size)),
        )

    def publication(self, number: int, size: int | None = None) -> api.PublicationAnswer:
        """The proof that an entry is in the log of that size: by default, of the entry's own.

        The same bytes every time. NotFound beyond the log.
        """
        size = number + 1 if size is None else size
        with self._database.read() as connection:
            now = log.read_size(connection)
            _check_reached(0 <= size <= now, now)
            _check_reached(0 <= number < size, size)
            line = log.read_entries(connection, number, 1)[0]
            tree = _tree(connection)
            proof, root = tree.inclusion_proof(number, size), tree.root(size)
        return self._publication(line.leaf, number, proof, size, root)

    def _publication(
        self, leaf: str, number: int, proof: list[bytes], size: int, root: bytes
    ) -> api.PublicationAnswer:
        return api.PublicationAnswer(
            checkpoint=self._identity.sign(size, root),
            leaf=leaf,
            leaf_index=number,
            proof=[each.hex() for each in proof],
        )

    def record(self, number: int) -> api.RecordLine:
        """An entry and its record. NotFound beyond the log."""
        with self._database.read() as connection:
            size = log.read_size(connection)
            _check_reached(0 <= number < size, size)
            return log.read_entries(connection, number, 1)[0]

    def records(self, first: int, count: int) -> list[api.RecordLine]:
        """Up to `count` entries (256 at most) from `first` on; none where the log has no more."""
        with self._database.read() as connection:
            end = min(first + min(count, MAX_COUNT), log.read_size(connection))
            return log.read_entries(connection, first, max(0, end - first))

    def states(self, first: int, count: int) -> list[list[api.State]]:
        """The states that each of these entries made, from the tables of states alone."""
        with self._database.read() as connection:
            return log.read_states(connection, first, min(count, MAX_COUNT))

    def tile(self, asked: Tile) -> bytes:
        """The hashes of a tile, or the entries of a bundle after their lengths.

        NotFound if the log has not got so far.
        """
        level, number, width = asked.level or 0, asked.number, asked.width
        with self._database.read() as connection:
            size = log.read_size(connection)
            is_tile = 0 <= level <= MAX_LEVEL and number >= 0
            _check_reached(is_tile and 1 <= width <= width_at(level, number, size), size)
            if asked.level is not None:
                return b"".join(log.read_hashes(connection, level, number)[:width])
            lines = log.read_entries(connection, number * WIDTH, width)
        return pack_entries(line.leaf.encode() for line in lines)

    def _check_clock(self, connection: Connection, size: int) -> int:
        """The time of the newest of `size` entries. ClockWrong unless another may be made now."""
        newest_ms = log.newest_unix_ms(connection, size)
        check_clock(self._clock(), newest_ms, self._server_clock(connection))
        return newest_ms

    def _check_identity(self, connection: Connection) -> None:
        if not log.is_identity(connection, self._identity):
            raise DatabaseUnusable("its database belongs to another registry")


def _tree(connection: Connection) -> StoredTree:
    return StoredTree(lambda level, number: log.read_hashes(connection, level, number))


def _thing(connection: Connection, nodes: Nodes, name: str, size: int) -> api.IndexedThing:
    entries = index.touching_entries(connection, name, size)
    proof = prove(nodes, name)
    try:
        holds = root_from_proof(name, entries, proof) == root_hash(nodes.get(""))
    except ValueError:
        holds = False
    if not holds:
        cause = "its index has another list of entries than its tables"
        raise StateBroken("state_broken", entry=max(entries, default=0), cause=cause)
    other = proof.other and api.OtherLeaf(key=proof.other[0].hex(), value=proof.other[1].hex())
    beside = [each.hex() for each in proof.beside]
    return api.IndexedThing(name=name, entries=entries, beside=beside, other=other)


def _proven(connection: Connection, tree: StoredTree, number: int, size: int) -> api.ProvenRecord:
    line = log.read_entries(connection, number, 1)[0]
    proof = [each.hex() for each in tree.inclusion_proof(number, size)]
    return api.ProvenRecord(**line.model_dump(), proof=proof)


def _check_reached(is_reached: bool, size: int) -> None:
    if not is_reached:
        raise NotFound("not_in_log", size=size)
