"""Check a registry's log from outside: checkpoint, tiles, entries, records, index, confirmations.

Usage: python check_log.py URL --vkey KEY [--registry-key HEX] [--confirmed FILE]

URL is the registry's, KEY its Ed25519 key as clients of tile logs are given it, HEX its ECDSA key
as modules are. FILE holds one confirmation a line, as the registry answered it. Prints one line for
each thing found wrong and ends with status 1, or says what was checked.

Written from the specifications alone: RFC 6962 and RFC 9162 for the tree, C2SP signed-note,
tlog-checkpoint and tlog-tiles for the rest, docs/statements.md for the entries, docs/registry.md
for the index. It imports nothing
of the host tools, so that a mistake in them cannot hide itself here.
"""

import argparse
import base64
import hashlib
import json
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

TILE = 256
RECORDS_A_PAGE = 256
TIMEOUT_S = 60

Fetch = Callable[[str], bytes]


@dataclass
class Verdict:
    """What was found wrong, and how many things were looked at."""

    findings: list[str] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)

    def expect(self, holds: bool, finding: str) -> bool:
        """Note a finding unless the condition holds; the condition."""
        if not holds:
            self.findings.append(finding)
        return holds

    def count(self, what: str, number: int = 1) -> None:
        """Note that so many of a kind were looked at."""
        self.checked[what] = self.checked.get(what, 0) + number


@dataclass(frozen=True)
class Head:
    """A checkpoint."""

    origin: str
    size: int
    root: bytes


def leaf_hash(entry: bytes) -> bytes:
    """RFC 6962, section 2.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962, section 2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_root(leaves: list[bytes]) -> bytes:
    """The definition of the Merkle tree hash, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(tree_root(leaves[:split]), tree_root(leaves[split:]))


def inclusion_holds(leaf: bytes, index: int, head: Head, proof: list[bytes]) -> bool:
    """RFC 9162, section 2.1.3.2."""
    if index >= head.size:
        return False
    fn, sn, r = index, head.size - 1, leaf
    for p in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == head.root


def tile_name(level: str, number: int, width: int) -> str:
    """C2SP tlog-tiles: groups of three digits, all but the last behind an x."""
    groups = []
    rest = number
    while True:
        groups.insert(0, f"{rest % 1000:03}")
        rest //= 1000
        if not rest:
            break
    path = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    return f"tile/{level}/{path}" + ("" if width == TILE else f".p/{width}")


def read_head(note: bytes) -> tuple[Head, bytes, list[tuple[str, bytes]]]:
    """The checkpoint, the bytes that are signed, and name and blob of each signature."""
    text, _, lines = note.rpartition(b"\n\n")
    text += b"\n"
    origin, size, root = text.decode().split("\n")[:3]
    signatures = []
    for line in lines.decode().splitlines():
        mark, name, blob = line.split(" ")
        if mark != "\u2014":
            raise ValueError("a line of a signature does not begin with an em dash")
        signatures.append((name, base64.b64decode(blob, validate=True)))
    return Head(origin, int(size), base64.b64decode(root, validate=True)), text, signatures


def signed_by_ed25519(vkey: str, text: bytes, signatures: list[tuple[str, bytes]]) -> bool:
    """Whether the key of that line has signed the note."""
    name, key_id, coded = vkey.split("+", 2)
    typed = base64.b64decode(coded, validate=True)
    if hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4].hex() != key_id:
        return False
    key = ed25519.Ed25519PublicKey.from_public_bytes(typed[1:])
    for by, blob in signatures:
        if by == name and blob[:4].hex() == key_id:
            try:
                key.verify(blob[4:], text)
            except InvalidSignature:
                return False
            return True
    return False


def signed_by_ecdsa(spki: str, name: str, text: bytes, signatures: list[tuple[str, bytes]]) -> bool:
    """Whether the key that modules know has signed the note."""
    der = bytes.fromhex(spki)
    key = load_der_public_key(der)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    for by, blob in signatures:
        if by == name and blob[:4] == hashlib.sha256(der).digest()[:4]:
            try:
                key.verify(blob[4:], text, ec.ECDSA(SHA256()))
            except InvalidSignature:
                return False
            return True
    return False


def evse_name(evse_id: str) -> str:
    """docs/registry.md, names in the index: an EVSE-ID without the separators that say nothing."""
    stars = "".join(evse_id.split()).upper().replace("-", "*")
    if stars[0].isalpha():
        country, operator, own = stars.split("*", 2)
        return country + operator + own
    return stars


