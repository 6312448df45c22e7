"""A module that hangs is started anew by its watchdog, and says so; nobody else is."""

import pytest

from hil.suite.module import Module
from hil.targets.rp2040 import Rp2040Rig

pytestmark = pytest.mark.targets("rp2040")

SLEEP, AND_AGAIN = 0xBF30, 0xE7FD
FAR_END_OF_STACK = 0x20040000
"""Nothing but interrupts runs at this place of the RAM, which no start clears."""
BITE_LIMIT_S = 9


def hang(module: Module) -> None:
    """Let the program's loop stop; interrupts still come. Returns when the module is back."""
    rig = module.rig
    assert isinstance(rig, Rp2040Rig)
    chip = rig.desk.chip
    before = chip.watchdog_resets

    def stop_the_loop() -> None:
        chip.mcu.write_uint16(FAR_END_OF_STACK, SLEEP)
        chip.mcu.write_uint16(FAR_END_OF_STACK + 2, AND_AGAIN)
        chip.mcu.core.pc = FAR_END_OF_STACK

    rig.call(stop_the_loop)
    rig.run_until(lambda: chip.watchdog_resets > before, BITE_LIMIT_S)
    module.reconnect()


def test_a_module_that_hangs_is_started_anew_and_goes_on(own_module: Module) -> None:
    module = own_module
    begun = module.begin()
    next_event = module.next_event()
    hang(module)
    module.await_recovery()
    status = module.status()
    assert (status["state"], status["reset_cause"]) == ("operational", "watchdog")
    assert status["journal"]["newest"] == begun["pagination"] + 1
    started = module.told_events(next_event)[0]
    assert (started["event"], started["detail"]["reset_cause"]) == ("started", "watchdog")
    module.set_time()
    module.begin()
    module.end()

    module.restart()
    assert module.status()["reset_cause"] == "power_on"


def test_a_module_that_hangs_at_every_start_answers_and_tries_no_more(own_module: Module) -> None:
    module = own_module
    for _ in range(3):
        assert module.status()["state"] == "operational"
        hang(module)
    status = module.status()
    assert (status["state"], status["cause"]["name"]) == ("fault", "watchdog_bites")
    assert status["cause"]["detail"] == {"bites": 3}
    assert module.newest_event()["event"] == "fault"
    assert module.client.refusal("begin").name == "fault"

    module.restart()
    assert module.status()["state"] == "operational"


def test_bites_far_apart_do_not_add_up(own_module: Module) -> None:
    module = own_module
    for _ in range(4):
        hang(module)
        assert module.status()["state"] == "operational"
        module.rig.fast_forward(75)


def test_the_boot_loaders_restart_is_no_bite(own_module: Module) -> None:
    """The ROM lets the watchdog run out to start the chip: REASON is that of a bite."""
    module, rig = own_module, own_module.rig
    assert isinstance(rig, Rp2040Rig)
    chip = rig.desk.chip

    def start_as_the_rom_does() -> None:
        mcu = chip.mcu
        mcu.write_uint32(0x40058000, 0)
        mcu.write_uint32(0x4005801C, 0)
        mcu.write_uint32(0x40058004, 2 * 10_000)
        mcu.write_uint32(0x40058000, 1 << 30)

    rig.call(start_as_the_rom_does)
    rig.run_until(lambda: chip.watchdog_resets == 1, 1)
    module.reconnect()
    status = module.status()
    assert (status["state"], status["reset_cause"]) == ("operational", "restart")
