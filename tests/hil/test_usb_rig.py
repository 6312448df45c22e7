"""The rig's port on USB is there as long as the module is on the bus."""

import os
from pathlib import Path

import pytest
from wattseal.common.errors import ToolError
from wattseal.device.device import Device
from wattseal.device.link import LinkClient, SerialTransport

from hil.setup import Setup
from hil.targets.rp2040 import IMAGE, Rp2040Rig

pytestmark = pytest.mark.image("rp2040")

PATIENCE_S = 120


@pytest.fixture(scope="module")
def rig():
    with Rp2040Rig(Setup(), IMAGE, hurry=True) as made:
        yield made


def test_the_port_goes_away_without_power_and_in_the_boot_loader_and_comes_back(rig):
    name = rig.port
    assert Path(name).exists()
    rig.power_cut()
    assert not os.path.lexists(name)
    assert rig.port == name
    with pytest.raises(ToolError) as caught:
        SerialTransport(name)
    assert caught.value.name == "port_missing"
    rig.start_boot_loader()
    rig.wait_for_boot_loader(1)
    assert not os.path.lexists(rig.port)
    rig.restart()
    assert not os.path.lexists(name), "it has not been enumerated yet"
    assert rig.port == name
    assert Path(name).exists()


def test_the_hosts_tools_go_on_with_a_module_that_started_anew(rig):
    with SerialTransport(rig.port) as transport:
        device = Device(LinkClient(transport, PATIENCE_S))
        hello = device.connect(rig.port)
        assert (hello.link, hello.port) == ("usb", "rp2")
        before = device.status()
        rig.restart()
        assert Path(rig.port).exists()
        after = device.status()
        assert after.events.newest == before.events.newest + 1


def test_a_request_that_changes_something_is_not_repeated_on_a_port_that_came_back(rig):
    with SerialTransport(rig.port) as transport:
        device = Device(LinkClient(transport, PATIENCE_S))
        device.connect(rig.port)
        rig.restart()
        assert Path(rig.port).exists()
        with pytest.raises(ToolError) as caught:
            device.set_time(1_772_362_800_000, "informative")
        assert caught.value.name == "outcome_unknown"
        assert device.status().clock.synchronisation == "U"
