"""A transparency log's tree and tiles, computed each time from all of its leaves.

The emulated registries prove with it, and the tests compare the product's stored tree with it.
Everything follows from a list of 32-byte leaf hashes (`leaf_hash` of each entry). RFC 6962, section
2.1, with proofs in the same order as there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wattseal.tlog.tiles import MAX_LEVEL, WIDTH, Tile, width_at
from wattseal.tlog.tree import is_consistent, leaf_hash, root_from_inclusion_proof
from wattseal.wire.digests import sha256
from wattseal.wire.merkle import node_hash

__all__ = (
    "consistency_proof",
    "inclusion_proof",
    "is_consistent",
    "leaf_hash",
    "root",
    "root_from_inclusion_proof",
    "tiles_at",
)

Hashes = Sequence[bytes]


def root(leaf_hashes: Hashes) -> bytes:
    """Root hash of the whole tree, 32 bytes; of no leaves, the SHA-256 of nothing."""
    return _root(leaf_hashes, 0, len(leaf_hashes)) if leaf_hashes else bytes(sha256(b""))


def inclusion_proof(leaf_hashes: Hashes, index: int) -> list[bytes]:
    """The hashes that lead from a leaf to the root (section 2.1.1), leaf's end first.

    Raises IndexError if the tree has no leaf of that index (0 is the first).
    """
    if not 0 <= index < len(leaf_hashes):
        raise IndexError(f"the tree has no leaf {index}")
    return _path(leaf_hashes, index, 0, len(leaf_hashes))


def consistency_proof(leaf_hashes: Hashes, old_size: int) -> list[bytes]:
    """The hashes that show that the tree of the first `old_size` leaves grew into this one.

    Section 2.1.2; empty if the sizes are equal. Raises IndexError unless 1 <= old_size <= size.
    """
    if not 1 <= old_size <= len(leaf_hashes):
        raise IndexError(f"the tree never had {old_size} leaves")
    return _subproof(leaf_hashes, old_size, 0, len(leaf_hashes), is_known=True)


def _root(hashes: Hashes, start: int, end: int) -> bytes:
    if end - start == 1:
        return hashes[start]
    middle = start + _split(end - start)
    return bytes(node_hash(_root(hashes, start, middle), _root(hashes, middle, end)))


def _path(hashes: Hashes, index: int, start: int, end: int) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(hashes, index, start, middle), _root(hashes, middle, end)]
    return [*_path(hashes, index, middle, end), _root(hashes, start, middle)]


def _subproof(hashes: Hashes, old_end: int, start: int, end: int, *, is_known: bool) -> list[bytes]:
    """SUBPROOF of the leaves start to end; `is_known` if the old root is this subtree's."""
    if old_end == end:
        return [] if is_known else [_root(hashes, start, end)]
    middle = start + _split(end - start)
    if old_end <= middle:
        inner = _subproof(hashes, old_end, start, middle, is_known=is_known)
        return [*inner, _root(hashes, middle, end)]
    inner = _subproof(hashes, old_end, middle, end, is_known=False)
    return [*inner, _root(hashes, start, middle)]


def _split(size: int) -> int:
    """The largest power of two below a size of 2 or more: what the left subtree holds."""
    return 1 << ((size - 1).bit_length() - 1)


def tiles_at(size: int) -> Iterator[Tile]:
    """All tiles of hashes that a log of that size has, levels upwards."""
    for level in range(MAX_LEVEL + 1):
        hashes = size // WIDTH**level
        for number in range(-(-hashes // WIDTH)):
            yield Tile(level, number, width_at(level, number, size))
