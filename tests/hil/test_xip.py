"""The window through which the chip reads its flash: closed while the flash chip takes commands."""

import struct

import pytest

from hil.rp2040.chip import Chip
from hil.rp2040.xip import ClosedWindowError
from hil.timeline import NS_PER_MS

SSI_CTRLR0, SSI_SSIENR = 0x18000000, 0x18000008
PSM_WDSEL, WATCHDOG_CTRL = 0x40010008, 0x40058000
SINGLE_COMMANDS, XIP_READS = 0x00070000, 0x001F0300
RAM, IN_FLASH, LITERAL = 0x20000000, 0x10000200, 0x10000300
SPIN = struct.pack("<H", 0xE7FE)
LOADS = {"byte": 0x7802, "halfword": 0x8802, "word": 0x6802}  # ldr r2, [r0]
ALIASES = [0x10000000, 0x11000000, 0x12000000, 0x13000000]


@pytest.fixture
def chip():
    flash = bytearray(b"\xff" * 0x400)
    flash[:2] = flash[0x200:0x202] = SPIN
    flash[0x300:0x304] = bytes((1, 2, 3, 4))
    chip = Chip(bytes(flash), flash_size=1 << 20, unique_id=bytes(8))
    yield chip
    chip.close()


def run_from_ram(chip, *instructions, r0=0):
    for index, instruction in enumerate((*instructions, 0xE7FE)):
        chip.mcu.write_uint16(RAM + 2 * index, instruction)
    chip.mcu.core.registers[0] = r0
    chip.mcu.core.pc = RAM
    chip.run_for(NS_PER_MS)


def close_window(chip):
    chip.mcu.write_uint32(SSI_CTRLR0, SINGLE_COMMANDS)


@pytest.mark.parametrize("alias", ALIASES)
@pytest.mark.parametrize("width", LOADS)
def test_a_load_through_a_closed_window_stops_the_run_with_address_and_pc(chip, alias, width):
    close_window(chip)
    address = alias + 0x300
    with pytest.raises(ClosedWindowError, match=rf"at {address:#010x} .* near pc 0x2000000[02],"):
        run_from_ram(chip, LOADS[width], r0=address)
    assert chip.mcu.core.registers[2] not in (1, 0x0201, 0x04030201)
    assert chip.mcu.core.pc <= RAM + 2  # and nothing ran after it


def test_an_instruction_fetched_through_a_closed_window_stops_the_run(chip):
    close_window(chip)
    chip.mcu.core.pc = IN_FLASH
    with pytest.raises(ClosedWindowError, match=r"at 0x10000200 .* near pc 0x10000200"):
        chip.run_for(NS_PER_MS)


def test_the_window_is_closed_too_while_the_controller_is_off(chip):
    chip.mcu.write_uint32(SSI_SSIENR, 0)
    with pytest.raises(ClosedWindowError, match="at 0x10000300"):
        run_from_ram(chip, LOADS["word"], r0=LITERAL)


def test_what_runs_from_ram_meanwhile_is_not_disturbed(chip):
    close_window(chip)
    run_from_ram(chip, LOADS["word"], r0=RAM + 0x100)
    assert chip.mcu.core.registers[2] == 0


def test_an_opened_window_reads_again(chip):
    close_window(chip)
    chip.mcu.write_uint32(SSI_CTRLR0, XIP_READS)
    run_from_ram(chip, LOADS["word"], r0=LITERAL)
    assert chip.mcu.core.registers[2] == 0x04030201


def test_reads_can_be_watched_also_after_the_window_was_closed(chip):
    seen = []
    chip.watch_flash_reads(seen.append)
    close_window(chip)
    run_from_ram(chip)
    chip.mcu.write_uint32(SSI_CTRLR0, XIP_READS)
    run_from_ram(chip, LOADS["word"], LOADS["byte"], r0=LITERAL + 0x3000000)
    assert set(seen) == {LITERAL + 0x3000000}


def test_a_reset_opens_the_window_as_the_boot_rom_does(chip):
    close_window(chip)
    chip.mcu.write_uint32(PSM_WDSEL, 0x1FFFC)  # as the SDK sets it
    chip.mcu.write_uint32(WATCHDOG_CTRL, 1 << 31)
    assert chip.watchdog_resets == 1
    chip.run_for(NS_PER_MS)
