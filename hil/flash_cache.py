"""What misses of the flash cache would add to the firmware's time, which the emulator leaves out.

A model, not a measurement: the addresses of every fetch and load are those of the emulated chip,
but the cache is `cortex_m0/flash_cache.c`, and a miss costs a number of cycles that is worked out
below. It starts empty.
"""

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rp2040py.peripherals.xip_ctrl import FLUSH, RPXIPCtrl

from hil.cortex_m0.flash_cache import FLASH_WINDOW, FlashCache
from hil.cortex_m0.machine import FLASH_START, RAM_START, ROM_SIZE, ROM_START, Machine, Watch
from hil.rp2040.chip import NS_PER_CYCLE, Chip, Driver
from hil.rp2040.clocks import SYSTEM_HZ
from hil.rp2040.desk import Desk
from hil.rp2040.lab import Rp2040Lab

MISS_CYCLES = 60
"""A line of 8 bytes from the flash by quad I/O: 8 clocks of address and mode, 4 of waiting and 16
of data; the flash has half the processor's clock (the SDK's second stage as it is, divider 2), so
these are 56 cycles, and a few go to chip select and bus."""

XIP_CTRL_ADDRESS = 0x14000
"""Key of RP2040.peripherals: bus address >> 12."""

# In the heap of the lab image, which nobody uses while the model signs.
SCRATCH = RAM_START + 0x30000
NO_ADDED_ENTROPY = 0


def milliseconds(misses: int) -> float:
    """The time that these misses take."""
    return misses * MISS_CYCLES * 1000 / SYSTEM_HZ


def count_sign_misses(lab: Rp2040Lab, program: Path) -> int:
    """Misses of one signature by the lab's image, of which `program` is the ELF file.

    Runs in the model of the processor, with the memory as the emulated chip has it after its start.
    """
    mcu = lab.chip.mcu
    machine = Machine(program, watch=Watch.CACHE)
    machine.write(
        ROM_START, b"".join(word.to_bytes(4, "little") for word in mcu.bootrom)[:ROM_SIZE]
    )
    machine.write(FLASH_START, lab.chip.flash_image())
    machine.write(RAM_START, bytes(mcu.sram))
    private_key, digest, signature = SCRATCH, SCRATCH + 0x20, SCRATCH + 0x40
    machine.write(private_key, (1).to_bytes(32))
    machine.write(digest, bytes(32))
    outcome = machine.call("ws_ecdsa_sign", private_key, digest, NO_ADDED_ENTROPY, signature)
    return outcome.fetch_misses + outcome.load_misses


def count_call_misses(desk: Desk, call: Callable[[], object]) -> int:
    """Misses of a call to the module, in its device time: from the request's end to the reply."""
    accesses = FlashAccesses(desk.chip)
    try:
        call()
    finally:
        accesses.close()
    request, reply = list(desk.link.marks)[-2:]
    return accesses.misses_between(request.end_ns, reply.start_ns)


@dataclass(frozen=True)
class Load:
    """Where an instruction loads from: the sum of registers and an offset."""

    registers: tuple[int, ...]
    offset: int
    words: int = 1


def load_of(half: int, pc: int) -> Load | None:
    """What an instruction loads that may lie in flash: not POP and not what lies at SP."""
    n, m, imm5 = half >> 3 & 7, half >> 6 & 7, half >> 6 & 31
    if half >> 12 == 0b0101 and half >> 9 & 7 >= 3:  # LDRSB and the loads by register behind it
        return Load((n, m), 0)
    match half >> 11:
        case 0b01001:  # LDR of a literal
            return Load((), (pc & ~3) + 4 + 4 * (half & 0xFF))
        case 0b01101:
            return Load((n,), 4 * imm5)
        case 0b01111:  # LDRB
            return Load((n,), imm5)
        case 0b10001:  # LDRH
            return Load((n,), 2 * imm5)
        case 0b11001:  # LDM
            return Load((half >> 8 & 7,), 0, (half & 0xFF).bit_count())
    return None


class _XipControl(RPXIPCtrl):
    """The registers of the cache; tells when it is flushed."""

    def __init__(self, chip: Any, on_flush: Callable[[], None]) -> None:
        super().__init__(chip, "XIP_CTRL_BASE")
        self._on_flush = on_flush

    def write_uint32(self, offset: int, value: int) -> None:
        """Write a register."""
        super().write_uint32(offset, value)
        if offset == FLUSH:
            self._on_flush()


class FlashAccesses:
    """Steps a chip and sends its accesses to flash through the model of the cache.

    Nothing else about the chip changes, its time neither; only the wall clock's.
    """

    def __init__(self, chip: Chip) -> None:
        self.misses = 0
        self._chip = chip
        self._cache = FlashCache()
        self._pending = array("I")
        self._loads: dict[int, Load | None] = {}
        self._samples: list[tuple[int, int]] = []
        self._usual_execute = chip.execute
        self._usual_control = chip.mcu.peripherals[XIP_CTRL_ADDRESS]
        chip.execute = self._execute
        chip.mcu.peripherals[XIP_CTRL_ADDRESS] = _XipControl(chip.mcu, self._flush)

    def close(self) -> None:
        """Let the chip run as before."""
        self._chip.execute = self._usual_execute
        self._chip.mcu.peripherals[XIP_CTRL_ADDRESS] = self._usual_control

    def misses_between(self, start_ns: int, end_ns: int) -> int:
        """Misses in a stretch of the desk's time, as exactly as the slices that it ran in."""
        before = max((misses for ns, misses in self._samples if ns <= start_ns), default=0)
        until = max((misses for ns, misses in self._samples if ns <= end_ns), default=0)
        return until - before

    def _execute(self, driver: Driver) -> None:
        clock, core = driver.clock, driver.rp2040.core
        tick, step = clock.tick, core.execute_instruction
        while not driver.stopped:
            if core.waiting:
                tick(clock.nanos_to_next_alarm)
            else:
                self._note(core.pc, core.registers)
                tick(step() * NS_PER_CYCLE)
        self._replay()
        self._samples.append((self._chip.timeline.now_ns(), self.misses))

    def _note(self, pc: int, registers: Any) -> None:
        if pc in FLASH_WINDOW:
            self._pending.append(pc)
        try:
            load = self._loads[pc]
        except KeyError:
            load = self._loads[pc] = load_of(self._chip.mcu.read_uint16(pc), pc)
        if load is not None:
            address = load.offset + sum(registers[number] for number in load.registers)
            if address in FLASH_WINDOW:
                self._pending.extend(range(address, address + 4 * load.words, 4))

    def _replay(self) -> None:
        self.misses += self._cache.replay(self._pending)
        self._pending = array("I")

    def _flush(self) -> None:
        self._replay()
        self._cache.flush()
