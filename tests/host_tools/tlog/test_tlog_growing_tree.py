"""A tree that grows: the same root as of all leaves, the same nodes as their subtrees."""

import pytest
from wattseal.tlog import tree
from wattseal.tlog.growing_tree import GrowingTree

LEAVES = [bytes(tree.leaf_hash(str(number).encode())) for number in range(700)]


def grown(size: int) -> GrowingTree:
    growing = GrowingTree()
    for leaf in LEAVES[:size]:
        growing.append(leaf)
    return growing


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 513, 700])
def test_root_is_that_of_all_leaves(size: int) -> None:
    assert grown(size).root() == tree.root(LEAVES[:size])


def test_nodes_are_the_roots_of_whole_tiles() -> None:
    growing = GrowingTree()
    nodes = [node for leaf in LEAVES for node in growing.append(leaf)]
    assert [(node.level, node.number) for node in nodes] == [(1, 0), (1, 1)]
    assert nodes[1].hash == tree.root(LEAVES[256:512])


def test_a_node_of_level_2() -> None:
    growing = GrowingTree(65535, [[b"\0" * 32] * 255, [b"\1" * 32] * 255])
    first, second = growing.append(b"\0" * 32)
    assert (first.level, first.number) == (1, 255)
    assert (second.level, second.number) == (2, 0)
    assert second.hash == tree.root([b"\1" * 32] * 255 + [first.hash])
    assert growing.edge == [[], [], [second.hash]]
    assert growing.root() == second.hash


def test_going_on_from_an_edge() -> None:
    half = grown(300)
    growing = GrowingTree(half.size, half.edge)
    for leaf in LEAVES[300:]:
        growing.append(leaf)
    assert growing.root() == tree.root(LEAVES)
    assert half.size == 300  # the first one was not touched


def test_an_edge_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="level 0"):
        GrowingTree(257, [[], [LEAVES[0]]])
