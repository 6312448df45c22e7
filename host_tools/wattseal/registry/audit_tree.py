"""The tree that an auditor builds of the entries himself, held against the tiles that are served.

Everything below one root is computed anew here; the tiles are only compared. They are what proofs
are made of, so a wrong hash in them is a fault of the registry even where the root is right.
"""

from __future__ import annotations

from wattseal.registry.audit_report import Findings
from wattseal.registry.log_source import LogSource
from wattseal.tlog.growing_tree import GrowingTree
from wattseal.tlog.tiles import WIDTH, Tile


class AuditTree:
    """Takes leaf hashes in order and compares each tile of the levels above as soon as it is full.

    `roots` has the root at each size that was to be watched.
    """

    def __init__(self, source: LogSource, findings: Findings, watched: set[int]) -> None:
        self._source = source
        self._findings = findings
        self._tree = GrowingTree()
        self.roots = {0: self._tree.root()} if 0 in watched else {}
        self._watched = watched

    def append(self, leaf_hash: bytes) -> None:
        """Take the next leaf's hash. Raises NotServedError if a tile is missing."""
        before = {level: list(hashes) for level, hashes in self._full_edges()}
        for node in self._tree.append(leaf_hash):
            if node.level in before:
                self._compare(node.level, node.number // WIDTH, [*before[node.level], node.hash])
        if self._tree.size in self._watched:
            self.roots[self._tree.size] = self._tree.root()

    def finish(self) -> None:
        """Compare the partial tiles at the right edge."""
        for level, hashes in enumerate(self._tree.edge):
            if level and hashes:
                number = self._tree.size // WIDTH ** (level + 1)
                self._compare(level, number, hashes)

    def _full_edges(self) -> list[tuple[int, list[bytes]]]:
        """Levels above 0 whose tile is full but for one hash."""
        levels = enumerate(self._tree.edge)
        return [(level, each) for level, each in levels if level and len(each) == WIDTH - 1]

    def _compare(self, level: int, number: int, own: list[bytes]) -> None:
        served = self._source.hashes(Tile(level, number, len(own)))
        for at, (mine, theirs) in enumerate(zip(own, served, strict=True)):
            if mine != theirs:
                self._findings.add("node_wrong", level=level, number=number * WIDTH + at)
