"""The independent checker finds what was changed in a log, and nothing in an honest one."""

import hashlib
import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from wattseal.tlog.checkpoint import Checkpoint, EcdsaSigner, Ed25519Signer, sign_note
from wattseal.tlog.prefix_tree import Leaves, gather, key_of, root_of
from wattseal.tlog.tiles import WIDTH, Tile, pack_entries

from hil import transparency_log as tree
from hil.transparency_log import tiles_at

SCRIPT = Path(__file__).with_name("check_log.py")
NAME = "registry.example/keys"
SIZE = 600
ED = Ed25519Signer(NAME, ed25519.Ed25519PrivateKey.from_private_bytes(b"7" * 32))
ECDSA = EcdsaSigner(NAME, ec.derive_private_key(7, ec.SECP256R1()))
OTHER = Ed25519Signer(NAME, ed25519.Ed25519PrivateKey.from_private_bytes(b"8" * 32))
KEY = "ab" * 91
STATION = {"type": "deactivation", "evse_id": "DE*ABC*E1*2"}
ENDED = {
    "evses": [{"evse_id": "+49*823*1*1"}],
    "keys": [{"public_key": KEY}],
    "modules": [{"chip_id": "0011"}],
    "meters": [{"manufacturer": "E m h", "serial": "1emh 7"}],
}
TOUCHED = (
    *("evse DEABCE1*2", "evse +49*823*1*1", "module 0011", "meter EMH 1EMH7"),
    f"key {hashlib.sha256(bytes.fromhex(KEY)).hexdigest()}",
)


