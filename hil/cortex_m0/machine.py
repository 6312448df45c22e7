"""Run the functions of a compiled program on the model of the Cortex-M0+.

machine = Machine(Path("program.elf"))
machine.write(machine.address("operand"), bytes(32))
outcome = machine.call("square", machine.address("result"), machine.address("operand"))
print(outcome.cycles, machine.read(machine.address("result"), 64))
"""

import ctypes
import weakref
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum, IntFlag
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from hil.cortex_m0.library import (
    MAX_ARGUMENTS,
    CallStructure,
    ColumnsStructure,
    OperandStructure,
    OutcomeStructure,
    load_library,
)

ROM_START, ROM_SIZE = 0x00000000, 0x4000
FLASH_START, FLASH_SIZE = 0x10000000, 0x200000
RAM_START, RAM_SIZE = 0x20000000, 0x42000
STACK_TOP = RAM_START + RAM_SIZE
INSTRUCTION_LIMIT = 1_000_000_000


class Timing(IntEnum):
    """How cycles are counted."""

    TRM = 0
    """As the Cortex-M0+ Technical Reference Manual says, with the single-cycle multiplier."""
    RP2040PY = 1
    """As rp2040py 0.3.6, which does not count LR and PC in PUSH and POP."""


class Watch(IntFlag):
    """What to record of a run; each makes it slower."""

    NOTHING = 0
    TRACE = 1
    BRANCHES = 2
    PROFILE = 4
    CACHE = 8


class Injection(IntEnum):
    """What a fault does."""

    SKIP = 1
    FLIP_REGISTER = 2
    FLIP_LOADED = 3


class Status(Enum):
    """Why a run did not return."""

    LIMIT = -1
    UNKNOWN_INSTRUCTION = -2
    OUTSIDE = -3
    UNALIGNED = -4
    ARM_STATE = -5
    STOPPED = -6
    CLOBBERED = -7
    STACK = -8
    WRONG_CALL = -9
    NO_MEMORY = -10


SENTENCES = {
    Status.LIMIT: "did not return within the limit; it was at {pc:#010x}",
    Status.UNKNOWN_INSTRUCTION: "unknown instruction {opcode:#06x} at {pc:#010x}",
    Status.OUTSIDE: "access to {address:#010x}, where no memory for it is, at {pc:#010x}",
    Status.UNALIGNED: "unaligned access to {address:#010x} at {pc:#010x}",
    Status.ARM_STATE: "branch to {address:#010x}, where bit 0 is clear, at {pc:#010x}",
    Status.STOPPED: "breakpoint, trap, supervisor call or sleep at {pc:#010x}",
    Status.CLOBBERED: "did not leave r{address} as it was",
    Status.STACK: "returned with the stack pointer at {address:#010x}",
    Status.WRONG_CALL: "no such call: arguments and operands have to lie in memory, and the stack "
    "pointer has to be a multiple of 8",
    Status.NO_MEMORY: "no memory left on this computer",
}


class ModelError(Exception):
    """A run that failed; `pc` and `address` as in the message."""

    def __init__(self, function: str, status: Status, pc: int, address: int, opcode: int) -> None:
        sentence = SENTENCES[status].format(pc=pc, address=address, opcode=opcode)
        super().__init__(f"{function}: {sentence}")
        self.status = status
        self.pc = pc
        self.address = address


class UnknownSymbolError(KeyError):
    """The program has no symbol of this name."""

    def __str__(self) -> str:
        return f"no symbol {self.args[0]} in the program"


@dataclass(frozen=True)
class Fault:
    """A fault to put in at the `at`-th executed instruction of a call; the first is 0.

    A register's bit is flipped before that instruction. With FLIP_LOADED it is the value that the
    instruction loads, its first one if it loads several; nothing happens if it loads none, or no
    value that has such a bit. A fault behind the end of the call does nothing either.
    """

    injection: Injection
    at: int
    bit: int = 0
    register: int = 0


