"""The serial target with a pseudo-terminal where the adaptors would be."""

import os
import tty

import pytest
from wattseal.meter.emulator.faults import checked

from hil.line import LineFormat
from hil.rig import RigError
from hil.setup import MeterSetup, Setup
from hil.targets.open import abilities_of, kind_of, open_rig
from hil.targets.serial_port import SerialRig

REQUEST = checked(bytes.fromhex("010400480002"))
GOOD = checked(bytes.fromhex("0104044537799a"))

FAST = Setup(MeterSetup(line=LineFormat(115200)))


@pytest.fixture
def adaptor():
    """The board's end of the meter line, and the path of the rig's end."""
    board_side, rig_side = os.openpty()
    tty.setraw(rig_side)
    yield board_side, os.ttyname(rig_side)
    os.close(board_side)
    os.close(rig_side)


def read(file, count):
    data = b""
    while len(data) < count:
        data += os.read(file, count - len(data))
    return data


def test_the_meter_is_emulated_on_a_second_adaptor(adaptor):
    board_side, path = adaptor
    with SerialRig(FAST, "/dev/ttyACM0", path) as rig:
        assert (rig.target, rig.port) == ("serial:/dev/ttyACM0", "/dev/ttyACM0")
        os.write(board_side, REQUEST)
        assert read(board_side, len(GOOD)) == GOOD
        rig.meter.arm("exception", code=4)
        os.write(board_side, REQUEST)
        assert read(board_side, 5) == checked(bytes.fromhex("018404"))
        assert [exchange.fault for exchange in rig.exchanges()] == [None, "exception"]


def test_without_an_adaptor_there_is_no_meter_and_never_power_or_flash():
    with SerialRig(Setup(), "/dev/ttyACM0") as rig:
        for refused in (lambda: rig.meter, rig.exchanges, rig.power_cut, rig.flash_image):
            with pytest.raises(RigError, match="cannot do that"):
                refused()


def test_a_target_is_known_by_its_name():
    assert [kind_of(name) for name in ("unix", "rp2040", "rp2040-uart", "serial:/dev/ttyUSB3")] == [
        "unix",
        "rp2040",
        "rp2040",
        "serial",
    ]
    assert abilities_of("serial:/dev/x", None) == frozenset()
    assert abilities_of("serial:/dev/x", "/dev/y") == {"meter"}
    assert "cut" in abilities_of("rp2040", None) - abilities_of("unix", None)
    with pytest.raises(RigError, match="no target 'esp32'; there are unix, rp2040"):
        open_rig("esp32")
