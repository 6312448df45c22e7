"""The emulated chip with a few instructions instead of a firmware."""

import struct

import pytest

from hil.rp2040.chip import Chip, ChipFaultError
from hil.rp2040.rosc import biased_bits, constant_bits, random_bits, repeated_bits, seeded_bits
from hil.timeline import NS_PER_MS, EmulatedTimeline

# Thumb instructions
SLEEP_FOREVER = struct.pack("<2H", 0xBF30, 0xE7FD)  # wfi; b to it
SPIN_FOREVER = struct.pack("<H", 0xE7FE)
BREAKPOINT = struct.pack("<H", 0xBE03)

TIMER_ALARM0, TIMER_ARMED, TIMER_INTR = 0x10, 0x20, 0x34
ROSC_RANDOMBIT = 0x4006001C
RESETS_RESET = 0x4000C000
WATCHDOG_CTRL = 0x40058000
UART1_IBRD = 0x40038024


def power_on(code, **options):
    options.setdefault("noise", seeded_bits(0))
    return Chip(code, flash_size=1 << 20, unique_id=bytes(8), **options)


def test_a_sleeping_chip_lets_exactly_the_time_pass():
    chip = power_on(SLEEP_FOREVER)
    chip.run_for(1000 * NS_PER_MS)
    assert chip.idle
    assert chip.nanos == 1000 * NS_PER_MS
    assert chip.cycles == 125_000_000


@pytest.mark.parametrize("into_it_ns", [0, 1, 600, 999])
def test_an_alarm_comes_when_the_count_reaches_it_and_not_before(into_it_ns):
    chip = power_on(SLEEP_FOREVER)
    timer = chip.mcu.timer
    chip.run_for(5_000 + into_it_ns)
    timer.write_uint32(TIMER_ALARM0, 20)
    chip.run_for(14_990 - into_it_ns)
    assert (timer.read_uint32(TIMER_ARMED), timer.read_uint32(TIMER_INTR)) == (1, 0)
    chip.run_for(20)
    assert (timer.read_uint32(TIMER_ARMED), timer.read_uint32(TIMER_INTR)) == (0, 1)


def test_a_busy_chip_takes_the_same_cycles_in_every_run_and_slicing():
    counts = []
    for slices in (1, 10):
        chip = power_on(SPIN_FOREVER)
        for _ in range(slices):
            chip.run_for(2 * NS_PER_MS // slices)
        assert not chip.idle
        counts.append(chip.mcu.core.cycles)
    assert counts[0] > 200_000
    # A slice ends with the instruction that reaches its end: 3 cycles at most.
    assert abs(counts[0] - counts[1]) <= 30


def test_waiting_for_something_has_a_limit_in_emulated_time():
    chip = power_on(SLEEP_FOREVER)
    chip.run_until(lambda: chip.nanos > 5 * NS_PER_MS, 10 * NS_PER_MS)
    with pytest.raises(TimeoutError, match=r"0\.01 s"):
        chip.run_until(lambda: False, 10 * NS_PER_MS)


def test_a_breakpoint_of_the_firmware_is_a_fault_with_its_address():
    with pytest.raises(ChipFaultError, match="breakpoint 3, near 0x10000002"):
        power_on(BREAKPOINT).run_for(NS_PER_MS)


def test_an_error_in_a_model_surfaces_where_the_chip_is_driven():
    timeline = EmulatedTimeline()
    chip = power_on(SLEEP_FOREVER, timeline=timeline)

    def fail():
        raise LookupError("from inside the emulation")

    timeline.call_at(NS_PER_MS, fail)
    with pytest.raises(LookupError, match="inside"):
        chip.run_for(2 * NS_PER_MS)


def test_a_fresh_chip_continues_the_time_of_the_desk_and_counts_its_own_anew():
    timeline = EmulatedTimeline()
    power_on(SLEEP_FOREVER, timeline=timeline).run_for(7 * NS_PER_MS)
    chip = power_on(SLEEP_FOREVER, timeline=timeline)
    assert (chip.nanos, timeline.now_ns()) == (0, 7 * NS_PER_MS)
    chip.run_for(NS_PER_MS)
    assert (chip.nanos, timeline.now_ns()) == (NS_PER_MS, 8 * NS_PER_MS)


def test_the_watchdog_resets_the_chip_and_flash_stays():
    chip = power_on(SLEEP_FOREVER)
    chip.mcu.write_uint32(UART1_IBRD, 813)
    chip.mcu.write_uint32(0x40010008, 0x1FFFC)  # PSM.WDSEL as the SDK sets it
    chip.mcu.write_uint32(WATCHDOG_CTRL, 1 << 31)
    assert chip.watchdog_resets == 1
    assert chip.mcu.core.pc == 0x10000000
    assert chip.mcu.read_uint32(UART1_IBRD) == 0
    assert chip.flash_image().startswith(SLEEP_FOREVER)
    chip.run_for(NS_PER_MS)


def test_the_reset_controller_resets_a_uart():
    chip = power_on(SLEEP_FOREVER)
    chip.mcu.write_uint32(UART1_IBRD, 813)
    chip.mcu.write_uint32(RESETS_RESET + 0x2000, 1 << 22)  # set alias: UART0
    assert chip.mcu.read_uint32(UART1_IBRD) == 813
    chip.mcu.write_uint32(RESETS_RESET + 0x2000, 1 << 23)
    assert chip.mcu.read_uint32(UART1_IBRD) == 0


def sample(noise, count=4096):
    chip = power_on(SLEEP_FOREVER, noise=noise)
    return [chip.mcu.read_uint32(ROSC_RANDOMBIT) for _ in range(count)]


def test_the_oscillator_gives_real_random_bits_unless_told_otherwise():
    first, second = sample(random_bits()), sample(random_bits())
    assert first != second
    assert 1700 < sum(first) < 2400  # 10 standard deviations


def test_the_oscillator_can_be_made_to_fail_in_the_ways_that_oscillators_do():
    assert set(sample(constant_bits(1))) == {1}
    assert 0.85 < sum(sample(biased_bits(230))) / 4096 < 0.95
    assert sample(repeated_bits("0110"), 8) == [0, 1, 1, 0, 0, 1, 1, 0]
    assert sample(seeded_bits(5)) == sample(seeded_bits(5))


@pytest.mark.parametrize(
    ("flash", "unique_id", "reason"),
    [(bytes((1 << 20) + 1), bytes(8), "do not fit"), (b"", bytes(7), "8 bytes")],
)
def test_a_chip_that_cannot_exist_is_refused(flash, unique_id, reason):
    with pytest.raises(ValueError, match=reason):
        Chip(flash, flash_size=1 << 20, unique_id=unique_id)
