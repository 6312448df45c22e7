"""How long the watchdog goes unfed: the slowest flash, the longest core calls, a mute meter."""

import pytest

from hil.bench import CLOCK, DRIVER, IMAGE, Client, time_commissioning, time_start
from hil.board import load_board
from hil.rp2040.desk import Desk
from hil.rp2040.rosc import seeded_bits
from hil.rp2040.spi_flash import FlashTiming
from hil.setup import MeterSetup, Setup
from hil.timeline import NS_PER_MS, NS_PER_S

# The most that the flash's data sheet allows; the typical times are a tenth of it.
SLOWEST = FlashTiming(
    page_program_ns=3 * NS_PER_MS, sector_erase_ns=400 * NS_PER_MS, block_erase_ns=2_000 * NS_PER_MS
)
WATCHDOG_NS = 8 * NS_PER_S
START_LIMIT_MS = 5_000

pytestmark = pytest.mark.image("rp2040")


def test_nothing_that_a_module_does_takes_half_of_what_the_watchdog_waits() -> None:
    meter = MeterSetup(profile="sdm630", power_w=11_000)
    desk = Desk(
        IMAGE.read_bytes(), load_board(), Setup(meter=meter), seeded_bits(2), flash_timing=SLOWEST
    )
    desk.power_on()
    time_start(desk, START_LIMIT_MS)  # makes the key
    watchdog = desk.chip.watchdog
    assert watchdog.enabled
    hunger_ns = {"start": watchdog.longest_hunger_ns}
    client = Client(desk)
    time_commissioning(client, desk)
    hunger_ns["commissioning"] = watchdog.longest_hunger_ns
    client.call("self_test")
    hunger_ns["self_test"] = watchdog.longest_hunger_ns
    client.call("set_time", **CLOCK)
    client.call("begin", **DRIVER)
    client.call("end")
    desk.chip.run_for(1_500 * NS_PER_MS)  # what is done when nobody asks: sectors are erased ahead
    # A request that arrives during an erase is lost, as interrupts are off meanwhile.
    desk.chip.run_until(lambda: desk.chip.idle, 10 * NS_PER_S, NS_PER_MS)
    hunger_ns["session"] = watchdog.longest_hunger_ns
    desk.meter.arm("silence", 1_000, quantity=None)
    with pytest.raises(Exception, match="did not answer"):
        client.call("begin", **DRIVER)
    hunger_ns["mute meter"] = watchdog.longest_hunger_ns
    assert desk.chip.watchdog_resets == 0
    assert hunger_ns["mute meter"] <= WATCHDOG_NS // 2, hunger_ns
    desk.power_cut()