def touched_names(record: dict[str, Any]) -> set[str]:
    """docs/registry.md, names in the index: everything that a record is about."""
    if record["type"].startswith("access_"):
        return set()
    names = {"evse " + evse_name(record["evse_id"])}
    if record["type"] == "registration":
        names |= {key_name(record), "module " + record["chip_id"], meter_name(record["meter"])}
    for ended in [record["ended"]] if "ended" in record else []:
        names |= {"evse " + evse_name(one["evse_id"]) for one in ended["evses"]}
        names |= {key_name(one) for one in ended["keys"]}
        names |= {"module " + one["chip_id"] for one in ended["modules"]}
        names |= {meter_name(one) for one in ended["meters"]}
    return names


def key_name(told: dict[str, Any]) -> str:
    """Of a public key."""
    return "key " + hashlib.sha256(bytes.fromhex(told["public_key"])).hexdigest()


def meter_name(meter: dict[str, Any]) -> str:
    """Of a meter."""
    parts = ("".join(meter[part].split()).upper() for part in ("manufacturer", "serial"))
    return " ".join(("meter", *parts))


def index_root(touched: dict[str, list[int]]) -> bytes:
    """docs/registry.md, the tree of the index, word for word."""
    leaves = []
    for name, entries in touched.items():
        value = hashlib.sha256(b"\x13").digest()
        for number in entries:
            value = hashlib.sha256(b"\x13" + value + number.to_bytes(8, "big")).digest()
        leaves.append((hashlib.sha256(name.encode()).digest(), value))
    return prefix_root(leaves, 0)


