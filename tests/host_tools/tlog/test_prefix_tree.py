"""The prefix tree: one tree for one content, and proofs that hold for nothing else."""

import hashlib
import random

import pytest
from wattseal.tlog import prefix_tree
from wattseal.tlog.prefix_tree import IndexProof, Leaves, Nodes, gather, key_of, root_from_proof

Content = dict[str, list[int]]


def grown(touches: list[list[str]]) -> tuple[Nodes, Content]:
    """The tree after entries that touched these names, one list for each."""
    nodes: Nodes = {}
    content: Content = {}
    for entry, names in enumerate(touches):
        prefix_tree.touch(nodes, names, entry)
        for name in names:
            content.setdefault(name, []).append(entry)
    return nodes, content


def by_definition(content: Content, prefix: str = "") -> bytes:
    """The root hash, word for word as docs/registry.md has it."""
    here = {
        name: entries
        for name, entries in content.items()
        if prefix_tree.bits_of(hashlib.sha256(name.encode()).digest()).startswith(prefix)
    }
    if not here:
        return hashlib.sha256(b"\x10").digest()
    if len(here) == 1:
        ((name, entries),) = here.items()
        value = hashlib.sha256(b"\x13").digest()
        for entry in entries:
            value = hashlib.sha256(b"\x13" + value + entry.to_bytes(8, "big")).digest()
        return hashlib.sha256(b"\x11" + hashlib.sha256(name.encode()).digest() + value).digest()
    halves = by_definition(here, prefix + "0") + by_definition(here, prefix + "1")
    return hashlib.sha256(b"\x12" + halves).digest()


def touches(size: int, seed: int) -> list[list[str]]:
    dice = random.Random(seed)
    return [
        sorted({f"key {dice.randrange(size)}" for _ in range(dice.randrange(4))})
        for _ in range(size)
    ]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 10, 300])
def test_the_tree_is_the_same_however_it_came_about(size):
    made = touches(size, size)
    nodes, content = grown(made)
    leaves: Leaves = {}
    for entry, names in enumerate(made):
        gather(leaves, map(key_of, names), entry)
    placed = {}
    root = prefix_tree.root_of(leaves, lambda one: placed.update({one.prefix: one.node}))
    assert root == prefix_tree.root_hash(nodes.get("")) == by_definition(content)
    assert placed == nodes


def test_what_is_there_and_what_is_not_are_proven():
    nodes, content = grown(touches(200, 7))
    root = nodes[""].hash
    for name in [*content, *(f"absent {number}" for number in range(100))]:
        proof = prefix_tree.prove(nodes, name)
        assert root_from_proof(name, content.get(name, []), proof) == root
        assert len(proof.beside) < 20


def test_a_list_that_is_not_the_whole_one_has_no_proof():
    nodes, content = grown(touches(200, 3))
    root = nodes[""].hash
    name = max(content, key=lambda name: len(content[name]))
    entries, proof = content[name], prefix_tree.prove(nodes, name)
    assert len(entries) > 2
    for lie in (entries[:-1], entries[1:], [*entries, 200], [entries[0], 199, *entries[1:]]):
        assert root_from_proof(name, sorted(set(lie)), proof) != root
    assert root_from_proof(name, [], proof) != root
    with pytest.raises(ValueError, match="order"):
        root_from_proof(name, [1, 1], proof)


def test_a_way_leads_to_each_name_and_to_no_other():
    nodes, content = grown(touches(60, 5))
    root = nodes[""].hash
    assert all(prefix_tree.leads(nodes, name, root) for name in content)
    assert not prefix_tree.leads(nodes, "absent", root)
    assert not prefix_tree.leads({}, "absent", prefix_tree.NOTHING)
    for prefix, node in nodes.items():
        for changed in (node._replace(second=bytes(32)), node._replace(is_leaf=not node.is_leaf)):
            bent = {**nodes, prefix: changed}
            assert not all(prefix_tree.leads(bent, name, root) for name in content)
        without = {at: one for at, one in nodes.items() if at != prefix}
        assert not all(prefix_tree.leads(without, name, root) for name in content)


def test_absence_is_not_proven_with_the_leaf_of_the_name_or_of_a_stranger():
    nodes, content = grown([["a"], ["b"], ["a"]])
    proof = prefix_tree.prove(nodes, "a")
    own = nodes[prefix_tree.bits_of(key_of("a"))[: len(proof.beside)]]
    with pytest.raises(ValueError, match="not on the way"):
        root_from_proof("a", [], IndexProof(proof.beside, (own.first, own.second)))
    with pytest.raises(ValueError, match="not on the way"):
        root_from_proof("a", [], IndexProof(proof.beside, (key_of("b"), bytes(32))))
    with pytest.raises(ValueError, match="another name"):
        root_from_proof("a", content["a"], IndexProof([], (key_of("b"), bytes(32))))
    with pytest.raises(ValueError, match="hashes beside"):
        root_from_proof("a", [0], IndexProof([b"short"], None))
    with pytest.raises(ValueError, match="hashes beside"):
        root_from_proof("a", [0], IndexProof([bytes(32)] * 257, None))
