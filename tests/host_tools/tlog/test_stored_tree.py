"""A tree that is kept as every eighth level, against the tree computed from all leaves."""

import hashlib

import pytest
from wattseal.tlog.tree import Frontier, StoredTree

from hil import transparency_log as tree

LEAVES = [hashlib.sha256(b"%d" % number).digest() for number in range(700)]


def kept(count: int) -> dict[int, list[bytes]]:
    """All kept levels of a tree."""
    levels: dict[int, list[bytes]] = {0: LEAVES[:count]}
    growing = Frontier()
    for leaf in LEAVES[:count]:
        for level, number, node in growing.append(leaf):
            assert number == len(levels.setdefault(level, []))
            levels[level].append(node)
    return levels


def stored(levels: dict[int, list[bytes]]) -> StoredTree:
    return StoredTree(lambda level, number: levels[level][number * 256 : number * 256 + 256])


@pytest.mark.parametrize("size", [*range(1, 20), 255, 256, 257, 300, 511, 512, 513, 699])
def test_roots_and_proofs_are_those_of_the_whole_tree(size):
    levels = kept(len(LEAVES))
    tested = stored(levels)
    assert tested.root(size) == tree.root(LEAVES[:size])
    for index in {0, size // 3, size // 2, size - 1, min(255, size - 1), min(256, size - 1)}:
        expected = tree.inclusion_proof(LEAVES[:size], index)
        assert tested.inclusion_proof(index, size) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 19, 255, 256, 257, 513, 699])
def test_a_stored_tree_shows_how_it_grew(size):
    tested = stored(kept(len(LEAVES)))
    for old in {1, size // 3 or 1, size // 2 or 1, min(256, size), max(1, size - 1), size}:
        assert tested.consistency_proof(old, size) == tree.consistency_proof(LEAVES[:size], old)
    for old in (0, size + 1):
        with pytest.raises(IndexError, match="has not grown"):
            tested.consistency_proof(old, size)


def test_a_million_leaves_take_few_tiles():
    reads = []
    levels = {
        level: [hashlib.sha256(b"%d" % number).digest() for number in range(1_000_000 >> 8 * level)]
        for level in range(3)
    }
    tested = StoredTree(
        lambda level, number: (
            reads.append((level, number)) or levels[level][number * 256 : number * 256 + 256]
        )
    )
    assert 18 <= len(tested.inclusion_proof(123_456, 999_999)) <= 20
    assert len(reads) <= 5


def test_the_frontier_grows_as_the_whole_tree():
    frontier = Frontier()
    assert frontier.root() == tree.root([])
    for size, leaf in enumerate(LEAVES):
        assert frontier.next_proof() == tree.inclusion_proof(LEAVES[: size + 1], size)
        frontier = Frontier.from_bytes(size, frontier.to_bytes())
        frontier.append(leaf)
        assert frontier.root() == tree.root(LEAVES[: size + 1])


def test_nodes_are_the_roots_of_whole_tiles():
    frontier = Frontier()
    nodes = [node for leaf in LEAVES for node in frontier.append(leaf)]
    assert [(node.level, node.number) for node in nodes] == [(1, 0), (1, 1)]
    assert nodes[1].hash == tree.root(LEAVES[256:512])


def test_one_leaf_completes_nodes_of_two_levels():
    frontier = Frontier(65_535, [bytes([height]) * 32 for height in range(16, 0, -1)])
    first, second = frontier.append(bytes(32))
    assert (first.level, first.number) == (1, 255)
    assert (second.level, second.number) == (2, 0)
    assert frontier.hashes == [second.hash] == [frontier.root()]


def test_hashes_of_another_size():
    with pytest.raises(ValueError, match="3 leaves"):
        Frontier(3, LEAVES[:1])
    with pytest.raises(ValueError, match="1 leaves"):
        Frontier.from_bytes(1, b"short")


def test_no_such_leaf():
    for index, size in ((0, 0), (3, 3), (-1, 3)):
        with pytest.raises(IndexError):
            stored(kept(10)).inclusion_proof(index, size)
    with pytest.raises(LookupError, match="tile 0 of level 0 is not whole"):
        stored(kept(10)).root(11)
