"""A log's tree that grows by one leaf at a time and keeps only its right edge.

What has become a whole tile is given to the caller as one hash of the level above and forgotten,
so that a log of any size takes a few thousand hashes to go on with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wattseal.tlog.tiles import WIDTH
from wattseal.wire.merkle import node_hash
from wattseal.wire.sha256 import sha256


class Node(NamedTuple):
    """Hash number `number` of a tile level: the root of 256**level leaves."""

    level: int
    number: int
    hash: bytes


class GrowingTree:
    """The hashes of each level that do not fill a tile yet: its right edge.

    edge: the hashes of level 0, 1, ... that an earlier tree had there, to go on from it.
    """

    def __init__(self, size: int = 0, edge: Sequence[Sequence[bytes]] = ()) -> None:
        self.size = size
        self.edge: list[list[bytes]] = [list(hashes) for hashes in edge]
        for level in range(len(self.edge)):
            if len(self.edge[level]) != (size // WIDTH**level) % WIDTH:
                raise ValueError(f"the edge of level {level} is not that of {size} leaves")

    def append(self, leaf_hash: bytes) -> list[Node]:
        """Take the next leaf's hash; the nodes of level 1 and above that it completes."""
        self.size += 1
        completed: list[Node] = []
        level, node = 0, leaf_hash
        while True:
            if level == len(self.edge):
                self.edge.append([])
            hashes = self.edge[level]
            hashes.append(node)
            if len(hashes) < WIDTH:
                return completed
            level, node = level + 1, _root_of_whole(hashes)
            hashes.clear()
            completed.append(Node(level, self.size // WIDTH**level - 1, node))

    def root(self) -> bytes:
        """The root hash of the tree as it is now (RFC 6962, section 2.1)."""
        above: bytes | None = None
        for hashes in self.edge:
            end = len(hashes)
            for bit in range(WIDTH.bit_length()):
                if not len(hashes) >> bit & 1:
                    continue
                start = end - (1 << bit)
                part = _root_of_whole(hashes[start:end])
                above = part if above is None else bytes(node_hash(part, above))
                end = start
        return bytes(sha256(b"")) if above is None else above


def _root_of_whole(hashes: Sequence[bytes]) -> bytes:
    """Of as many hashes as a power of two."""
    level = list(hashes)
    while len(level) > 1:
        level = [bytes(node_hash(level[at], level[at + 1])) for at in range(0, len(level), 2)]
    return level[0]
