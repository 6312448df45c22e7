"""The offline challenge never changes: technicians' tools and registries must agree on it."""

import hashlib

from wattseal.device.owner import offline_challenge


def test_its_bytes() -> None:
    text = b"wattseal.offline-challenge.v1\nregistry.example/keys\ne66138935f4c8b2a"
    expected = hashlib.sha256(text).hexdigest()
    assert offline_challenge("registry.example/keys", "e66138935f4c8b2a") == expected
    assert expected == "e4611426da092f157f1d298b29c31381af2b65a3b693fd4c25c34a959574c96b"


def test_it_is_another_for_another_registry_or_module() -> None:
    made = {offline_challenge(name, chip) for name in ("a", "b") for chip in ("c", "d")}
    assert len(made) == 4