@pytest.fixture(scope="module")
def checker() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("check_log", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["check_log"] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["check_log"]


class FakeLog:
    """Everything that is served about a log, by path; a test changes what it likes."""

    def __init__(self) -> None:
        self.records = [json.dumps({"type": "access_revoked", "unix_ms": n}) for n in range(SIZE)]
        self.records[5] = json.dumps(STATION | {"unix_ms": 5})
        self.records[590] = json.dumps(STATION | {"unix_ms": 590, "ended": ENDED})
        digests = [hashlib.sha256(record.encode()).hexdigest() for record in self.records]
        facts = enumerate(digests)
        self.leaves = [json.dumps({"unix_ms": n, "details": digest}) for n, digest in facts]
        self.hashes = [bytes(tree.leaf_hash(leaf.encode())) for leaf in self.leaves]
        self.files: dict[str, bytes] = {}
        self.tell_heads()
        for tile in tiles_at(SIZE):
            own = self.level(tile.level)[tile.number * WIDTH :][: tile.width]
            self.files["log/" + tile.path] = b"".join(own)
        for number in range(3):
            leaves = [leaf.encode() for leaf in self.leaves[number * WIDTH :][:WIDTH]]
            path = Tile(None, number, len(leaves)).path
            self.files["log/" + path] = pack_entries(leaves)
            self.files[f"v1/records?first={number * WIDTH}&count={len(leaves)}"] = self.page(number)

    def level(self, level: int | None) -> list[bytes]:
        if not level:
            return self.hashes
        below = self.level(level - 1)
        whole = range(len(below) // WIDTH)
        return [tree.root(below[at * WIDTH : (at + 1) * WIDTH]) for at in whole]

    def page(self, number: int) -> bytes:
        numbers = range(number * WIDTH, min(SIZE, (number + 1) * WIDTH))
        lines = [{"number": n, "leaf": self.leaves[n], "record": self.records[n]} for n in numbers]
        return json.dumps(lines).encode()

    def note(self, size: int, signers: Any = (ED, ECDSA)) -> str:
        return str(sign_note(Checkpoint(NAME, size, tree.root(self.hashes[:size])).text, signers))

    def tell_heads(self, signers: Any = (ED, ECDSA), index: str | None = None) -> None:
        heads = {"checkpoint": self.note(SIZE, signers), "index": index or self.index()}
        self.files["v1/heads"] = json.dumps(heads, ensure_ascii=False).encode()

    def index(self, missing: str = "", size: int = SIZE, name: str = f"{NAME}/index") -> str:
        touched = {5: TOUCHED[:1], 590: TOUCHED}
        leaves: Leaves = {}
        for number, names in touched.items():
            gather(leaves, [key_of(one) for one in names if one != missing], number)
        return str(sign_note(Checkpoint(name, size, root_of(leaves)).text, [ED]))

    def confirmation(self, number: int, size: int) -> dict[str, Any]:
        proof = tree.inclusion_proof(self.hashes[:size], number)
        publication = {
            "checkpoint": self.note(size),
            "leaf": self.leaves[number],
            "leaf_index": number,
            "proof": [each.hex() for each in proof],
        }
        return {"entry": number, "publication": publication}

    def findings(self, checker: ModuleType, *confirmed: dict[str, Any]) -> list[str]:
        check = checker.LogCheck(self.files.__getitem__, ED.public.vkey, ECDSA.public.spki.hex())
        found: list[str] = check.run([json.dumps(each) for each in confirmed]).findings
        self.checked = check.verdict.checked
        return found


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


def test_an_honest_log(checker: ModuleType, log: FakeLog) -> None:
    confirmed = [log.confirmation(at, at + 1) for at in range(0, SIZE, 37)]
    confirmed.append(log.confirmation(3, SIZE))
    assert log.findings(checker, *confirmed) == []
    assert log.checked == {
        "entries": 600,
        "tiles": 4,
        "records": 600,
        "names": 5,
        "confirmations": 18,
    }


@pytest.mark.parametrize("path", sorted(FakeLog().files))
def test_one_changed_byte_in_any_file(checker: ModuleType, log: FakeLog, path: str) -> None:
    content = bytearray(log.files[path])
    digits = [at for at, byte in enumerate(content) if 0x30 <= byte <= 0x37]
    is_text = not path.startswith("log/tile/") or "entries" in path
    at = digits[-1] if is_text else len(content) // 2  # what is JSON or a note stays one
    content[at] ^= 1
    log.files[path] = bytes(content)
    assert log.findings(checker)


def test_other_keys(checker: ModuleType, log: FakeLog) -> None:
    log.tell_heads((OTHER, ECDSA))
    assert log.findings(checker) == ["the checkpoint: Ed25519 does not hold"]
    log.tell_heads((ED,))
    assert log.findings(checker) == ["the checkpoint: ECDSA does not hold"]


def test_another_index(checker: ModuleType, log: FakeLog) -> None:
    for name in TOUCHED:
        log.tell_heads(index=log.index(missing=name))
        assert log.findings(checker) == ["the index is not that of the records"]
    log.tell_heads(index=log.index(name=NAME))
    assert log.findings(checker) == ["the index is of another log"]
    log.tell_heads(index=log.index(size=SIZE - 1))
    assert log.findings(checker) == ["the index is of another size than the checkpoint"]


def test_an_entry_that_is_there_twice(checker: ModuleType, log: FakeLog) -> None:
    log.leaves[599] = log.leaves[598]
    path = "log/" + Tile(None, 2, 88).path
    log.files[path] = pack_entries([leaf.encode() for leaf in log.leaves[512:]])
    assert "1 entries are there twice" in log.findings(checker)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"entry": 6}, "confirmation 1: the entry's number is not the proof's"),
        ({"leaf_index": 6, "entry": 6}, "confirmation 1: entry 6 is another one now"),
        ({"leaf_index": 601, "entry": 601}, "confirmation 1: entry 601 is lost"),
        ({"proof": []}, "confirmation 1: no proof"),
    ],
)
def test_a_confirmation_that_does_not_hold(
    checker: ModuleType, log: FakeLog, change: dict[str, Any], finding: str
) -> None:
    answer = log.confirmation(5, 10)
    answer["publication"].update({k: v for k, v in change.items() if k != "entry"})
    answer["entry"] = change.get("entry", 5)
    assert finding in log.findings(checker, answer)


def test_a_log_that_was_rewritten(checker: ModuleType, log: FakeLog) -> None:
    answer = log.confirmation(5, 10)
    log.hashes[2] = bytes(32)
    answer["publication"]["checkpoint"] = log.note(10)
    assert "confirmation 1: the log was rewritten" in log.findings(checker, answer)