@dataclass(frozen=True)
class Outcome:
    """What a call that returned gave and cost."""

    r0: int
    r1: int
    instructions: int
    cycles: int
    trace: int
    """Hash of every address executed, loaded from and stored to; 0 unless watched."""
    stack_bytes: int
    """Stack that the call took, with the arguments that lie there."""
    fetch_misses: int
    load_misses: int

    @property
    def r1_r0(self) -> int:
        """A result of 64 bits."""
        return self.r1 << 32 | self.r0


@dataclass(frozen=True)
class BatchOutcome:
    """What a batch gave: in each column one entry for each call."""

    outputs: list[bytearray]
    """For each output its records, one behind the other."""
    results: "array[int]"
    """r1 and r0 as one number of 64 bits."""
    cycles: "array[int]"
    traces: "array[int]"


@dataclass(frozen=True)
class Branch:
    """A conditional branch that was met."""

    address: int
    taken: int
    not_taken: int


@dataclass(frozen=True)
class Function:
    """A function's place in the program."""

    name: str
    start: int
    size: int


class Machine:
    """Processor, RAM, flash and boot ROM; memory keeps its contents from call to call."""

    def __init__(
        self,
        program: Path | None = None,
        *,
        timing: Timing = Timing.TRM,
        watch: Watch = Watch.NOTHING,
        stack: int = STACK_TOP,
    ) -> None:
        """Load an ELF file, if one is given; `stack` is the stack pointer at each call."""
        self._library = load_library()
        self._model = self._library.model_new()
        if self._model is None:
            raise MemoryError("no memory for the model")
        weakref.finalize(self, self._library.model_free, self._model)
        self._library.model_set_timing(self._model, timing)
        self._stack = stack
        self._addresses: dict[str, int] = {}
        self._functions: list[Function] = []
        self._watch = Watch.NOTHING
        self.watch(watch)
        if program is not None:
            self._load(program)

    # --- memory and symbols ---

    def address(self, symbol: str) -> int:
        """Address of a symbol, without the bit that marks Thumb code."""
        try:
            return self._addresses[symbol]
        except KeyError:
            raise UnknownSymbolError(symbol) from None

    def symbols(self) -> frozenset[str]:
        """Names that `address` knows."""
        return frozenset(self._addresses)

    def function(self, name: str) -> Function:
        """Place of a function; UnknownSymbolError if there is none of this name."""
        address = self.address(name)
        for place in self._functions:
            if place.start == address:
                return place
        raise UnknownSymbolError(name)

    def read(self, address: int, size: int) -> bytes:
        """Bytes of the memory; ValueError where there is none."""
        return ctypes.string_at(self._bytes_at(address, size), size)

    def write(self, address: int, data: bytes) -> None:
        """Put bytes into RAM, flash or boot ROM; ValueError where there is none."""
        ctypes.memmove(self._bytes_at(address, len(data)), data, len(data))

    def snapshot(self) -> bytes:
        """The contents of the RAM."""
        return self.read(RAM_START, RAM_SIZE)

    def restore(self, ram: bytes) -> None:
        """Put a snapshot back."""
        if len(ram) != RAM_SIZE:
            raise ValueError(f"a snapshot has {RAM_SIZE} bytes, not {len(ram)}")
        self.write(RAM_START, ram)

    # --- running ---

    def call(
        self,
        function: str | int,
        *arguments: int,
        limit: int = INSTRUCTION_LIMIT,
        fault: Fault | None = None,
    ) -> Outcome:
        """Call a function by name or address with up to 8 words; ModelError if it fails."""
        call = self._call_structure(function, arguments, limit, fault)
        outcome = OutcomeStructure()
        self._library.model_call(self._model, call, outcome)
        self._raise_if_failed(_name_of(function), outcome)
        return Outcome(
            r0=outcome.r0,
            r1=outcome.r1,
            instructions=outcome.instructions,
            cycles=outcome.cycles,
            trace=outcome.trace if Watch.TRACE in self._watch else 0,
            stack_bytes=self._stack - outcome.lowest_sp,
            fetch_misses=outcome.fetch_misses,
            load_misses=outcome.load_misses,
        )

    def batch(
        self,
        function: str | int,
        *arguments: int,
        count: int,
        inputs: dict[int, bytes] | None = None,
        outputs: dict[int, int] | None = None,
        limit: int = INSTRUCTION_LIMIT,
    ) -> BatchOutcome:
        """Call a function `count` times with the same arguments and other operands in memory.

        `inputs` has for an address the records of all calls, one behind the other: each is put
        there before its call. `outputs` has for an address the size of what is taken from there
        after each call. `limit` is for each call. Raises ModelError with the first that fails.
        """
        call = self._call_structure(function, arguments, limit, None)
        given = [_input(address, data, count) for address, data in (inputs or {}).items()]
        taken = [bytearray(size * count) for size in (outputs or {}).values()]
        wanted = [
            OperandStructure(address, size, _bytes_pointer(data))
            for (address, size), data in zip((outputs or {}).items(), taken, strict=True)
        ]
        columns = [array("Q", bytes(8 * count)) for _ in range(3)]
        outcome, done = OutcomeStructure(), ctypes.c_uint64()
        self._library.model_batch(
            self._model,
            call,
            count,
            (OperandStructure * len(given))(*given),
            len(given),
            (OperandStructure * len(wanted))(*wanted),
            len(wanted),
            ColumnsStructure(*map(_words_pointer, columns)),
            outcome,
            done,
        )
        self._raise_if_failed(f"{_name_of(function)}, call {done.value} of the batch", outcome)
        return BatchOutcome(taken, *columns)

    def step(self, instructions: int = 1) -> int:
        """Execute instructions from the present registers on; the cycles they took.

        ModelError if one fails.
        """
        outcome = OutcomeStructure()
        self._library.model_step(self._model, instructions, outcome)
        if outcome.status != Status.LIMIT.value:
            self._raise_if_failed("step", outcome)
        return int(outcome.cycles)

    @property
    def registers(self) -> list[int]:
        """r0 to r14, and the address of the next instruction."""
        return list(self._library.model_registers(self._model)[:16])

    @property
    def flags(self) -> int:
        """N, Z, C and V in bits 3 to 0."""
        return int(self._library.model_flags(self._model)) >> 28

    def set_registers(self, registers: Sequence[int], flags: int) -> None:
        """Set r0 to r14, the address of the next instruction, and the flags."""
        if len(registers) != 16:
            raise ValueError(f"there are 16 registers, not {len(registers)}")
        place = self._library.model_registers(self._model)
        for number, value in enumerate(registers):
            place[number] = value
        self._library.model_set_flags(self._model, flags << 28)

    # --- watching ---

    def watch(self, watch: Watch) -> None:
        """Record these from now on; counts of branches and of cycles by function begin anew."""
        if self._library.model_watch(self._model, watch) < 0:
            raise MemoryError("no memory to watch the model")
        self._watch = watch

    def set_miss_penalty(self, cycles: int) -> None:
        """Let each miss of the flash cache cost so many cycles (0 at first)."""
        self._library.model_set_miss_penalty(self._model, cycles)

    def flush_cache(self) -> None:
        """Empty the flash cache."""
        self._library.model_flush_cache(self._model)

    def branches(self, function: str) -> list[Branch]:
        """The conditional branches of a function that were executed since they are watched."""
        place = self.function(function)
        found = []
        for address in range(place.start, place.start + place.size, 2):
            counts = self._library.model_branch_at(self._model, address)
            if counts.taken or counts.not_taken:
                found.append(Branch(address, counts.taken, counts.not_taken))
        return found

    def profile(self) -> dict[str, int]:
        """Cycles spent in each function itself since they are watched, the most first."""
        cycles = {place.name: self._cycles_in(place) for place in self._functions}
        spent = ((name, count) for name, count in cycles.items() if count > 0)
        return dict(sorted(spent, key=lambda item: -item[1]))

    # --- parts ---

    def _load(self, program: Path) -> None:
        with program.open("rb") as file:
            elf = ELFFile(file)
            for segment in elf.iter_segments("PT_LOAD"):
                # Data lies in flash, and in RAM as the start code would have put it there.
                for address in {segment["p_vaddr"], segment["p_paddr"]}:
                    if segment["p_filesz"] > 0:
                        self.write(address, segment.data())
            table = elf.get_section_by_name(".symtab")
            if isinstance(table, SymbolTableSection):
                self._take_symbols(table)

    def _take_symbols(self, table: SymbolTableSection) -> None:
        functions = {}  # by address: one that has several names counts once
        for symbol in table.iter_symbols():
            if symbol["st_shndx"] == "SHN_UNDEF" or not symbol.name:
                continue
            address = symbol["st_value"]
            if symbol["st_info"]["type"] == "STT_FUNC":
                address &= ~1
                functions[address] = Function(symbol.name, address, symbol["st_size"])
            self._addresses[symbol.name] = address
        self._functions = list(functions.values())

    def _cycles_in(self, place: Function) -> int:
        addresses = range(place.start, place.start + place.size, 2)
        return sum(self._library.model_cycles_at(self._model, address) for address in addresses)

    def _bytes_at(self, address: int, size: int) -> int:
        place = self._library.model_memory(self._model, address, size)
        if place is None:
            raise ValueError(f"no memory for {size} bytes at {address:#010x}")
        return int(place)

    def _call_structure(
        self, function: str | int, arguments: Sequence[int], limit: int, fault: Fault | None
    ) -> CallStructure:
        if len(arguments) > MAX_ARGUMENTS:
            raise ValueError(f"{len(arguments)} arguments are more than {MAX_ARGUMENTS}")
        call = CallStructure(
            function=self.address(function) if isinstance(function, str) else function,
            stack=self._stack,
            argument_count=len(arguments),
            limit=limit,
        )
        call.arguments[: len(arguments)] = [value & 0xFFFFFFFF for value in arguments]
        if fault is not None:
            call.inject_at = fault.at
            call.injection = fault.injection
            call.inject_register = fault.register
            call.inject_bit = fault.bit
        return call

    def _raise_if_failed(self, what: str, outcome: OutcomeStructure) -> None:
        if outcome.status == 0:
            return
        status, opcode = Status(outcome.status), 0
        if status is Status.UNKNOWN_INSTRUCTION:
            opcode = int.from_bytes(self.read(outcome.pc, 2), "little")
        raise ModelError(what, status, outcome.pc, outcome.address, opcode)


def _name_of(function: str | int) -> str:
    return function if isinstance(function, str) else f"{function:#010x}"


def _bytes_pointer(data: bytearray) -> "ctypes._Pointer[ctypes.c_uint8]":
    whole = (ctypes.c_uint8 * len(data)).from_buffer(data)
    return ctypes.cast(whole, ctypes.POINTER(ctypes.c_uint8))


def _words_pointer(column: "array[int]") -> "ctypes._Pointer[ctypes.c_uint64]":
    whole = (ctypes.c_uint64 * len(column)).from_buffer(column)
    return ctypes.cast(whole, ctypes.POINTER(ctypes.c_uint64))


def _input(address: int, data: bytes, count: int) -> OperandStructure:
    size, rest = divmod(len(data), count) if count else (0, len(data))
    if rest:
        raise ValueError(f"{len(data)} bytes are no {count} records of one size")
    return OperandStructure(address, size, _bytes_pointer(bytearray(data)))
