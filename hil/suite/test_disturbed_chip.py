"""A chip that is disturbed while it signs: no signature leaves it, and it says why."""

import pytest

from hil.rp2040.disturbance import FlipBit, disturb, function_address
from hil.suite.module import Module
from hil.targets.rp2040 import IMAGE, Rp2040Rig

pytestmark = pytest.mark.targets("rp2040")

SECOND_ARGUMENT_ASTRAY = FlipBit(register=1, bit=2)
"""The address that a function is told to read from is another one, by one word."""


@pytest.mark.parametrize(
    "function",
    [
        pytest.param("ws_nonce_init", marks=pytest.mark.thorough("rp2040")),
        "ws_order_invert",
        pytest.param("ws_signing_check", marks=pytest.mark.thorough("rp2040")),
    ],
)
def test_a_disturbed_signature_is_no_record_and_the_next_start_mends_it(
    own_module: Module, function: str
) -> None:
    module, rig = own_module, own_module.rig
    assert isinstance(rig, Rp2040Rig)
    pagination, records = module.newest_pagination(), module.records()
    next_event = module.next_event()
    entry = function_address(IMAGE.with_suffix(".elf"), function)
    rig.call(lambda: disturb(rig.desk.chip, entry, 0, SECOND_ARGUMENT_ASTRAY))

    assert module.client.refusal("begin").name == "signing_fault"
    status = module.status()
    assert (status["state"], status["session"]) == ("fault", None)
    assert status["cause"]["name"] == "signing_fault"
    assert module.client.refusal("begin").name == "fault"
    assert module.newest_pagination() == pagination
    assert module.records() == records
    assert "signing_fault" in module.refusals(next_event)

    module.restart()
    assert module.status()["state"] == "operational"
    module.set_time()
    assert module.begin()["pagination"] == pagination + 1
    assert module.end()["pagination"] == pagination + 2
