"""The tree that an auditor builds of the entries himself, held against the tiles that are served.

Everything below one root is computed anew here; the tiles are only compared. They are what proofs
are made of, so a wrong hash in them is a fault of the registry even where the root is right.
"""

from __future__ import annotations

from wattseal.registry.audit_report import Findings
from wattseal.registry.log_source import LogSource
from wattseal.tlog.frontier import Frontier
from wattseal.tlog.tiles import WIDTH, Tile


class AuditTree:
    """Takes leaf hashes in order and compares each tile of the levels above as soon as it is full.

    `roots` has the root at each size that was to be watched.
    """

    def __init__(self, source: LogSource, findings: Findings, watched: set[int]) -> None:
        self._source = source
        self._findings = findings
        self._watched = watched
        self._frontier = Frontier()
        self._edges: dict[int, list[bytes]] = {}
        self.roots: dict[int, bytes] = {}
        self._watch()

    def append(self, leaf_hash: bytes) -> None:
        """Take the next leaf's hash. Raises NotServedError if a tile is missing."""
        for node in self._frontier.append(leaf_hash):
            edge = self._edges.setdefault(node.level, [])
            edge.append(node.hash)
            if len(edge) == WIDTH:
                self._compare(node.level, node.number // WIDTH, edge)
                edge.clear()
        self._watch()

    def finish(self) -> None:
        """Compare the partial tiles at the right edge."""
        for level, edge in self._edges.items():
            if edge:
                self._compare(level, self._frontier.size // WIDTH ** (level + 1), edge)

    def _watch(self) -> None:
        if self._frontier.size in self._watched:
            self.roots[self._frontier.size] = self._frontier.root()

    def _compare(self, level: int, number: int, own: list[bytes]) -> None:
        served = self._source.hashes(Tile(level, number, len(own)))
        for at, (mine, theirs) in enumerate(zip(own, served, strict=True)):
            if mine != theirs:
                self._findings.add("node_wrong", level=level, number=number * WIDTH + at)
