"""A Merkle prefix tree: maps names to the entries that touched them, and proves both ways.

Specified in docs/registry.md (the index). A key is the SHA-256 of a name, a leaf stands at the
shortest prefix of its key that no other key has, and a value is a chain of hashes over the numbers
of entries. The tree of a set of keys and values is one, in whatever order they came. The caller
brings the storage.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

HASH_BYTES = 32
KEY_BITS = 256

# RFC 6962 has 0x00 and 0x01: no node of one tree can pass for one of the other.
_EMPTY, _LEAF, _INNER, _CHAIN = b"\x10", b"\x11", b"\x12", b"\x13"


def _hash(tag: bytes, first: bytes = b"", second: bytes = b"") -> bytes:
    return hashlib.sha256(tag + first + second).digest()


NOTHING = _hash(_EMPTY)
"""The hash of a place where there is no key."""

NO_ENTRIES = _hash(_CHAIN)
"""The value before the first entry."""


def key_of(name: str) -> bytes:
    """Where a name stands in the tree."""
    return hashlib.sha256(name.encode()).digest()


def chained(value: bytes, entry: int) -> bytes:
    """The value once one more entry has touched the name."""
    return _hash(_CHAIN, value, entry.to_bytes(8, "big"))


def value_of(entries: Iterable[int]) -> bytes:
    """The value of a name that these entries touched, in their order."""
    value = NO_ENTRIES
    for entry in entries:
        value = chained(value, entry)
    return value


class Node(NamedTuple):
    """What stands at a prefix: of a leaf its key and value, else the hashes of both halves."""

    is_leaf: bool
    first: bytes
    second: bytes

    @property
    def hash(self) -> bytes:
        """What the node above holds of it, or the root."""
        return _hash(_LEAF if self.is_leaf else _INNER, self.first, self.second)

    def below(self, bit: int) -> bytes:
        """Of an inner node: the hash of its half for that bit."""
        return self.second if bit else self.first

    def with_below(self, bit: int, beneath: bytes) -> Node:
        """An inner node whose half for that bit has this hash."""
        halves = (self.first, beneath) if bit else (beneath, self.second)
        return Node(False, *halves)


Nodes = dict[str, Node]
"""By prefix, written as noughts and ones; the root's is empty."""


def bits_of(key: bytes) -> str:
    """All bits of a key as noughts and ones, the most significant first."""
    return f"{int.from_bytes(key, 'big'):0{KEY_BITS}b}"


def root_hash(root: Node | None) -> bytes:
    """Of a tree with this root; None is of one without names."""
    return root.hash if root else NOTHING


def touch(nodes: Nodes, names: Iterable[str], entry: int) -> Nodes:
    """Let an entry touch names; the nodes that are others now.

    nodes: those on the ways to the names, down to a leaf or to where there is nothing; changed.
    """
    changed: Nodes = {}
    for name in names:
        changed |= _touch(nodes, key_of(name), entry)
        nodes |= changed
    return changed


def _touch(nodes: Nodes, key: bytes, entry: int) -> Nodes:
    bits = bits_of(key)
    depth = _depth(nodes, bits)
    there = nodes.get(bits[:depth])
    changed: Nodes = {}
    if there is not None and there.first != key:
        # The leaf of another key goes down to where the two part.
        other, top = bits_of(there.first), depth
        while bits[depth] == other[depth]:
            depth += 1
        changed[other[: depth + 1]] = there
        for length in range(top, depth + 1):
            nodes[bits[:length]] = Node(False, NOTHING, NOTHING)
        nodes[bits[:depth]] = Node(False, NOTHING, NOTHING).with_below(
            int(other[depth]), there.hash
        )
        depth, there = depth + 1, None
    value = chained(there.second if there else NO_ENTRIES, entry)
    changed[bits[:depth]] = beneath = Node(True, key, value)
    for length in range(depth - 1, -1, -1):
        above = nodes[bits[:length]].with_below(int(bits[length]), beneath.hash)
        changed[bits[:length]] = beneath = above
    return changed


def _depth(nodes: Mapping[str, Node], bits: str) -> int:
    """Where the way to a key ends: at a leaf, or where there is nothing."""
    depth = 0
    while (node := nodes.get(bits[:depth])) is not None and not node.is_leaf:
        depth += 1
    return depth


