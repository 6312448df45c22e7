"""One function of the core on many operands: compiled for the host, or as machine code of the
Cortex-M0+ in the model of it.
"""

import ctypes
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from rp2040py.simulator import Simulator

from hil.cortex_m0.machine import RAM_START, STACK_TOP, Machine

SPACE = RAM_START + 0x10000
GUARD = b"\xa5" * 64
"""Stands before and behind each operand."""


class StrayWriteError(Exception):
    """A call wrote beside its operands."""


@dataclass(eq=False)
class Operand:
    """Memory that a pointer names: `size` bytes for each call.

    records: what is in it before each call, one behind the other; None if it is only written.
    Given twice to one call, it is one place in memory.
    """

    size: int
    records: bytes | None = None
    is_result: bool = False
    shift: int = 0
    """By how much the first byte lies behind a whole word."""


def result(size: int) -> Operand:
    """Memory that is only written."""
    return Operand(size, None, is_result=True)


def given(records: bytes, size: int) -> Operand:
    """Memory that is only read."""
    return Operand(size, records)


def changed(records: bytes, size: int) -> Operand:
    """Memory that is read and written."""
    return Operand(size, records, is_result=True)


Arguments = list[Operand | int]


class Runner(Protocol):
    """Whoever can call functions of the core."""

    returned: list[int]
    """What the latest calls returned, as words."""

    def run(self, function: str | int, arguments: Arguments, count: int) -> list[bytes]:
        """Call `count` times; the records of the results, in the order of the arguments."""


def _distinct(arguments: Arguments) -> list[Operand]:
    return list(dict.fromkeys(a for a in arguments if isinstance(a, Operand)))


@dataclass
class ModelRunner:
    """Machine code in the model of the Cortex-M0+."""

    machine: Machine
    limit: int = 50_000_000
    """Instructions of one call."""
    returned: list[int] = field(default_factory=list)

    def run(self, function: str | int, arguments: Arguments, count: int) -> list[bytes]:
        """As in Runner; the function may be an address. StrayWriteError if the calls write
        beside their operands.
        """
        places, at = {}, SPACE
        for operand in _distinct(arguments):
            places[operand] = at + len(GUARD) + operand.shift
            self.machine.write(places[operand] - len(GUARD), GUARD)
            self.machine.write(places[operand] + operand.size, GUARD)
            at += (2 * len(GUARD) + operand.size + 7) // 4 * 4
        batch = self.machine.batch(
            function,
            *(places[a] if isinstance(a, Operand) else a for a in arguments),
            count=count,
            inputs={places[o]: o.records for o in places if o.records is not None},
            outputs={places[o]: o.size for o in places if o.is_result},
            limit=self.limit,
        )
        self.returned = [value & 0xFFFFFFFF for value in batch.results]
        for operand, place in places.items():
            for start in (place - len(GUARD), place + operand.size):
                if self.machine.read(start, len(GUARD)) != GUARD:
                    raise StrayWriteError(str(function))
        return [bytes(data) for data in batch.outputs]


@dataclass
class EmulatorRunner:
    """Machine code in rp2040py, which was written by others; `program` lies in RAM."""

    program: Machine
    returned: list[int] = field(default_factory=list)

    def run(self, function: str | int, arguments: Arguments, count: int) -> list[bytes]:
        """As in Runner."""
        chip = Simulator().rp2040
        chip.sram[:] = self.program.snapshot()
        places, at = {}, SPACE - RAM_START
        for operand in _distinct(arguments):
            places[operand] = at
            at += (operand.size + 3) // 4 * 4
        words = [places[a] + RAM_START if isinstance(a, Operand) else a for a in arguments]
        results: dict[Operand, bytes] = {o: b"" for o in places if o.is_result}
        self.returned = []
        for i in range(count):
            for operand, start in places.items():
                if operand.records is not None:
                    record = operand.records[i * operand.size : (i + 1) * operand.size]
                    chip.sram[start : start + operand.size] = record
            self._call(chip.core, str(function), words)
            self.returned.append(chip.core.registers[0])
            for operand in results:
                start = places[operand]
                results[operand] += bytes(chip.sram[start : start + operand.size])
        return list(results.values())

    def _call(self, core: Any, function: str, words: list[int]) -> None:
        for register, word in enumerate(words):
            core.registers[register] = word
        core.pc, core.sp, core.lr = self.program.address(function), STACK_TOP, 1
        step = core.execute_instruction
        while core.pc != 0:
            step()


@dataclass
class HostRunner:
    """The C code as compiled for this computer."""

    library: ctypes.CDLL
    returned: list[int] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path) -> "HostRunner":
        """Take the functions of a shared library."""
        return cls(ctypes.CDLL(str(path)))

    def run(self, function: str | int, arguments: Arguments, count: int) -> list[bytes]:
        """As in Runner; the function is a name."""
        call = getattr(self.library, str(function))
        call.restype = ctypes.c_uint32
        memory = {
            operand: ctypes.create_string_buffer(
                operand.records or bytes(operand.size * count), operand.size * count
            )
            for operand in _distinct(arguments)
        }
        starts = [
            (ctypes.addressof(memory[a]), a.size) if isinstance(a, Operand) else (a, 0)
            for a in arguments
        ]
        call.argtypes = [
            ctypes.c_void_p if isinstance(a, Operand) else ctypes.c_uint32 for a in arguments
        ]
        self.returned = [call(*[start + size * i for start, size in starts]) for i in range(count)]
        return [memory[o].raw for o in memory if o.is_result]
