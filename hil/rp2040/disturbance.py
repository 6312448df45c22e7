"""Disturb the emulated processor in the middle of a function, as a glitch of its supply would."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from hil.rp2040.chip import NS_PER_CYCLE, Chip, Driver

WIDE = 0x1D
"""Upper five bits of the first half of an instruction of 32 bits: this or more."""


@dataclass(frozen=True)
class Skip:
    """The next instruction is left out."""

    def __call__(self, chip: Chip) -> None:
        """Disturb the chip."""
        core = chip.mcu.core
        core.pc += 4 if chip.mcu.read_uint16(core.pc) >> 11 >= WIDE else 2


@dataclass(frozen=True)
class FlipBit:
    """A bit of a register changes; 13 is the stack pointer, 14 the link register."""

    register: int
    bit: int

    def __call__(self, chip: Chip) -> None:
        """Disturb the chip."""
        chip.mcu.core.registers[self.register] ^= 1 << self.bit


Disturbance = Skip | FlipBit


def function_address(program: Path, name: str) -> int:
    """Where a function of an ELF file begins; KeyError if it has none of this name."""
    with program.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        symbols = table.get_symbol_by_name(name) if isinstance(table, SymbolTableSection) else None
        if not symbols:
            raise KeyError(name)
        return int(symbols[0]["st_value"]) & ~1


def when_reached(chip: Chip, address: int, action: Callable[[], None]) -> None:
    """Call the action once, as soon as the processor is about to execute what is at an address."""
    usual = chip.execute

    def execute(driver: Driver) -> None:
        clock, core = driver.clock, driver.rp2040.core
        tick, step = clock.tick, core.execute_instruction
        while not driver.stopped:
            if core.pc == address:
                chip.execute = usual
                action()
                usual(driver)
                return
            if core.waiting:
                tick(clock.nanos_to_next_alarm)
            else:
                tick(step() * NS_PER_CYCLE)

    chip.execute = execute


def disturb(chip: Chip, address: int, after_cycles: int, disturbance: Disturbance) -> None:
    """Let a disturbance happen so many cycles after the processor has reached an address."""

    def begin() -> None:
        when_ns = chip.timeline.now_ns() + after_cycles * NS_PER_CYCLE
        chip.timeline.call_at(when_ns, lambda: disturbance(chip))

    when_reached(chip, address, begin)
