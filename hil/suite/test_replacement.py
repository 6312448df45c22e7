"""What the best practices foresee: another meter, another module, a module at another station.

Each ends with a log that the independent checker finds in order.
"""

import dataclasses
from typing import Any

import pytest

from hil.setup import MeterSetup, Setup
from hil.suite.judge import judge
from hil.suite.module import SETTINGS, UNDER_TEST, MakeModule, Module
from hil.suite.ocmf import verified

OTHER_CHIP_ID = bytes.fromhex("0102030405060708")
OTHER_SERIAL = "19285799"

pytestmark = pytest.mark.needs("flash")


def charge(module: Module) -> dict[str, Any]:
    """A session; the payload of its end record, verified with the module's key."""
    module.set_time()
    module.begin()
    record = module.end()["record"]
    return verified(record, module.client.call("public_key")["public_key"]).payload


@pytest.mark.thorough("rp2040")
def test_another_meter_at_the_same_module(
    make_module: MakeModule, commissioned_flash: bytes
) -> None:
    """Same key, same EVSE-ID; the new meter counts from a lower reading and is registered anew."""
    old = make_module(dataclasses.replace(UNDER_TEST, flash=commissioned_flash))
    charge(old)
    key = old.client.call("public_key")
    flash = old.rig.flash_image()
    old.close()

    meter = MeterSetup("sdm630", serial=OTHER_SERIAL, energy_wh=12_000)
    module = make_module(Setup(meter, flash=flash))
    module.set_time()
    refusal = module.client.refusal("begin")
    assert refusal.name == "meter_serial_mismatch"
    assert refusal.detail["found"] == OTHER_SERIAL
    assert module.client.refusal("configure", meter_serial=OTHER_SERIAL).name == "sealed"

    module.unseal()
    assert module.client.refusal("seal").name == "meter_serial_mismatch"
    module.client.call("configure", meter_serial=OTHER_SERIAL)
    assert module.client.call("seal")["commissioning"] == 2
    assert module.status()["state"] == "unregistered"
    assert module.client.refusal("begin").name == "not_operational"
    module.publish()
    payload = charge(module)
    assert (payload["MS"], payload["CI"]) == (OTHER_SERIAL, SETTINGS["charge_point_id"])
    assert module.client.call("public_key") == key
    judge(module)


@pytest.mark.thorough("rp2040")
def test_another_module_at_the_same_meter(
    make_module: MakeModule, commissioned_flash: bytes
) -> None:
    """A new key, which must be registered before the station is used; the old proof is no help."""
    old = make_module(dataclasses.replace(UNDER_TEST, flash=commissioned_flash))
    old_proof = old.register()
    old_key = old.client.call("public_key")["public_key"]
    energy_wh = old.rig.meter.energy_wh
    old.close()

    meter = dataclasses.replace(UNDER_TEST.meter, energy_wh=energy_wh)
    module = make_module(Setup(meter, chip_id=OTHER_CHIP_ID))
    assert module.client.call("public_key")["public_key"] != old_key
    module.configure()
    module.client.call("seal")
    refusal = module.client.refusal("accept_publication", **old_proof.params())
    assert refusal.name == "publication_refused"
    assert module.status()["state"] == "unregistered"
    module.publish()
    payload = charge(module)
    assert (payload["MS"], payload["CI"]) == (
        SETTINGS["meter_serial"],
        SETTINGS["charge_point_id"],
    )
    judge(module)


def test_a_module_is_decommissioned_and_used_elsewhere(
    make_module: MakeModule, commissioned_flash: bytes
) -> None:
    module = make_module(dataclasses.replace(UNDER_TEST, flash=commissioned_flash))
    charge(module)
    old_key = module.client.call("public_key")
    old_proof = module.register()
    farewell = module.decommission()
    assert farewell["statement"] == module.statements()[-1]["statement"]
    status = module.status()
    assert (status["state"], status["sealed"], status["key_number"]) == ("blank", False, None)
    for method in ("begin", "configure", "public_key", "seal"):
        assert module.client.refusal(method).name == "not_operational", method
    assert len(module.records()) == 2  # still to be read out
    judge(module)

    elsewhere = MeterSetup("sdm630", serial=OTHER_SERIAL, energy_wh=500)
    flash = module.rig.flash_image()
    module.close()
    module = make_module(Setup(elsewhere, flash=flash))
    status = module.status()
    assert (status["state"], status["sealed"], status["key_number"]) == ("unregistered", False, 2)
    assert module.client.call("configure")["settings"] == {}
    assert module.client.call("public_key")["public_key"] != old_key["public_key"]

    changes = {
        "gateway_serial": "RIG-9",
        "charge_point_id": "DE*WSL*E00099",
        "meter_serial": OTHER_SERIAL,
    }
    module.configure(**changes)
    assert module.client.call("seal")["commissioning"] == 2
    refusal = module.client.refusal("accept_publication", **old_proof.params())
    assert refusal.name == "publication_refused"
    module.publish()
    payload = charge(module)
    assert (payload["CI"], payload["MS"]) == ("DE*WSL*E00099", OTHER_SERIAL)
    assert [record["pagination"] for record in module.records()] == [1, 2, 3, 4]
    judge(module)


def test_a_copy_of_the_flash_in_another_chip_signs_nothing(
    make_module: MakeModule, commissioned_flash: bytes
) -> None:
    """It says what it found, keeps what it holds, and works again in its own chip."""
    copy = dataclasses.replace(UNDER_TEST, flash=commissioned_flash, chip_id=OTHER_CHIP_ID)
    module = make_module(copy)
    status = module.status()
    assert (status["state"], status["cause"]["name"]) == ("fault", "key_of_other_chip")
    assert module.client.refusal("begin").name == "fault"
    module.restart()
    assert module.status()["cause"]["name"] == "key_of_other_chip"
    flash = module.rig.flash_image()
    module.close()

    again = make_module(dataclasses.replace(UNDER_TEST, flash=flash))
    assert again.status()["state"] == "operational"
    charge(again)
    judge(again)
