"""A factory-fresh module makes its key at first boot, once, and only from good noise."""

import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from hil.setup import Setup
from hil.suite.module import MakeModule

OTHER_CHIP_ID = bytes.fromhex("0102030405060708")


@pytest.mark.needs("power")
def test_a_fresh_module_makes_a_key_says_so_and_keeps_it(make_module: MakeModule) -> None:
    module = make_module(Setup())
    assert module.status()["state"] == "unregistered"
    made = module.client.call("public_key")
    assert made["key_number"] == 1
    key = load_der_public_key(bytes.fromhex(made["public_key"]))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert len(made["public_key"]) == 2 * 91
    assert module.event_names() == ["started", "key_made"]
    told = json.loads(module.events()[1]["entry"])["detail"]["sha256"]
    assert told == hashlib.sha256(bytes.fromhex(made["public_key"])).hexdigest()

    module.restart()
    assert module.client.call("public_key") == made
    assert module.event_names() == ["started", "key_made", "started"]


@pytest.mark.needs("power")
def test_two_chips_make_two_keys_and_tell_their_own_ids(make_module: MakeModule) -> None:
    modules = [make_module(Setup()), make_module(Setup(chip_id=OTHER_CHIP_ID))]
    first, second = (module.client.call("public_key")["public_key"] for module in modules)
    assert first != second
    assert [module.hello["chip_id"] for module in modules] == [
        Setup().chip_id.hex(),
        OTHER_CHIP_ID.hex(),
    ]


@pytest.mark.needs("noise", "flash")
@pytest.mark.parametrize(
    "noise",
    [
        "stuck",
        pytest.param("biased", marks=pytest.mark.thorough("rp2040")),
        pytest.param("repeating", marks=pytest.mark.thorough("rp2040")),
    ],
)
def test_bad_noise_makes_no_key(make_module: MakeModule, noise: str) -> None:
    module = make_module(Setup(noise=noise))
    status = module.status()
    assert status["state"] == "fault"
    assert status["cause"]["name"] == "entropy_failed"
    assert status["key_number"] is None
    assert module.client.refusal("public_key").name == "entropy_failed"
    assert module.client.refusal("begin").name == "fault"
    assert "key_made" not in module.event_names()

    # The same flash on a chip whose noise is good: no harm was done.
    healthy = make_module(Setup(flash=module.rig.flash_image()))
    assert healthy.status()["state"] == "unregistered"
    assert healthy.event_names()[-1] == "key_made"
