"""Challenges of the registry: known again without having been kept."""

from support.registry.simulated_module import SimulatedModule
from wattseal.registry.rules.proof import CHALLENGE_MS
from wattseal.registry.service import Challenges

NOW = 1_795_251_600_000


def test_for_an_hour_and_by_every_process_of_the_registry():
    made = Challenges(b"key").make(NOW)
    assert made.until_unix_ms == NOW + CHALLENGE_MS
    other = Challenges(b"key")
    assert other.judge(made.challenge, NOW) == "good"
    assert other.judge(made.challenge, made.until_unix_ms) == "good"
    assert other.judge(made.challenge, made.until_unix_ms + 1) == "expired"


def test_none_twice():
    challenges = Challenges(b"key")
    assert len({challenges.make(NOW).challenge for _ in range(100)}) == 100


def test_one_of_another_registry():
    made = Challenges(b"other key").make(NOW)
    assert Challenges(b"key").judge(made.challenge, NOW) == "unknown"


def test_changed_cut_or_none():
    challenges = Challenges(b"key")
    challenge = challenges.make(NOW).challenge
    data = bytes.fromhex(challenge)
    for at in range(len(data)):
        bent = bytearray(data)
        bent[at] ^= 1
        assert challenges.judge(bent.hex(), NOW) == "unknown"
        assert challenges.judge(data[:at].hex(), NOW) == "unknown"
    for text in (challenge + "00", "", "zz", "0" * 79, "ü"):
        assert challenges.judge(text, NOW) == "unknown"


def test_a_module_can_sign_it():
    challenge = Challenges(b"key").make(NOW).challenge
    assert challenge in SimulatedModule().prove(challenge).statement