def leads(nodes: Mapping[str, Node], name: str, root: bytes) -> bool:
    """Whether the way from the root ends at this name's leaf, each node holding the next one."""
    key = key_of(name)
    bits, expected = bits_of(key), root
    for depth, bit in enumerate(bits):
        node = nodes.get(bits[:depth])
        if node is None or node.hash != expected:
            return False
        if node.is_leaf:
            return node.first == key
        expected = node.below(int(bit))
    return False


class Leaf(NamedTuple):
    """Of a name: its value, and the newest entry that it is of."""

    value: bytes
    entry: int


Leaves = dict[bytes, Leaf]
"""By key: a whole tree, as it is kept while a log is read from its first entry on."""


def gather(leaves: Leaves, keys: Iterable[bytes], entry: int) -> None:
    """Let an entry touch what has these keys."""
    for key in keys:
        before = leaves.get(key)
        leaves[key] = Leaf(chained(before.value if before else NO_ENTRIES, entry), entry)


class Placed(NamedTuple):
    """A node at its place, and the newest entry that any of its leaves is of."""

    prefix: str
    node: Node
    entry: int


Place = Callable[[Placed], object]


def root_of(leaves: Leaves, place: Place | None = None) -> bytes:
    """The root hash of the tree; `place` is given each node, after those below it."""
    keys = sorted(leaves)
    return _subtree(leaves, keys, (0, len(keys)), "", place)[0]


def _subtree(
    leaves: Leaves, keys: Sequence[bytes], span: tuple[int, int], prefix: str, place: Place | None
) -> tuple[bytes, int]:
    """The hash at a prefix and its newest entry; span: of the keys that begin with it."""
    start, end = span
    if start == end:
        return NOTHING, 0
    if end - start == 1:
        leaf = leaves[keys[start]]
        node, newest = Node(True, keys[start], leaf.value), leaf.entry
    else:
        middle = bisect_left(keys, _first_with(prefix + "1"), start, end)
        left, early = _subtree(leaves, keys, (start, middle), prefix + "0", place)
        right, late = _subtree(leaves, keys, (middle, end), prefix + "1", place)
        node, newest = Node(False, left, right), max(early, late)
    if place:
        place(Placed(prefix, node, newest))
    return node.hash, newest


def _first_with(prefix: str) -> bytes:
    """The lowest key that begins so."""
    return int(prefix.ljust(KEY_BITS, "0"), 2).to_bytes(HASH_BYTES, "big")


class IndexProof(NamedTuple):
    """The hashes beside the way from the root to a name, root's end first.

    other: key and value of the leaf of another name at its end, None if there is none.
    """

    beside: list[bytes]
    other: tuple[bytes, bytes] | None


def prove(nodes: Mapping[str, Node], name: str) -> IndexProof:
    """That a name is there, or is not. nodes: as for `touch`."""
    key = key_of(name)
    bits = bits_of(key)
    depth = _depth(nodes, bits)
    end = nodes.get(bits[:depth])
    beside = [nodes[bits[:at]].below(1 - int(bits[at])) for at in range(depth)]
    is_other = end is not None and end.first != key
    return IndexProof(beside, (end.first, end.second) if end and is_other else None)


def root_from_proof(name: str, entries: Sequence[int], proof: IndexProof) -> bytes:
    """The root that the tree must have if just these entries touched the name.

    None at all: it is not there. ValueError if the proof can be of no tree.
    """
    key, depth = key_of(name), len(proof.beside)
    bits = bits_of(key)
    if depth > KEY_BITS or {len(one) for one in proof.beside} - {HASH_BYTES}:
        raise ValueError("the hashes beside the way are not those of a tree")
    if entries:
        if proof.other is not None:
            raise ValueError("it has the leaf of another name beside entries")
        if any(late <= early for early, late in pairwise(entries)):
            raise ValueError("its entries are not in order")
        above = Node(True, key, value_of(entries)).hash
    elif proof.other is None:
        above = NOTHING
    else:
        other, value = proof.other
        if other == key or len(other) != HASH_BYTES or bits_of(other)[:depth] != bits[:depth]:
            raise ValueError("the leaf at its end is not on the way to the name")
        above = Node(True, other, value).hash
    for bit, beside in zip(bits[depth - 1 :: -1] if depth else "", proof.beside[::-1], strict=True):
        above = _hash(_INNER, *((beside, above) if bit == "1" else (above, beside)))
    return above
