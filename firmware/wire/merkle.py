"""Merkle tree hashing of a transparency log (RFC 6962, section 2.1).

The tree of n entries splits at the largest power of two below n, and so on down to the leaves. An
inclusion proof is the list of the hashes beside the path from a leaf up to the root.
"""

from .digests import sha256

HASH_BYTES = 32

_MAX_SIZE = (1 << 53) - 1


class ProofError(ValueError):
    """The proof cannot be one of that leaf in a tree of that size; the message says why."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry's bytes."""
    return sha256(b"\x00" + entry)


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbouring subtrees."""
    return sha256(b"\x01" + left + right)


def split_hashes(data: bytes) -> list[bytes]:
    """The hashes in data, where they follow one another; ProofError if the last is cut short."""
    if len(data) % HASH_BYTES:
        raise ProofError("a hash of the proof is cut short")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def root_from_inclusion_proof(
    index: int, size: int, entry_hash: bytes, proof: list[bytes]
) -> bytes:
    """The root that the tree must have if the proof holds; the caller compares it.

    index: of the leaf, from 0. entry_hash: from leaf_hash. proof: hashes of 32 bytes, from the
    leaf up. ProofError if the index is outside the tree, or a hash too many or too few is given.
    """
    if not 0 < size <= _MAX_SIZE:
        raise ProofError("no tree of that size has an entry")
    if not 0 <= index < size:
        raise ProofError("the index is outside the tree")
    if any(len(beside) != HASH_BYTES for beside in proof):
        raise ProofError("a hash of the proof is not 32 bytes long")
    # The node we are at and the last node of its level, each counted from 0 (RFC 9162, 2.1.3.2).
    node, last, above = index, size - 1, entry_hash
    for beside in proof:
        if last == 0:
            raise ProofError("the proof has hashes beyond the root")
        if node & 1 or node == last:
            above = node_hash(beside, above)
            while node and not node & 1:  # no neighbour on these levels: the node is its parent
                node, last = node >> 1, last >> 1
        else:
            above = node_hash(above, beside)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofError("the proof ends below the root")
    return above
