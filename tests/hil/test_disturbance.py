"""Disturbances of the emulated processor do what they say, and when."""

from collections.abc import Iterator

import pytest

from hil.rp2040.chip import FLASH_START, Chip
from hil.rp2040.disturbance import FlipBit, Skip, disturb

MOVE_5, ADD_1, BRANCH_TO_ITSELF = 0x2005, 0x3001, 0xE7FE  # movs r0, #5; adds r0, #1; b .
CALL_BEHIND = (0xF000, 0xF801)  # bl to behind the halfword that follows
FEW_CYCLES_NS = 400
ADDING = FLASH_START + 2
FLASH_SIZE = 0x10000


@pytest.fixture
def chip() -> Iterator[Chip]:
    """Sets r0 to 5 and adds 1 to it four times; then nothing more."""
    halves = [MOVE_5, *[ADD_1] * 4, *CALL_BEHIND, BRANCH_TO_ITSELF, BRANCH_TO_ITSELF]
    program = b"".join([half.to_bytes(2, "little") for half in halves])
    chip = Chip(program, flash_size=FLASH_SIZE, unique_id=bytes(8))
    yield chip
    chip.close()


def result(chip: Chip) -> int:
    """What r0 comes to."""
    chip.run_for(FEW_CYCLES_NS)
    return int(chip.mcu.core.registers[0])


def test_nothing(chip: Chip) -> None:
    assert result(chip) == 9


def test_an_instruction_left_out(chip: Chip) -> None:
    disturb(chip, ADDING, 1, Skip())
    assert result(chip) == 8


def test_a_flipped_bit(chip: Chip) -> None:
    disturb(chip, ADDING, 1, FlipBit(register=0, bit=4))
    assert result(chip) == 9 + 16


def test_it_happens_once_and_no_sooner_than_asked(chip: Chip) -> None:
    disturb(chip, ADDING, 2, FlipBit(register=0, bit=0))  # 7 becomes 6
    assert result(chip) == 8


def test_an_address_that_is_never_reached(chip: Chip) -> None:
    disturb(chip, FLASH_START + 0x100, 0, Skip())
    assert result(chip) == 9


def test_a_wide_instruction_is_left_out_whole(chip: Chip) -> None:
    disturb(chip, FLASH_START + 8, 1, Skip())  # behind the last addition
    chip.run_for(FEW_CYCLES_NS)
    assert chip.mcu.core.pc == FLASH_START + 14


def test_which_would_have_been_executed(chip: Chip) -> None:
    chip.run_for(FEW_CYCLES_NS)
    assert chip.mcu.core.pc == FLASH_START + 16
