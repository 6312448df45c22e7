"""The emulated chip with the images that ./dev builds; skipped where they have not been built."""

import pytest

from hil.board import load_board
from hil.lab import LAB_IMAGE, LabError
from hil.rp2040.desk import Desk
from hil.rp2040.lab import LAB_ID, Rp2040Lab, open_rp2040_lab
from hil.rp2040.rosc import seeded_bits
from hil.setup import Setup
from hil.targets.rp2040 import IMAGE
from hil.timeline import NS_PER_S

WRITE_FLASH = """
import _wattseal
data, back = bytes(range(256)), bytearray(256)
_wattseal.flash_erase(_wattseal.AREA_SETTINGS, 0)
_wattseal.flash_program(_wattseal.AREA_SETTINGS, 0, data)
_wattseal.flash_read(_wattseal.AREA_SETTINGS, 0, back)
"""

pytestmark = pytest.mark.image("rp2040", "rp2040-lab")


@pytest.fixture(scope="module")
def lab():
    with open_rp2040_lab(LAB_IMAGE) as made:
        yield made


def test_micropython_boots_to_its_prompt_and_talks(lab):
    assert lab.execute("print(1 + 1)") == "2\n"
    assert lab.execute("import sys; print(sys.platform)") == "rp2\n"


def test_more_than_the_prompts_buffer_holds_arrives_whole(lab):
    lab.execute("text = '" + "x" * 3000 + "'")
    assert lab.execute("print(len(text))") == "3000\n"
    assert lab.execute("print('y' * 3000)") == "y" * 3000 + "\n"


def test_an_exception_on_the_chip_is_an_error_here(lab):
    with pytest.raises(LabError, match="ZeroDivisionError"):
        lab.execute("1 // 0")


def test_the_chip_tells_its_own_id(lab):
    assert lab.execute("import machine; print(machine.unique_id() == " + repr(LAB_ID) + ")") == (
        "True\n"
    )


def test_time_on_the_chip_is_the_time_of_the_desk(lab):
    before_ns = lab.chip.nanos
    lab.execute("import time; time.sleep_ms(2500)")
    assert 2.5 <= (lab.chip.nanos - before_ns) / NS_PER_S < 2.6


def test_flash_is_written_through_the_boot_rom(lab):
    lab.execute(WRITE_FLASH)
    offset = load_board().areas["settings"][0]
    assert lab.chip.flash_image()[offset : offset + 256] == bytes(range(256))
    assert lab.execute("print(back == data)") == "True\n"


def test_keys_are_made_from_the_oscillators_bits():
    keys = []
    for noise in (seeded_bits(1), seeded_bits(1), seeded_bits(2)):
        lab = Rp2040Lab(LAB_IMAGE.read_bytes(), load_board(), noise)
        lab.execute("import _wattseal; _wattseal.key_create(1)")
        keys.append(lab.execute("print(_wattseal.key_public(1).hex())"))
        lab.close()
    assert keys[0] == keys[1] != keys[2]


def test_every_run_takes_the_same_cycles():
    counts = []
    for _ in range(2):
        lab = Rp2040Lab(LAB_IMAGE.read_bytes(), load_board(), seeded_bits(1))
        lab.execute("total = sum(range(5000))")
        counts.append(lab.chip.mcu.core.cycles)
        lab.close()
    assert counts[0] == counts[1]


def test_the_image_answers_on_its_link_and_leaves_the_meters_line_alone():
    desk = Desk(IMAGE.read_bytes(), load_board(), Setup())
    desk.power_on()
    desk.chip.run_for(NS_PER_S // 10)
    desk.link.send(b"\n")
    desk.chip.run_until(lambda: len(desk.link.marks) == 2, 10 * NS_PER_S)
    assert b'"parse_error"' in desk.link.marks[1].text
    assert desk.board.link
    assert not desk.chip.uart_connected(desk.board.link.tx_pin)  # the link is on USB
    assert not desk.meter_port.exchanges
    assert not desk.transceiver.driver_enable.high
    desk.power_cut()


def test_micropython_reaches_the_boot_loader_and_a_plain_reset_does_not():
    lab = Rp2040Lab(LAB_IMAGE.read_bytes(), load_board())
    lab.type("import machine; machine.reset()")
    lab.chip.run_until(lambda: lab.chip.watchdog_resets == 1, NS_PER_S)
    assert not lab.chip.in_boot_loader
    lab.close()
    lab = Rp2040Lab(LAB_IMAGE.read_bytes(), load_board())
    lab.type("import machine; machine.bootloader()")
    lab.chip.run_until(lambda: lab.chip.in_boot_loader, NS_PER_S)
    lab.close()
