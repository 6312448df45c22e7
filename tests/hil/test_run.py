"""The commands of the rig to play with."""

import struct

import pytest

from hil.rp2040.boot_rom import with_boot_checksum
from hil.run import COMMANDS, HELP, CommandError, execute, serve
from hil.setup import MeterSetup, Setup
from hil.targets.rp2040 import Rp2040Rig

SLEEP_FOREVER = with_boot_checksum(struct.pack("<2H", 0xBF30, 0xE7FD))


@pytest.fixture
def rig(tmp_path):
    image = tmp_path / "firmware.bin"
    image.write_bytes(SLEEP_FOREVER)
    with Rp2040Rig(Setup(MeterSetup(power_w=0)), image) as made:
        yield made


def test_energy_and_power(rig):
    assert execute(rig, "energy 400") == "the meter shows 2936.000 kWh, 0 W flow"
    assert execute(rig, "power 3600000") == "3600000 W flow"
    execute(rig, "forward 10")
    assert rig.meter.energy_wh >= 2_946_000


def test_faults(rig):
    assert execute(rig, "fault silence 3") == "silence will strike 3 reading(s)"
    assert execute(rig, "well") == "the meter behaves"


def test_the_power_switch(rig):
    execute(rig, "cut")
    assert rig.call(lambda: rig.desk.has_chip) is False
    execute(rig, "on")
    assert rig.call(lambda: rig.desk.powered) is True


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("dance", "no command 'dance'"),
        ("power", "power: "),
        ("power lots", "power: "),
        ("power -1", "not negative"),
        ("fault sulking", "no fault 'sulking'"),
    ],
)
def test_a_line_that_means_nothing_is_explained(rig, line, reason):
    with pytest.raises(CommandError, match=reason):
        execute(rig, line)


def test_lines_are_served_until_quit(rig, capsys):
    assert serve(rig, ["power 7\n", "\n", "dance\n", "quit\n", "power 9\n"])
    assert capsys.readouterr().out == "7 W flow\nno command 'dance'; help lists them\n"
    assert rig.meter.power_w == 7
    assert not serve(rig, ["power 9"])


def test_help_tells_every_command():
    told = {line.split()[0].rstrip(",") for line in HELP.splitlines() if line.startswith("  ")}
    assert set(COMMANDS) <= told | {"quit"}
