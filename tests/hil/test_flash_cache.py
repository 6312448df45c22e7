"""The model of the flash cache, and the accesses of an emulated chip that are sent through it."""

import random
import struct
from array import array

import pytest

from hil.board import load_board
from hil.cortex_m0.flash_cache import FlashCache
from hil.cortex_m0.machine import FLASH_START, RAM_START, Machine, ModelError, Watch
from hil.flash_cache import MISS_CYCLES, FlashAccesses, count_sign_misses, load_of, milliseconds
from hil.lab import LAB_IMAGE
from hil.rp2040.chip import Chip
from hil.rp2040.lab import Rp2040Lab
from hil.rp2040.rosc import seeded_bits
from hil.timeline import NS_PER_MS

LINE, SETS, WAYS = 8, 1024, 2
WAY_SIZE = LINE * SETS

# Thumb instructions
BX_LR = 0x4770


def misses(*addresses, cache=None):
    return (cache or FlashCache()).replay(array("I", [FLASH_START + each for each in addresses]))


def test_only_32_bit_addresses_are_replayed():
    with pytest.raises(TypeError, match="type I"):
        FlashCache().replay(array("Q", [FLASH_START]))
    assert FlashCache().replay(array("I")) == 0


def test_a_line_misses_once():
    assert misses(0, 2, 4, 7) == 1
    assert misses(0, 8, 0, 8) == 2


def test_two_lines_of_a_set_stay_and_of_three_the_oldest_gives_way():
    assert misses(0, WAY_SIZE, 0, WAY_SIZE) == 2
    assert misses(0, WAY_SIZE, 2 * WAY_SIZE, WAY_SIZE, 2 * WAY_SIZE) == 3
    assert misses(0, WAY_SIZE, 2 * WAY_SIZE, 0) == 4
    # The first was used again, so the second is the oldest.
    assert misses(0, WAY_SIZE, 0, 2 * WAY_SIZE, 0) == 3


def test_a_flushed_cache_is_empty():
    cache = FlashCache()
    assert misses(0, 0, cache=cache) == 1
    assert misses(0, cache=cache) == 0
    cache.flush()
    assert misses(0, cache=cache) == 1


def test_random_accesses_miss_as_in_a_plain_model():
    rng = random.Random(1)
    addresses = [rng.randrange(0, 5 * WAY_SIZE) for _ in range(30_000)]
    sets: dict[int, list[int]] = {}
    expected = 0
    for address in addresses:
        line = address // LINE
        held = sets.setdefault(line % SETS, [])
        if line in held:
            held.remove(line)
        else:
            expected += 1
        held.append(line)
        del held[:-WAYS]
    assert misses(*addresses) == expected


def test_the_processor_model_counts_fetches_and_loads_and_their_cycles():
    machine = Machine(watch=Watch.CACHE, stack=RAM_START + 0x1000)
    # LDR r1, [r0]; LDR r1, [r0]; LDR r1, [sp]; NOP; BX lr, in the second line
    machine.write(FLASH_START, struct.pack("<5H", 0x6801, 0x6801, 0x9900, 0xBF00, BX_LR))
    cold = machine.call(FLASH_START, FLASH_START + 0x100)
    assert (cold.fetch_misses, cold.load_misses) == (2, 1)
    warm = machine.call(FLASH_START, FLASH_START + 0x100)
    assert (warm.fetch_misses, warm.load_misses, warm.cycles) == (0, 0, cold.cycles)
    machine.set_miss_penalty(MISS_CYCLES)
    machine.flush_cache()
    assert machine.call(FLASH_START, FLASH_START + 0x100).cycles == cold.cycles + 3 * MISS_CYCLES
    machine.flush_cache()
    assert machine.call(FLASH_START, RAM_START).load_misses == 0


