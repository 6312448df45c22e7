"""The rig's registry, checked with the code that a module runs."""

import hashlib
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from wattseal.wire import merkle, signed_note
from wattseal.wire.publication import read_leaf
from wattseal.wire.statements import build_statement, signed_bytes

from hil.registry import Registry, RegistryError

UNIX_MS = 1_772_362_800_000
IDENTITY = "ab" * 32


@pytest.fixture
def registry():
    made = Registry()
    made.grow(5)
    return made


@pytest.fixture
def key():
    return ec.generate_private_key(ec.SECP256R1())


def possession(key, challenge, **changes):
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    facts = {
        "challenge": challenge,
        "evse_id": "DE*WSL*E00001",
        "gateway_serial": "RIG-1",
        "meter_serial": "19285703",
        "meter_vendor": "Eastron",
        "meter_model": "SDM630",
        "chip_id": "e66058388372a432",
        "key_number": 1,
        "public_key": spki.hex(),
        "firmware": "0.1.0",
        "firmware_identity": IDENTITY,
        "commissioning": 1,
        "settings_sha256": "5e" * 32,
        "unix_ms": None,
        **changes,
    }
    text = build_statement("possession", **facts)
    return text, key.sign(signed_bytes(text), ec.ECDSA(hashes.SHA256())).hex()


def test_an_entry_is_proven_to_be_in_the_log(registry, key):
    statement, signature = possession(key, registry.challenge())
    published = registry.register(statement, signature, UNIX_MS)
    registry.grow(9)
    for found in (published, registry.publication(5), registry.publication(5, size=7)):
        text, signatures = signed_note.parse_note(found.checkpoint.encode())
        origin, size, root = signed_note.parse_checkpoint(text)
        assert origin == registry.name
        leaf_hash = merkle.leaf_hash(found.leaf.encode())
        assert merkle.root_from_inclusion_proof(5, size, leaf_hash, list(found.proof)) == root
        assert len(signatures) == 2
    leaf = read_leaf(published.leaf)
    assert leaf["evse_id"] == "DE*WSL*E00001"
    assert leaf["details"] == hashlib.sha256(statement.encode()).hexdigest()


def test_the_ecdsa_line_is_the_one_that_a_module_looks_for(registry):
    spki = bytes.fromhex(registry.settings["registry_key"])
    _, signatures = signed_note.parse_note(registry.publication(0).checkpoint.encode())
    assert signed_note.find_signature(signatures, registry.name, signed_note.ecdsa_key_id(spki))


def test_what_goes_over_the_link_is_what_is_in_the_file(registry):
    published = registry.publication(2)
    told = json.loads(published.text())
    params = published.params()
    assert bytes.fromhex(params["checkpoint"]).decode() == told["checkpoint"]
    assert params["proof"] == "".join(told["proof"])
    assert (params["leaf"], params["leaf_index"]) == (told["leaf"], told["leaf_index"])


def test_a_challenge_is_good_for_one_registration_of_this_registry(registry, key):
    statement, signature = possession(key, registry.challenge())
    registry.register(statement, signature, UNIX_MS)
    with pytest.raises(RegistryError, match="was used"):
        registry.register(statement, signature, UNIX_MS)
    with pytest.raises(RegistryError, match="not one of this registry"):
        Registry().register(statement, signature, UNIX_MS)


def test_a_key_that_is_not_possessed_is_not_registered(registry, key):
    statement, _ = possession(key, registry.challenge())
    other = ec.generate_private_key(ec.SECP256R1())
    wrong = other.sign(signed_bytes(statement), ec.ECDSA(hashes.SHA256())).hex()
    with pytest.raises(InvalidSignature):
        registry.register(statement, wrong, UNIX_MS)
    assert registry.size == 5


def test_another_statement_proves_nothing(registry):
    head = build_statement(
        "event_head",
        challenge=registry.challenge(),
        chip_id="e66058388372a432",
        key_number=1,
        number=1,
        chain="00" * 32,
        unix_ms=None,
    )
    with pytest.raises(RegistryError, match="no proof of possession"):
        registry.register(head, "00", UNIX_MS)
