"""The right edge of a log's tree as one hash for each bit of its size: enough to go on with.

The hashes are the roots of the largest whole subtrees, from the left. Before a leaf is added they
are, from the right, the very hashes that prove it in the tree that it completes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from wattseal.wire.merkle import HASH_BYTES, node_hash
from wattseal.wire.sha256 import sha256

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
