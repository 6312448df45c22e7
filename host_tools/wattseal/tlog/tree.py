"""The Merkle tree of a transparency log, over the hashes of its leaves in order.

RFC 6962, section 2.1, with proofs in the same order as there. Checking an inclusion proof is what
the module does too, so that part lives in `wattseal.wire.merkle`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from wattseal.tlog.tiles import WIDTH
from wattseal.wire.digests import sha256
from wattseal.wire.merkle import HASH_BYTES, leaf_hash, node_hash, root_from_inclusion_proof

__all__ = (
    "Frontier",
    "Node",
    "StoredTree",
    "is_consistent",
    "leaf_hash",
    "root_from_inclusion_proof",
)

TILE_HEIGHT = 8
"""Every eighth level is kept: a tile has 2**8 hashes."""


class Node(NamedTuple):
    """Hash number `number` of a kept level: the root of 256**level leaves."""

    level: int
    number: int
    hash: bytes


class Frontier:
    """A tree of `size` leaves that can only grow. ValueError if the hashes are not of that size."""

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.hashes = list(hashes)
        if len(self.hashes) != size.bit_count() or {len(each) for each in self.hashes} - {32}:
            raise ValueError(f"the hashes are not those of a tree of {size} leaves")

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> Frontier:
        """As `to_bytes` wrote it."""
        starts = range(0, len(data), HASH_BYTES)
        return cls(size, (data[start : start + HASH_BYTES] for start in starts))

    def to_bytes(self) -> bytes:
        """The hashes, one after the other."""
        return b"".join(self.hashes)

    def next_proof(self) -> list[bytes]:
        """The inclusion proof of the leaf that is added next, in the tree of one leaf more."""
        return self.hashes[::-1]

    def append(self, leaf_hash: bytes) -> list[Node]:
        """Add a leaf; the hashes of kept levels, above the leaves, that it completes."""
        completed = []
        node, height = leaf_hash, 0
        while self.size >> height & 1:
            node = bytes(node_hash(self.hashes.pop(), node))
            height += 1
            if height % TILE_HEIGHT == 0:
                completed.append(Node(height // TILE_HEIGHT, self.size >> height, node))
        self.hashes.append(node)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """The root hash of the tree as it is now (RFC 6962, section 2.1)."""
        if not self.hashes:
            return bytes(sha256(b""))
        *left, root = self.hashes
        for beside in reversed(left):
            root = bytes(node_hash(beside, root))
        return root


ReadTile = Callable[[int, int], list[bytes]]
"""(level, number) -> the hashes that the tile has by now."""


class StoredTree:
    """A tree at any size up to that which is kept; a tile is read once."""

    def __init__(self, read_tile: ReadTile) -> None:
        self._read_tile = read_tile
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def root(self, size: int) -> bytes:
        """The root hash of the first `size` leaves."""
        return self._root(0, size) if size else bytes(sha256(b""))

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """The hashes that lead from a leaf to the root of the first `size` leaves.

        RFC 6962, section 2.1.1, leaf's end first. IndexError if the tree has no such leaf.
        """
        if not 0 <= index < size:
            raise IndexError(f"a tree of {size} leaves has no leaf {index}")
        proof = []
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                proof.append(self._root(middle, end))
                end = middle
            else:
                proof.append(self._root(start, middle))
                start = middle
        return proof[::-1]

    def consistency_proof(self, old: int, new: int) -> list[bytes]:
        """The hashes that show the first `old` of `new` leaves to be the leaves of before.

        RFC 6962, section 2.1.2. IndexError if the tree did not grow so.
        """
        if not 0 < old <= new:
            raise IndexError(f"a tree of {new} leaves has not grown from one of {old}")
        proof = []
        start, end, is_whole = 0, new, True
        while old != end:
            middle = start + _split(end - start)
            if old <= middle:
                proof.append(self._root(middle, end))
                end = middle
            else:
                proof.append(self._root(start, middle))
                start, is_whole = middle, False
        if not is_whole:
            proof.append(self._root(start, end))
        return proof[::-1]

    def _root(self, start: int, end: int) -> bytes:
        """Of the leaves start to end, where the tree has a node for them."""
        leaves = end - start
        if leaves & (leaves - 1) == 0:
            return self._whole(leaves.bit_length() - 1, start)
        middle = start + _split(leaves)
        return bytes(node_hash(self._root(start, middle), self._root(middle, end)))

    def _whole(self, height: int, start: int) -> bytes:
        """Of 2**height leaves from `start`, folded from the next kept level below."""
        level, rest = divmod(height, TILE_HEIGHT)
        tile, first = divmod(start >> level * TILE_HEIGHT, WIDTH)
        hashes = self._tile(level, tile)[first : first + (1 << rest)]
        if len(hashes) != 1 << rest:
            raise LookupError(f"tile {tile} of level {level} is not whole")
        while len(hashes) > 1:
            hashes = [
                bytes(node_hash(hashes[at], hashes[at + 1])) for at in range(0, len(hashes), 2)
            ]
        return hashes[0]

    def _tile(self, level: int, number: int) -> list[bytes]:
        place = (level, number)
        if place not in self._tiles:
            self._tiles[place] = self._read_tile(level, number)
        return self._tiles[place]


def is_consistent(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Iterable[bytes]
) -> bool:
    """Whether a consistency proof leads from the old root to both roots.

    RFC 9162, section 2.1.4.2, which gives RFC 6962's proofs their check. A tree of no leaves is
    consistent with nothing here: its root says nothing about what came after.
    """
    path = list(proof)
    if not 1 <= old_size <= new_size or any(len(one) != HASH_BYTES for one in path):
        return False
    if old_size == new_size:
        return not path and old_root == new_root
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    roots = _roots_from(path, old_size - 1, new_size - 1)
    return roots == (old_root, new_root)


def _roots_from(path: list[bytes], old: int, new: int) -> tuple[bytes, bytes] | None:
    """Both roots that a path gives, from the indexes of the last leaves; None if it cannot fit."""
    if not path:
        return None
    while old & 1:
        old, new = old >> 1, new >> 1
    old_root = new_root = path[0]
    for step in path[1:]:
        if new == 0:
            return None
        if old & 1 or old == new:
            old_root, new_root = bytes(node_hash(step, old_root)), bytes(node_hash(step, new_root))
            while not old & 1 and old:
                old, new = old >> 1, new >> 1
        else:
            new_root = bytes(node_hash(new_root, step))
        old, new = old >> 1, new >> 1
    return (old_root, new_root) if new == 0 else None


def _split(size: int) -> int:
    """The largest power of two below a size of 2 or more: what the left subtree holds."""
    return 1 << ((size - 1).bit_length() - 1)
