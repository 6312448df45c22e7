"""The tree against the published vectors, itself, and proofs that are wrong by one thing."""

import pytest

from hil import transparency_log as tree

# Entries and roots of the test data of certificate-transparency (RFC 6962), by tree size.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
OTHER = bytes([7]) * 32
BIGGEST = 20
LEAVES = [tree.leaf_hash(bytes([number])) for number in range(BIGGEST)]


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_root_of_the_published_trees(size: int) -> None:
    hashes = [tree.leaf_hash(entry) for entry in ENTRIES[:size]]
    assert tree.root(hashes).hex() == ROOTS[size]


def test_inclusion_proof_of_the_published_tree() -> None:
    hashes = [tree.leaf_hash(entry) for entry in ENTRIES]
    assert [one.hex() for one in tree.inclusion_proof(hashes, 0)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]


@pytest.mark.parametrize("size", range(1, BIGGEST + 1))
def test_every_leaf_of_every_tree_is_included(size: int) -> None:
    leaves = LEAVES[:size]
    for index in range(size):
        proof = tree.inclusion_proof(leaves, index)
        found = tree.root_from_inclusion_proof(index, size, leaves[index], proof)
        assert found == tree.root(leaves)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_no_inclusion_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(IndexError):
        tree.inclusion_proof(LEAVES[:size], index)


@pytest.mark.parametrize("new", range(1, BIGGEST + 1))
def test_every_tree_is_consistent_with_every_smaller_one(new: int) -> None:
    new_root = tree.root(LEAVES[:new])
    for old in range(1, new + 1):
        proof = tree.consistency_proof(LEAVES[:new], old)
        assert tree.is_consistent(old, tree.root(LEAVES[:old]), new, new_root, proof)


@pytest.mark.parametrize("new", range(2, BIGGEST + 1))
def test_a_proof_that_is_wrong_by_one_thing_shows_nothing(new: int) -> None:
    new_root = tree.root(LEAVES[:new])
    for old in range(1, new):
        proof = tree.consistency_proof(LEAVES[:new], old)
        old_root = tree.root(LEAVES[:old])
        assert not tree.is_consistent(old, OTHER, new, new_root, proof)
        assert not tree.is_consistent(old, old_root, new, OTHER, proof)
        assert not tree.is_consistent(old, old_root, new, new_root, proof[:-1])
        assert not tree.is_consistent(old, old_root, new, new_root, [*proof, OTHER])
        for at in range(len(proof)):
            altered = [*proof[:at], OTHER, *proof[at + 1 :]]
            assert not tree.is_consistent(old, old_root, new, new_root, altered)


def test_a_log_that_was_rewritten_is_not_consistent() -> None:
    rewritten = [OTHER, *LEAVES[1:8]]
    proof = tree.consistency_proof(rewritten, 5)
    assert not tree.is_consistent(5, tree.root(LEAVES[:5]), 8, tree.root(rewritten), proof)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (-1, 3), (0, 0)])
def test_sizes_that_no_proof_fits(old: int, new: int) -> None:
    assert not tree.is_consistent(old, tree.root([]), new, tree.root(LEAVES[:new]), [])
    with pytest.raises(IndexError):
        tree.consistency_proof(LEAVES[:new], old)


def test_same_size_needs_the_same_root_and_no_proof() -> None:
    same = tree.root(LEAVES[:3])
    assert tree.is_consistent(3, same, 3, same, [])
    assert not tree.is_consistent(3, same, 3, OTHER, [])
    assert not tree.is_consistent(3, same, 3, same, [OTHER])