def prefix_root(leaves: list[tuple[bytes, bytes]], depth: int) -> bytes:
    """The hash of the place at that depth where these leaves are."""
    if not leaves:
        return hashlib.sha256(b"\x10").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x11" + b"".join(leaves[0])).digest()
    halves: tuple[list[tuple[bytes, bytes]], list[tuple[bytes, bytes]]] = ([], [])
    for leaf in leaves:
        halves[leaf[0][depth // 8] >> 7 - depth % 8 & 1].append(leaf)
    below = b"".join(prefix_root(half, depth + 1) for half in halves)
    return hashlib.sha256(b"\x12" + below).digest()


class LogCheck:
    """One log, downloaded and recomputed."""

    def __init__(self, fetch: Fetch, vkey: str, registry_key: str | None) -> None:
        self.fetch = fetch
        self.vkey = vkey
        self.registry_key = registry_key
        self.verdict = Verdict()
        self.entries: list[bytes] = []
        self.leaves: list[bytes] = []
        self.touched: dict[str, list[int]] = {}
        self.known_roots: dict[tuple[int, int], bytes] = {}

    def run(self, confirmed: list[str]) -> Verdict:
        """Check all of it."""
        heads = json.loads(self.fetch("v1/heads"))
        head = self.check_note(heads["checkpoint"].encode(), "the checkpoint")
        self.download_entries(head.size)
        self.verdict.expect(tree_root(self.leaves) == head.root, "the root is not the entries'")
        self.check_tiles()
        self.check_records()
        self.check_index(heads["index"].encode(), head)
        for number, line in enumerate(confirmed, 1):
            self.check_confirmation(json.loads(line), f"confirmation {number}")
        return self.verdict

    def check_note(self, note: bytes, what: str) -> Head:
        """A checkpoint's signatures; what it says."""
        head, text, signatures = read_head(note)
        expect = self.verdict.expect
        expect(signed_by_ed25519(self.vkey, text, signatures), f"{what}: Ed25519 does not hold")
        if self.registry_key:
            holds = signed_by_ecdsa(self.registry_key, head.origin, text, signatures)
            expect(holds, f"{what}: ECDSA does not hold")
        expect(head.origin == self.vkey.split("+")[0], f"{what}: is of another log")
        return head

    def download_entries(self, size: int) -> None:
        """All bundles; fills entries and leaves."""
        for number in range(-(-size // TILE)):
            width = min(TILE, size - number * TILE)
            bundle = self.fetch("log/" + tile_name("entries", number, width))
            entries, at = [], 0
            while at < len(bundle):
                length = int.from_bytes(bundle[at : at + 2], "big")
                entries.append(bundle[at + 2 : at + 2 + length])
                at += 2 + length
            self.verdict.expect(
                at == len(bundle) and len(entries) == width, f"bundle {number} is cut short"
            )
            self.entries += entries
        self.leaves = [leaf_hash(entry) for entry in self.entries]
        self.verdict.count("entries", len(self.entries))
        doubled = len(self.entries) - len(set(self.entries))
        self.verdict.expect(not doubled, f"{doubled} entries are there twice")

    def check_tiles(self) -> None:
        """Every tile of every level, whole and partial."""
        level, hashes = 0, self.leaves
        while hashes:
            for number in range(-(-len(hashes) // TILE)):
                own = hashes[number * TILE : (number + 1) * TILE]
                name = tile_name(str(level), number, len(own))
                self.verdict.expect(self.fetch("log/" + name) == b"".join(own), f"{name} is wrong")
                self.verdict.count("tiles")
            whole = range(len(hashes) // TILE)
            hashes = [tree_root(hashes[at * TILE : (at + 1) * TILE]) for at in whole]
            level += 1

    def check_records(self) -> None:
        """Every record against the entry that commits to it."""
        for first in range(0, len(self.entries), RECORDS_A_PAGE):
            count = min(RECORDS_A_PAGE, len(self.entries) - first)
            for line in json.loads(self.fetch(f"v1/records?first={first}&count={count}")):
                self.check_record(first, line)
                first += 1

    def check_record(self, number: int, line: dict[str, Any]) -> None:
        """The record of one line of the list."""
        expect = self.verdict.expect
        leaf, record = str(line["leaf"]), str(line["record"])
        expect(line["number"] == number, f"record {number} is not in its place")
        expect(leaf.encode() == self.entries[number], f"record {number} has another entry")
        committed = json.loads(leaf)
        digest = hashlib.sha256(record.encode()).hexdigest()
        expect(committed["details"] == digest, f"entry {number} commits to another record")
        told = json.loads(record)
        for name in ("evse_id", "gateway_serial", "chip_id", "key_number", "public_key", "unix_ms"):
            if name in committed:
                expect(committed[name] == told[name], f"entry {number} says another {name}")
        for name in touched_names(told):
            self.touched.setdefault(name, []).append(number)
        self.verdict.count("records")

    def check_index(self, note: bytes, head: Head) -> None:
        """The root of the index against all that the records name."""
        index, text, signatures = read_head(note)
        expect = self.verdict.expect
        expect(signed_by_ed25519(self.vkey, text, signatures), "the index: Ed25519 does not hold")
        expect(index.origin == f"{head.origin}/index", "the index is of another log")
        expect(index.size == head.size, "the index is of another size than the checkpoint")
        expect(index.root == index_root(self.touched), "the index is not that of the records")
        self.verdict.count("names", len(self.touched))

    def check_confirmation(self, answer: dict[str, object], what: str) -> None:
        """What somebody was once told: it must be in the log of today, and be provable."""
        publication = answer["publication"]
        assert isinstance(publication, dict)
        index, leaf = publication["leaf_index"], publication["leaf"].encode()
        expect = self.verdict.expect
        expect(index == answer["entry"], f"{what}: the entry's number is not the proof's")
        if expect(index < len(self.entries), f"{what}: entry {index} is lost"):
            expect(self.entries[index] == leaf, f"{what}: entry {index} is another one now")
        head = self.check_note(publication["checkpoint"].encode(), what)
        proof = [bytes.fromhex(each) for each in publication["proof"]]
        expect(inclusion_holds(leaf_hash(leaf), index, head, proof), f"{what}: no proof")
        expect(self.root_of(0, head.size) == head.root, f"{what}: the log was rewritten")
        self.verdict.count("confirmations")

    def root_of(self, start: int, end: int) -> bytes:
        """Of some of the leaves; remembers what it has computed, for there may be many answers."""
        if end - start < 2 or end > len(self.leaves):
            return tree_root(self.leaves[start:end])
        if (start, end) not in self.known_roots:
            split = 1
            while split * 2 < end - start:
                split *= 2
            halves = self.root_of(start, start + split), self.root_of(start + split, end)
            self.known_roots[start, end] = node_hash(*halves)
        return self.known_roots[start, end]


def over_http(url: str) -> Fetch:
    """Fetches paths below a URL."""

    def fetch(path: str) -> bytes:
        address = url.rstrip("/") + "/" + path
        with urllib.request.urlopen(address, timeout=TIMEOUT_S) as answer:  # noqa: S310
            content: bytes = answer.read()
        return content

    return fetch


def main(arguments: list[str]) -> int:
    """Command line; exit status 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--vkey", required=True)
    parser.add_argument("--registry-key")
    parser.add_argument("--confirmed", type=Path)
    options = parser.parse_args(arguments)
    confirmed = options.confirmed.read_text().splitlines() if options.confirmed else []
    verdict = LogCheck(over_http(options.url), options.vkey, options.registry_key).run(confirmed)
    for finding in verdict.findings:
        print(finding)
    if not verdict.findings:
        print("checked:", ", ".join(f"{count} {what}" for what, count in verdict.checked.items()))
    return 1 if verdict.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
