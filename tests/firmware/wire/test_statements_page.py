"""The worked examples of docs/statements.md, checked by what the page says and nothing of ours."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "docs" / "generate_statements.py"
PAGE = (ROOT / "docs" / "statements.md").read_text(encoding="utf-8")

STATEMENT = b"wattseal.statement.v1\n"
OWNER = b"wattseal.owner.v1\n"
FIRMWARE = b"wattseal.firmware.v1\n"


def section(title: str) -> str:
    """What stands between a heading and the next one."""
    return re.search(rf"^#+ {title}\n(.*?)(?=^#|\Z)", PAGE, re.DOTALL | re.MULTILINE)[1]


def blocks(title: str) -> list[str]:
    return re.findall(r"```text\n(.*?)\n```", section(title), re.DOTALL)


KEYS = dict(
    re.findall(r"^(.+):\n\n```text\n(.+)\n```", section("Keys of the examples"), re.MULTILINE)
)


def holds(key: str, message: bytes, signature: str) -> bool:
    public = serialization.load_der_public_key(bytes.fromhex(key))
    try:
        public.verify(bytes.fromhex(signature), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


STATEMENTS = ["birth", "handover", "rollover", "farewell", "possession", "event_head"]


def test_the_page_is_up_to_date():
    finished = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("kind", STATEMENTS)
def test_statements_are_signed_under_their_prefix_and_no_other(kind):
    text, *signatures = blocks(kind)
    names = ["module, key 1", "module, key 2"]
    signers = {"birth": names[:1], "handover": names[:1]}.get(kind, names[1:])
    assert len(signatures) == len(signers)
    for signer, signature in zip(signers, signatures, strict=True):
        assert holds(KEYS[signer], STATEMENT + text.encode(), signature)
        for prefix in (b"", OWNER, FIRMWARE):
            assert not holds(KEYS[signer], prefix + text.encode(), signature)


def test_the_keys_in_the_statements_are_those_that_sign():
    birth, handover, rollover, farewell = (
        json.loads(blocks(kind)[0]) for kind in ("birth", "handover", "rollover", "farewell")
    )
    assert handover["public_key"] == birth["public_key"]
    assert handover["next_firmware_identity"] == rollover["firmware_identity"]
    digest = hashlib.sha256(blocks("handover")[0].encode()).hexdigest()
    assert rollover["handover_sha256"] == digest
    assert birth["public_key"] == rollover["old_public_key"] == KEYS["module, key 1"]
    assert rollover["public_key"] == farewell["public_key"] == KEYS["module, key 2"]
    assert rollover["old_firmware_identity"] == birth["firmware_identity"]


@pytest.mark.parametrize(
    ("title", "prefix", "signer"),
    [("Owner's challenge", OWNER, "owner"), ("Firmware manifest", FIRMWARE, "vendor")],
)
def test_challenges_and_manifest_are_signed_under_their_prefixes(title, prefix, signer):
    found = blocks(title)
    assert found
    for text, signature in zip(found[::2], found[1::2], strict=True):
        assert holds(KEYS[signer], prefix + text.encode(), signature)
        assert not holds(KEYS[signer], STATEMENT + text.encode(), signature)


VERSIONS = {"possession": 2, "registration": 2, "rollover": 2}
"""Of the forms that have changed."""


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        *((kind, kind) for kind in STATEMENTS),
        ("Entry of the log", "registration"),
        ("Owner's challenge", "owner"),
        ("Signed time", "time"),
        ("Firmware manifest", "firmware"),
    ],
)
def test_each_text_is_compact_json_with_the_members_of_its_table_in_order(title, kind):
    text = blocks(title)[0]
    members = json.loads(text)
    assert json.dumps(members, separators=(",", ":")) == text
    assert (members["type"], members["version"]) == (kind, VERSIONS.get(kind, 1))
    table = re.findall(r"^\| `(\w+)` \|", section(title), re.MULTILINE)
    assert table == list(members)


def checkpoint() -> tuple[str, list[tuple[str, bytes]]]:
    text, lines = blocks("Checkpoint")[0].split("\n\n")
    parts = [line.split(" ") for line in lines.split("\n")]
    assert all(dash == "\u2014" for dash, _, _ in parts)
    return text + "\n", [(name, base64.b64decode(blob)) for _, name, blob in parts]


def test_both_keys_of_the_registry_signed_the_checkpoint():
    text, ((first, of_ed25519), (second, of_ecdsa)) = checkpoint()
    name, key_id, typed = KEYS["registry, Ed25519"].split("+", 2)
    assert text.split("\n")[0] == first == second == name
    assert of_ed25519[:4].hex() == key_id
    raw = base64.b64decode(typed)[1:]
    ed25519.Ed25519PublicKey.from_public_bytes(raw).verify(of_ed25519[4:], text.encode())
    assert of_ecdsa[:4] == hashlib.sha256(bytes.fromhex(KEYS["registry"])).digest()[:4]
    assert holds(KEYS["registry"], text.encode(), of_ecdsa[4:].hex())


def test_the_proof_leads_from_the_entry_to_the_checkpoint():
    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\x01" + left + right).digest()

    leaf = hashlib.sha256(b"\x00" + blocks("Entry of the log")[0].encode()).digest()
    before, after = (bytes.fromhex(line) for line in blocks("Inclusion proof")[0].split("\n"))
    _, size, root = checkpoint()[0].split("\n")[:3]
    assert size == "3"
    assert node(node(before, leaf), after) == base64.b64decode(root)


def test_the_private_keys_are_what_the_page_says():
    for name, spki in KEYS.items():
        if "Ed25519" in name:
            continue
        seed = hashlib.sha256(f"wattseal example key: {name}".encode()).digest()
        key = ec.derive_private_key(int.from_bytes(seed), ec.SECP256R1()).public_key()
        made = key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        assert made.hex() == spki
