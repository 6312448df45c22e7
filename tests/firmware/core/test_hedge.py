"""Entropy added to nonces: from health-tested noise or not at all, and signing goes on without."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from support.core.library import Core, Hedge, new_hedge
from support.core.noise import from_samples, good, periodic

DIGEST = hashlib.sha256(b"sample").digest()
STATEMENT_PREFIX = b"wattseal.statement.v1\n"


def seeded(core: Core, seed: int = 5) -> Hedge:
    hedge = new_hedge()
    assert core.hedge_seed(hedge, good(seed), b"chip") == "ok"
    return hedge


def test_nothing_is_drawn_without_a_hedge_or_a_seed(core: Core) -> None:
    assert core.hedge_draw(None) is None
    assert core.hedge_draw(new_hedge()) is None


@pytest.mark.parametrize("samples", [periodic([1]), periodic([0, 1]), []], ids=["1", "01", "none"])
def test_bad_noise_leaves_it_without_a_seed(core: Core, samples) -> None:
    for hedge in (new_hedge(), seeded(core)):
        assert core.hedge_seed(hedge, from_samples(samples), b"chip") == "entropy"
        assert core.hedge_draw(hedge) is None
        assert bytes(hedge) == bytes(len(hedge))


def test_too_long_a_personalisation_is_refused(core: Core) -> None:
    hedge = new_hedge()
    assert core.hedge_seed(hedge, good(1), bytes(33)) == "argument"
    assert core.hedge_draw(hedge) is None


def test_what_is_drawn_is_the_drbgs_over_seed_and_chip(core: Core) -> None:
    hedge = seeded(core)
    drawn = [core.hedge_draw(hedge) for _ in range(3)]
    assert drawn == core.drbg(core.entropy_seed(good(5))[1], b"chip", [32, 32, 32])
    assert core.hedge_draw(seeded(core, 6)) not in drawn


def test_each_signature_draws_once_and_a_refused_one_does_not(core: Core, keyed) -> None:
    flash, hedge = keyed(), seeded(core)
    draws = core.drbg(core.entropy_seed(good(5))[1], b"chip", [32] * 4)
    assert core.key_sign(flash, DIGEST, hedge=hedge)[0] == "ok"
    assert core.sign_record(flash, b"{}", hedge=hedge)[0] == "ok"
    assert core.sign_statement(flash, b"{}", hedge=hedge)[0] == "ok"
    assert core.key_sign(flash, DIGEST, number=2, hedge=hedge)[0] == "no_key"
    assert core.sign_record(flash, b"", hedge=hedge)[0] == "argument"
    assert core.sign_statement(flash, b"", hedge=hedge)[0] == "argument"
    assert core.hedge_draw(hedge) == draws[3]


def test_without_a_seed_the_nonce_is_the_plain_one(core: Core, keyed) -> None:
    plain = core.key_sign(keyed(), DIGEST)
    assert core.key_sign(keyed(), DIGEST, hedge=new_hedge()) == plain
    assert core.sign_record(keyed(), b"{}", hedge=new_hedge()) == core.sign_record(keyed(), b"{}")
    with_unseeded = core.sign_statement(keyed(), b"{}", hedge=new_hedge())
    assert with_unseeded == core.sign_statement(keyed(), b"{}")


def test_openssl_accepts_hedged_signatures(core: Core, keyed) -> None:
    flash, hedge = keyed(), seeded(core)
    public_key = load_der_public_key(core.key_public(flash)[1])
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    for i in range(20):
        text = b"{%d}" % i
        error, der = core.sign_statement(flash, text, hedge=hedge)
        assert error == "ok"
        public_key.verify(der, STATEMENT_PREFIX + text, ec.ECDSA(SHA256()))


def test_no_two_hedged_signatures_of_one_digest_have_the_same_nonce(core: Core, keyed) -> None:
    flash, hedge = keyed(), seeded(core)
    signatures = [core.key_sign(flash, DIGEST, hedge=hedge)[1] for _ in range(20)]
    signatures += [core.key_sign(flash, DIGEST)[1]]
    assert len({signature[:32] for signature in signatures}) == 21
