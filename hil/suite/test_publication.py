"""The module itself checks the proof that its key is published, and believes nothing else."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from wattseal.wire.publication import build_leaf

from hil import transparency_log as tree
from hil.registry import Publication, Registry, RegistryError
from hil.suite.judge import judge
from hil.suite.module import REGISTRY, SETTINGS, Module

ATTACKS_OF_A_SAMPLE = (
    *("forged signature", "impostor", "proof cut short", "another key", "another meter"),
)
"""On the emulated chip, where checking a signature takes seconds."""

UNCHANGED = ("state", "sealed", "publication", "commissioning", "key_number")

IMPOSTOR = Registry()
"""Calls itself as the right one does, but has other keys."""


def replaced(note: str, old: str, new: str) -> str:
    """The note with one piece changed, which must be in it."""
    assert old in note
    return note.replace(old, new, 1)


def lines_of(note: str, mark: str = "\u2014") -> list[str]:
    return [line for line in note.split("\n") if line.startswith(mark)]


def flipped(line: str) -> str:
    """A signature line with a bit changed in the middle of its signature."""
    head, _, text = line.rpartition(" ")
    middle = len(text) // 2
    letter = "A" if text[middle] != "A" else "B"
    return f"{head} {text[:middle]}{letter}{text[middle + 1 :]}"


def with_other_leaf(published: Publication, **changes: Any) -> Publication:
    """The registry publishes, properly signed, an entry that says something else."""
    facts = {**json.loads(published.leaf), **changes}
    facts = {name: facts[name] for name in facts if name not in ("type", "version")}
    REGISTRY.append(build_leaf(**facts))
    return REGISTRY.publication(REGISTRY.size - 1)


def with_note(published: Publication, change: Callable[[str], str]) -> Publication:
    return dataclasses.replace(published, checkpoint=change(published.checkpoint))


def attacks(published: Publication) -> dict[str, tuple[Publication, str]]:
    """Name, what is brought to the module, and a word of the cause that it must give."""
    _ed25519, ecdsa = lines_of(published.checkpoint)
    size = int(published.checkpoint.split("\n")[1])
    log = published.leaf_index
    other_key = IMPOSTOR.settings["registry_key"]
    return {
        "forged signature": (
            with_note(published, lambda note: replaced(note, ecdsa, flipped(ecdsa))),
            "signature",
        ),
        "no line of the key that counts": (
            with_note(published, lambda note: replaced(note, ecdsa + "\n", "")),
            "signature",
        ),
        "signed twice": (
            with_note(published, lambda note: note + ecdsa + "\n"),
            "signature",
        ),
        "other size under the same signature": (
            with_note(published, lambda note: replaced(note, f"\n{size}\n", f"\n{size + 1}\n")),
            "signature",
        ),
        "impostor": (
            dataclasses.replace(
                published,
                checkpoint=IMPOSTOR.checkpoint(tree.root(REGISTRY.leaf_hashes()), REGISTRY.size),
            ),
            "signature",
        ),
        "another log": (
            dataclasses.replace(
                published,
                checkpoint=REGISTRY.checkpoint(
                    tree.root(REGISTRY.leaf_hashes()), REGISTRY.size, "other.example/keys"
                ),
            ),
            "another log",
        ),
        "note cut short": (with_note(published, lambda note: note[:-10]), ""),
        "text without signatures": (
            with_note(published, lambda note: note.split("\n\n")[0] + "\n"),
            "",
        ),
        "proof cut short": (dataclasses.replace(published, proof=published.proof[:-1]), ""),
        "proof too long": (
            dataclasses.replace(published, proof=(*published.proof, bytes(32))),
            "",
        ),
        "proof with another hash": (
            dataclasses.replace(published, proof=(bytes(32), *published.proof[1:])),
            "root",
        ),
        "no proof": (dataclasses.replace(published, proof=()), ""),
        "another place": (dataclasses.replace(published, leaf_index=log - 1), ""),
        "a place outside the log": (dataclasses.replace(published, leaf_index=size), ""),
        "an entry that is not in the log": (
            dataclasses.replace(
                published, leaf=replaced(published.leaf, '"unix_ms":1', '"unix_ms":2')
            ),
            "root",
        ),
        "an entry in other words": (
            dataclasses.replace(published, leaf=replaced(published.leaf, ":", ": ")),
            "",
        ),
        "another key": (with_other_leaf(published, public_key=other_key), "public_key"),
        "another key number": (with_other_leaf(published, key_number=7), "key_number"),
        "another meter": (with_other_leaf(published, meter_serial="4711"), "meter_serial"),
        "another gateway": (with_other_leaf(published, gateway_serial="X"), "gateway_serial"),
        "another charge point": (with_other_leaf(published, evse_id="DE*OTH*E1"), "evse_id"),
        "another chip": (with_other_leaf(published, chip_id="00" * 8), "chip_id"),
        "another firmware": (
            with_other_leaf(published, firmware_identity="00" * 32),
            "firmware_identity",
        ),
        "another commissioning": (with_other_leaf(published, commissioning=999), "commissioning"),
    }


def test_no_forged_proof_makes_a_module_operational(
    unsealed_module: Module, target: str, pytestconfig: pytest.Config
) -> None:
    module = unsealed_module
    first = module.next_event()
    REGISTRY.grow(REGISTRY.size + 3)  # so that a proof has several hashes
    # A charge point of its own makes this a commissioning that no proof was given for.
    module.configure(charge_point_id=f"DE*WSL*E{REGISTRY.size:05}")
    module.client.call("seal")
    published = module.register()
    before = {name: module.status()[name] for name in UNCHANGED}
    assert before["state"] == "unregistered"
    everything = pytestconfig.getoption("--all") or target == "unix"
    for name, (forged, word) in attacks(published).items():
        if not (everything or name in ATTACKS_OF_A_SAMPLE):
            continue
        refusal = module.client.refusal("accept_publication", **forged.params())
        assert refusal.name == "publication_refused", name
        assert word in refusal.detail["cause"], (name, refusal.detail)
        assert {field: module.status()[field] for field in UNCHANGED} == before, name

    assert module.client.call("accept_publication", **published.params())["state"] == "operational"
    check_that_the_log_must_not_shrink(module, published)
    module.unseal()  # what was refused too often to be logged at once is logged before that
    assert "publication_refused" in json.dumps(module.told_events(first))
    module.configure()
    judge(module)


def check_that_the_log_must_not_shrink(module: Module, published: Publication) -> None:
    """Neither an older nor another log is taken after a newer one was."""
    index = published.leaf_index
    REGISTRY.grow(REGISTRY.size + 5)
    newest = REGISTRY.publication(index)
    module.client.call("accept_publication", **newest.params())
    refusal = module.client.refusal("accept_publication", **published.params())
    assert "smaller" in refusal.detail["cause"]
    forked = REGISTRY.forked(index)
    refusal = module.client.refusal("accept_publication", **forked.params())
    assert "another root" in refusal.detail["cause"]
    assert module.status()["state"] == "operational"
    module.client.call("accept_publication", **newest.params())  # the same again does no harm


@pytest.mark.thorough("rp2040")
def test_a_proof_of_an_earlier_commissioning_is_worth_nothing(unsealed_module: Module) -> None:
    module = unsealed_module
    module.client.call("seal")
    if module.status()["state"] != "operational":
        module.publish()
    old = module.register()
    module.client.call("accept_publication", **old.params())
    module.unseal()
    module.configure(gateway_serial="RIG-7")
    module.client.call("seal")
    assert module.status()["state"] == "unregistered"
    refusal = module.client.refusal("accept_publication", **old.params())
    assert refusal.name == "publication_refused"
    assert module.status()["state"] == "unregistered"
    module.unseal()
    module.configure()


def test_nothing_is_proven_or_accepted_without_a_seal(unsealed_module: Module) -> None:
    client = unsealed_module.client
    assert client.refusal("prove", challenge="00" * 16).name == "not_sealed"
    published = REGISTRY.publication(0).params()
    assert client.refusal("accept_publication", **published).name == "not_sealed"
    assert unsealed_module.status()["state"] == "unregistered"


def test_the_proof_of_possession_says_who_and_where(module: Module) -> None:
    challenge = REGISTRY.challenge()
    told = module.client.call("prove", challenge=challenge)
    facts = json.loads(told["statement"])
    assert facts["type"] == "possession"
    assert facts["challenge"] == challenge
    assert facts["public_key"] == module.client.call("public_key")["public_key"]
    assert (facts["chip_id"], facts["evse_id"], facts["meter_serial"], facts["gateway_serial"]) == (
        module.hello["chip_id"],
        SETTINGS["charge_point_id"],
        SETTINGS["meter_serial"],
        SETTINGS["gateway_serial"],
    )
    assert facts["firmware_identity"] == module.hello["firmware_identity"]
    REGISTRY.register(told["statement"], told["signature"], module.unix_ms)
    with pytest.raises(RegistryError, match="was used"):
        REGISTRY.register(told["statement"], told["signature"], module.unix_ms)
