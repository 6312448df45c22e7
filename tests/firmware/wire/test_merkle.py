"""Merkle proofs against the recursive definitions of RFC 6962, written down here once more."""

import hashlib

import pytest
from wattseal.wire.merkle import (
    ProofError,
    leaf_hash,
    node_hash,
    root_from_inclusion_proof,
    split_hashes,
)

LARGEST_TREE = 33

# The example tree that implementations of RFC 6962 share: its leaves, its root at each size.
KNOWN_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
KNOWN_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def split_of(size: int) -> int:
    """The largest power of two below size."""
    return 1 << (size - 1).bit_length() - 1


def tree_head(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, for one entry or more."""
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = split_of(len(entries))
    return hashlib.sha256(b"\x01" + tree_head(entries[:k]) + tree_head(entries[k:])).digest()


def audit_path(index: int, entries: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1."""
    if len(entries) == 1:
        return []
    k = split_of(len(entries))
    if index < k:
        return [*audit_path(index, entries[:k]), tree_head(entries[k:])]
    return [*audit_path(index - k, entries[k:]), tree_head(entries[:k])]


ENTRIES = [b"entry %d" % n for n in range(LARGEST_TREE)]
TREES = [ENTRIES[:size] for size in range(1, LARGEST_TREE + 1)]
HEADS = [tree_head(tree) for tree in TREES]


def root(index: int, tree: list[bytes], proof: list[bytes]) -> bytes:
    return root_from_inclusion_proof(index, len(tree), leaf_hash(tree[index]), proof)


def every_place():
    for tree, head in zip(TREES, HEADS, strict=True):
        for index in range(len(tree)):
            yield index, tree, audit_path(index, tree), head


@pytest.mark.parametrize("size", range(1, 9))
def test_the_known_tree_has_its_known_roots(size):
    tree = KNOWN_LEAVES[:size]
    assert tree_head(tree).hex() == KNOWN_ROOTS[size - 1]
    for index in range(size):
        assert root(index, tree, audit_path(index, tree)).hex() == KNOWN_ROOTS[size - 1]


def test_leaves_and_nodes_are_hashed_apart():
    assert leaf_hash(b"ab") == hashlib.sha256(b"\x00ab").digest()
    assert node_hash(b"a", b"b") == hashlib.sha256(b"\x01ab").digest()


def test_every_leaf_of_every_tree_leads_to_its_root():
    for index, tree, proof, head in every_place():
        assert root(index, tree, proof) == head


def test_a_proof_cut_short_or_with_a_hash_too_many_is_refused():
    for index, tree, proof, _ in every_place():
        for cut in range(len(proof)):
            with pytest.raises(ProofError, match="below the root"):
                root(index, tree, proof[:cut])
        with pytest.raises(ProofError, match="beyond the root"):
            root(index, tree, [*proof, bytes(32)])


def test_no_other_index_leads_to_the_root():
    for index, tree, proof, head in every_place():
        for other in range(len(tree)):
            if other != index:
                try:
                    found = root_from_inclusion_proof(
                        other, len(tree), leaf_hash(tree[index]), proof
                    )
                except ProofError:
                    continue
                assert found != head


def test_no_other_entry_and_no_corrupted_hash_leads_to_the_root():
    tree, head = TREES[10], HEADS[10]
    for index in range(len(tree)):
        proof = audit_path(index, tree)
        for level, beside in enumerate(proof):
            for at in range(32):
                bad = bytearray(beside)
                bad[at] ^= 1
                assert root(index, tree, [*proof[:level], bytes(bad), *proof[level + 1 :]]) != head
        wrong = leaf_hash(tree[index] + b"\x00")
        assert root_from_inclusion_proof(index, len(tree), wrong, proof) != head


def test_a_node_is_no_leaf():
    """The second preimage that the prefixes are there against."""
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    head = tree_head([b"a", b"b"])
    assert root_from_inclusion_proof(0, 1, leaf_hash(left + right), []) != head


@pytest.mark.parametrize(
    ("index", "size"), [(0, 0), (1, 1), (-1, 1), (3, 3), (0, -1), (0, 1 << 53)]
)
def test_an_index_outside_the_tree_or_an_impossible_size_is_refused(index, size):
    with pytest.raises(ProofError):
        root_from_inclusion_proof(index, size, bytes(32), [])


def test_hashes_of_another_length_are_refused():
    for beside in (b"", bytes(31), bytes(33)):
        with pytest.raises(ProofError, match="32 bytes"):
            root_from_inclusion_proof(0, 2, bytes(32), [beside])


def test_the_largest_log_wants_53_hashes():
    size = (1 << 53) - 1
    for index in (0, 1 << 52, size - 1):
        for count in range(60):
            try:
                root_from_inclusion_proof(index, size, bytes(32), [bytes(32)] * count)
            except ProofError:
                continue
            assert count == 53 or index == size - 1


def test_hashes_in_a_row_are_split():
    assert split_hashes(b"") == []
    assert split_hashes(b"a" * 32 + b"b" * 32) == [b"a" * 32, b"b" * 32]
    for length in (1, 31, 33, 63):
        with pytest.raises(ProofError, match="cut short"):
            split_hashes(bytes(length))
