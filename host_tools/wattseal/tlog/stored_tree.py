"""Roots and proofs of a tree of which every eighth level is kept: a few tiles are read for each."""

from __future__ import annotations

from collections.abc import Callable

from wattseal.tlog.frontier import TILE_HEIGHT
from wattseal.tlog.tiles import WIDTH
from wattseal.wire.merkle import node_hash
from wattseal.wire.sha256 import sha256

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


def _split(size: int) -> int:
    """The largest power of two below a size of 2 or more."""
    return 1 << ((size - 1).bit_length() - 1)
