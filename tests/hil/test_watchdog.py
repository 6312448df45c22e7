"""The emulated chip's watchdog, with a few instructions instead of a firmware."""

import struct

import pytest

from hil.rp2040.chip import Chip
from hil.timeline import NS_PER_MS

SLEEP_FOREVER = struct.pack("<2H", 0xBF30, 0xE7FD)  # wfi; b to it

CTRL, LOAD, REASON, SCRATCH3, SCRATCH4, TICK = (
    0x40058000 + offset for offset in (0x00, 0x04, 0x08, 0x18, 0x1C, 0x2C)
)
ENABLE, TRIGGER = 1 << 30, 1 << 31
BITTEN, FORCED = 1, 2
MICROSECOND_TICKS = 1 << 9 | 12  # of the crystal's 12 MHz, as the SDK sets them
PSM_WDSEL, ALL_BUT_OSCILLATORS = 0x40010008, 0x1FFFC


@pytest.fixture
def chip():
    chip = Chip(SLEEP_FOREVER, flash_size=1 << 20, unique_id=bytes(8))
    chip.mcu.write_uint32(PSM_WDSEL, ALL_BUT_OSCILLATORS)
    chip.mcu.write_uint32(TICK, MICROSECOND_TICKS)
    yield chip
    chip.close()


def arm(chip, load):
    chip.mcu.write_uint32(LOAD, load)
    chip.mcu.write_uint32(CTRL, ENABLE)


def test_it_bites_when_it_is_not_fed_and_says_so(chip):
    chip.mcu.write_uint32(SCRATCH3, 0xCAFE)
    arm(chip, 2 * 100_000)  # twice a tick, erratum E1
    chip.run_for(99 * NS_PER_MS)
    assert chip.watchdog_resets == 0
    chip.run_for(2 * NS_PER_MS)
    assert chip.watchdog_resets == 1
    assert chip.mcu.read_uint32(REASON) == BITTEN
    assert chip.mcu.read_uint32(SCRATCH3) == 0xCAFE


def test_it_does_not_bite_while_it_is_fed(chip):
    arm(chip, 2 * 100_000)
    for _ in range(10):
        chip.run_for(90 * NS_PER_MS)
        chip.mcu.write_uint32(LOAD, 2 * 100_000)
    assert chip.watchdog_resets == 0
    assert chip.watchdog.longest_hunger_ns == 90 * NS_PER_MS


def test_the_longest_load_lasts_no_longer_than_eight_seconds_and_a_bit(chip):
    arm(chip, 0xFFFFFFFF)
    chip.run_for(8388 * NS_PER_MS)
    assert chip.watchdog_resets == 0
    chip.run_for(NS_PER_MS)
    assert chip.watchdog_resets == 1


def test_after_a_bite_it_stands_still_until_it_is_armed_again(chip):
    arm(chip, 2 * 100_000)
    chip.run_for(7_200_000 * NS_PER_MS)  # as long as its counter needs to come round twice
    assert chip.watchdog_resets == 1
    arm(chip, 2 * 100_000)
    chip.run_for(101 * NS_PER_MS)
    assert chip.watchdog_resets == 2


def test_a_reset_through_it_is_told_from_a_bite(chip):
    chip.mcu.write_uint32(SCRATCH4, 0)
    chip.mcu.write_uint32(CTRL, TRIGGER)
    assert chip.watchdog_resets == 1
    assert chip.mcu.read_uint32(REASON) == FORCED


def test_the_length_of_a_tick_is_the_firmwares(chip):
    chip.mcu.write_uint32(TICK, 1 << 9 | 24)
    arm(chip, 2 * 100_000)
    chip.run_for(199 * NS_PER_MS)
    assert chip.watchdog_resets == 0
    chip.run_for(2 * NS_PER_MS)
    assert chip.watchdog_resets == 1


def test_without_ticks_it_never_bites(chip):
    chip.mcu.write_uint32(TICK, 0)
    arm(chip, 2 * 100_000)
    chip.run_for(1000 * NS_PER_MS)
    assert chip.watchdog_resets == 0


def test_a_leap_in_time_is_not_counted(chip):
    arm(chip, 2 * 100_000)
    chip.run_for(60 * NS_PER_MS)
    with chip.watchdog.held():
        chip.timeline.advance(7_200_000 * NS_PER_MS)
    chip.run_for(39 * NS_PER_MS)
    assert chip.watchdog_resets == 0
    chip.mcu.write_uint32(LOAD, 2 * 100_000)
    assert chip.watchdog.longest_hunger_ns == 99 * NS_PER_MS
    chip.run_for(101 * NS_PER_MS)
    assert chip.watchdog_resets == 1


def test_a_chip_that_was_without_power_remembers_nothing():
    chip = Chip(SLEEP_FOREVER, flash_size=1 << 20, unique_id=bytes(8))
    assert [chip.mcu.read_uint32(place) for place in (REASON, SCRATCH3, SCRATCH4)] == [0, 0, 0]
    chip.close()