def test_the_loads_are_those_that_the_processor_makes():
    """Registers lead outside the memory, so that the model tells the address by refusing it."""
    machine, code = Machine(), RAM_START + 0x1000
    compared = 0
    for half in range(0x4800, 0xE000):
        load = load_of(half, code)
        if load is None or not load.registers or not load.words:
            continue
        registers = [0x60000000 + 0x1000 * number for number in range(13)]
        machine.write(code, struct.pack("<H", half))
        machine.set_registers([*registers, RAM_START, 0, code], 0)
        with pytest.raises(ModelError) as caught:
            machine.step()
        assert caught.value.address == load.offset + sum(registers[i] for i in load.registers)
        compared += 1
    assert compared == 5 * 512 + 3 * 2048 + 8 * 255
    assert load_of(0x4802, FLASH_START + 2).offset == FLASH_START + 4 + 8
    assert load_of(0xC806, code).words == 2
    for half in (0x6001, 0x7001, 0x8001, 0x5001, 0x9901, 0xBC01, 0xC003, 0x1840):
        assert load_of(half, code) is None


XIP_FLUSH = 0x14000004


def power_on(*halves):
    code = struct.pack(f"<{len(halves)}H", *halves)
    return Chip(code, flash_size=1 << 20, unique_id=bytes(8), noise=seeded_bits(0))


def test_a_watched_chip_takes_the_same_time():
    # ADDS r0, #1; LDRB r1, [r2]; B to the first; for a while, with the watch and without.
    plain, watched = (power_on(0x3001, 0x7811, 0xE7FC) for _ in range(2))
    accesses = FlashAccesses(watched)
    for chip in (plain, watched):
        chip.run_for(NS_PER_MS)
    assert watched.mcu.core.cycles == plain.mcu.core.cycles
    assert list(watched.mcu.core.registers) == list(plain.mcu.core.registers)
    assert watched.nanos == plain.nanos
    assert accesses.misses == 1
    accesses.close()
    watched.run_for(NS_PER_MS)
    assert accesses.misses == 1


def test_a_sleeping_chip_fetches_nothing():
    chip = power_on(0xBF30, 0xE7FD)  # wfi; b to it
    accesses = FlashAccesses(chip)
    chip.run_for(NS_PER_MS)
    assert chip.idle
    assert accesses.misses == 1


def test_loads_from_flash_miss_too_and_a_flush_empties_the_cache():
    # LDR r0, [pc, #12]; LDR r1, [pc, #12]; LDR r2, [r1]; STR r0, [r0]; B to the LDR r2
    code = (0x4803, 0x4903, 0x680A, 0x6000, 0xE7FC, 0xBF00, 0xBF00, 0xBF00)
    words = struct.unpack("<4H", struct.pack("<2I", XIP_FLUSH, FLASH_START + 0x100))
    chip = power_on(*code, *words)
    accesses = FlashAccesses(chip)
    chip.run_for(NS_PER_MS)
    rounds, rest = divmod(accesses.misses - 3, 3)
    # In each round: the line of the load and the two lines of code.
    assert rounds > 1000
    assert 0 <= rest <= 2


def test_misses_are_told_for_a_stretch_of_time():
    # A NOP in each of 2,000 lines and more: ADDS r0, #1 and so on, never the same line twice.
    chip = power_on(*[0x3001] * 4000, 0xE7FE)
    accesses = FlashAccesses(chip)
    for _ in range(10):
        chip.run_for(1000)
    assert accesses.misses_between(0, 10_000) == accesses.misses
    # 125 instructions in a microsecond, four to a line
    assert accesses.misses_between(3000, 5000) == pytest.approx(2 * 125 / 4, abs=2)
    assert accesses.misses_between(20_000, 30_000) == 0


def test_misses_in_milliseconds():
    assert milliseconds(125_000) == MISS_CYCLES


@pytest.mark.image("rp2040-lab")
def test_a_signature_reads_its_code_into_the_cache_and_little_again():
    lab = Rp2040Lab(LAB_IMAGE.read_bytes(), load_board(), noise=seeded_bits(1))
    try:
        found = count_sign_misses(lab, LAB_IMAGE.with_suffix(".elf"))
    finally:
        lab.close()
    assert 200 < found < 100_000
