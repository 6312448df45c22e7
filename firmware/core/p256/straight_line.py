"""Straight-line ARMv6-M code: instructions on named values, and the registers chosen for them.

The algorithms are written as a sequence of instructions on values, each value assigned once. The
sequence is kept as it is written, because carries pass from one instruction to the next; only
moves between registers and the stack are put in between, none of which changes the carry flag.
Which value leaves a register when all are taken follows Belady: the one that is needed last
(L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", 1966).

ARMv6-M calculates in r0 to r7 alone. r8 to r12 and lr hold what is needed soon (one cycle each
way), the stack the rest (two cycles each way).

There are no branches here and no addresses that depend on values: whatever is written with this
module takes the same instructions and the same addresses for all inputs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

LOW = tuple(f"r{n}" for n in range(8))
HIGH = ("r8", "r9", "r10", "r11", "r12", "lr")
WORD_BYTES = 4
NEVER = 1 << 30

TIED = {"adcs", "sbcs", "muls", "eors", "ands", "orrs", "bics", "rors"}
"""Instructions that write their result over their first operand."""

COMMUTATIVE = {"adcs", "muls", "eors", "ands", "orrs"}


@dataclass(eq=False)
class Value:
    """One word that is computed once.

    home: where it can be fetched from again, (pointer, byte offset), or None. constant: its
    number, if it can be written with `movs`.
    """

    name: str
    home: "tuple[Value, int] | None" = None
    constant: int | None = None
    uses: list[int] = field(default_factory=list)

    def next_use(self, position: int) -> int:
        """Position of the first instruction after `position` that reads the value."""
        return next((use for use in self.uses if use > position), NEVER)


@dataclass(frozen=True, eq=False)
class Instruction:
    """One instruction: `result` may be None for a store; `number` is the immediate, if any."""

    mnemonic: str
    result: Value | None
    operands: tuple[Value, ...]
    number: int | None = None


class Code:
    """A sequence of instructions under construction."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []

    def emit(self, mnemonic: str, *operands: Value, number: int | None = None) -> Value:
        """Append an instruction; its result."""
        result = Value(f"v{len(self.instructions)}")
        self._append(Instruction(mnemonic, result, operands, number))
        return result

    def effect(self, mnemonic: str, *operands: Value, number: int | None = None) -> None:
        """Append an instruction that only sets flags or memory."""
        self._append(Instruction(mnemonic, None, operands, number))

    def constant(self, number: int) -> Value:
        """A word from 0 to 255, written where it is needed."""
        return Value(f"#{number}", constant=number)

    def word_at(self, pointer: Value, index: int) -> Value:
        """A word of memory, fetched where it is needed; that memory must not change meanwhile."""
        return Value(f"{pointer.name}[{index}]", home=(pointer, index * WORD_BYTES))

    def load(self, pointer: Value, index: int) -> Value:
        """A word of memory, fetched here and once."""
        return self.emit("ldr", pointer, number=index * WORD_BYTES)

    def store(self, value: Value, pointer: Value, index: int) -> None:
        """Write a word to memory."""
        self.effect("str", value, pointer, number=index * WORD_BYTES)

    def __getattr__(self, mnemonic: str) -> Callable[..., Value]:
        """`code.adcs(a, b)` for `code.emit("adcs", a, b)`; a last int is the immediate."""

        def emit(*operands: Value | int) -> Value:
            values = tuple(operand for operand in operands if isinstance(operand, Value))
            numbers = [operand for operand in operands if isinstance(operand, int)]
            return self.emit(mnemonic, *values, number=numbers[0] if numbers else None)

        return emit

    def _append(self, instruction: Instruction) -> None:
        position = len(self.instructions)
        self.instructions.append(instruction)
        for operand in instruction.operands:
            operand.uses.append(position)
            if operand.home is not None:
                operand.home[0].uses.append(position)


@dataclass(frozen=True)
class Policy:
    """What the choice of a register weighs, all in instructions until the next use.

    spill_cost: how much later a value must be needed to leave at the price of a move.
    fetch_cost: the same for a value that comes back from memory only. stack_distance: a value that
    is needed later than this goes to the stack, not to r8 to lr.
    """

    spill_cost: int
    stack_distance: int
    fetch_cost: int


@dataclass(frozen=True)
class Routine:
    """Finished text: `lines` of assembler, words of stack that they use, cycles."""

    lines: tuple[str, ...]
    stack_words: int
    cycles: int


class Allocator:
    """Gives every value a place, instruction by instruction."""

    def __init__(self, code: Code, arguments: dict[str, Value], policy: Policy) -> None:
        self._code = code
        self._policy = policy
        self._registers: dict[str, Value | None] = dict.fromkeys((*LOW, *HIGH))
        self._slots: list[Value | None] = []
        self._lines: list[str] = []
        self._cycles = 0
        self._position = -1
        for register, value in arguments.items():
            self._registers[register] = value

    def run(self) -> Routine:
        """Place the whole sequence."""
        for position, instruction in enumerate(self._code.instructions):
            self._position = position
            self._place(instruction)
            self._forget_dead()
        return Routine(tuple(self._lines), len(self._slots), self._cycles)

    # --- one instruction ---------------------------------------------------------------------

    def _place(self, instruction: Instruction) -> None:
        operands = list(instruction.operands)
        pinned: list[str] = []
        for operand in operands:
            pinned.append(self._bring_low(operand, pinned))
        registers = dict(zip(operands, pinned, strict=True))
        names = [registers[operand] for operand in operands]
        if instruction.mnemonic in TIED:
            self._place_tied(instruction, operands, names)
            return
        if instruction.result is None:
            self._write(instruction, None, names)
            return
        dying = [
            registers[operand] for operand in operands if operand.next_use(self._position) == NEVER
        ]
        target = dying[0] if dying else self._free_low(names)
        self._write(instruction, target, names)
        self._registers[target] = instruction.result

    def _place_tied(
        self, instruction: Instruction, operands: list[Value], names: list[str]
    ) -> None:
        """The result takes the register of the operand that is easiest to lose."""
        if instruction.mnemonic in COMMUTATIVE and self._loss(operands[1], names[1]) < self._loss(
            operands[0], names[0]
        ):
            operands.reverse()
            names.reverse()
        lost, target = operands[0], names[0]
        if self._loss(lost, target):
            kept = self._copy_away(lost, names)
            if kept in LOW:  # destroy the copy: what is in place already stays
                target = kept
        self._write(instruction, target, [target, *names[1:]])
        self._registers[target] = instruction.result

    def _loss(self, value: Value, register: str) -> int:
        """Cycles that it costs to lose the value's register."""
        if value.next_use(self._position) == NEVER or self._elsewhere(value, register):
            return 0
        return 1

    def _copy_away(self, value: Value, names: list[str]) -> str:
        """Copy a value to another register; its name."""
        for places in (LOW, HIGH):
            for register in places:
                if self._registers[register] is None:
                    self._move(register, names[0], value)
                    return register
        register = self._free_low(names)
        self._move(register, names[0], value)
        return register

    def _move(self, target: str, source: str, value: Value) -> None:
        self._emit(f"mov {target}, {source}", 1)
        self._registers[target] = value

    # --- places ------------------------------------------------------------------------------

    def _bring_low(self, value: Value, pinned: list[str]) -> str:
        """The value in one of r0 to r7."""
        for register in LOW:
            if self._registers[register] is value:
                return register
        high = next((r for r in HIGH if self._registers[r] is value), None)
        target = self._free_low(pinned)
        if high is not None:
            self._emit(f"mov {target}, {high}", 1)
            if value.next_use(self._position) == NEVER:
                self._registers[high] = None
        elif value.constant is not None:
            self._emit(f"movs {target}, #{value.constant}", 1)
        elif value in self._slots:
            self._emit(f"ldr {target}, [sp, #{self._slots.index(value) * WORD_BYTES}]", 2)
        elif value.home is not None:
            self._fetch(target, *value.home)
        else:
            raise AssertionError(f"{value.name} is nowhere")
        self._registers[target] = value
        return target

    def _fetch(self, target: str, pointer: Value, offset: int) -> None:
        base = next((r for r in LOW if self._registers[r] is pointer), None)
        if base is None:
            self._emit_place(target, pointer)
            base = target
        self._emit(f"ldr {target}, [{base}, #{offset}]", 2)

    def _emit_place(self, target: str, value: Value) -> None:
        high = next((r for r in HIGH if self._registers[r] is value), None)
        if high is not None:
            self._emit(f"mov {target}, {high}", 1)
        else:
            self._emit(f"ldr {target}, [sp, #{self._slots.index(value) * WORD_BYTES}]", 2)

    def _elsewhere(self, value: Value, register: str) -> bool:
        """Whether the value can be had without this register."""
        return (
            value.constant is not None
            or value.home is not None
            or value in self._slots
            or any(held is value for name, held in self._registers.items() if name != register)
        )

    def _free_low(self, pinned: list[str]) -> str:
        """A register of r0 to r7 that may be written; evicts if it must."""
        for register in LOW:
            if self._registers[register] is None and register not in pinned:
                return register
        candidates = [register for register in LOW if register not in pinned]
        register = max(candidates, key=self._worth_of_evicting)
        self._evict(register)
        return register

    def _held(self, register: str) -> Value:
        value = self._registers[register]
        if value is None:
            raise AssertionError(f"{register} is empty")
        return value

    def _worth_of_evicting(self, register: str) -> int:
        value = self._held(register)
        distance = value.next_use(self._position) - self._position
        if not self._elsewhere(value, register):
            return distance - self._policy.spill_cost
        in_register = any(
            held is value for name, held in self._registers.items() if name != register
        )
        if in_register or value.constant is not None:
            return distance
        return distance - self._policy.fetch_cost

    def _evict(self, register: str) -> None:
        value = self._held(register)
        self._registers[register] = None
        is_needed_now = value in self._code.instructions[self._position].operands
        is_dead = value.next_use(self._position) == NEVER and not is_needed_now
        if is_dead or self._elsewhere(value, register):
            return
        distance = value.next_use(self._position) - self._position
        high = next((r for r in HIGH if self._registers[r] is None), None)
        if high is not None and distance <= self._policy.stack_distance:
            self._emit(f"mov {high}, {register}", 1)
            self._registers[high] = value
            return
        slot = next((i for i, held in enumerate(self._slots) if held is None), len(self._slots))
        if slot == len(self._slots):
            self._slots.append(None)
        self._slots[slot] = value
        self._emit(f"str {register}, [sp, #{slot * WORD_BYTES}]", 2)

    def _forget_dead(self) -> None:
        for register, value in self._registers.items():
            if value is not None and value.next_use(self._position) == NEVER:
                self._registers[register] = None
        for slot, value in enumerate(self._slots):
            if value is not None and value.next_use(self._position) == NEVER:
                self._slots[slot] = None

    # --- text --------------------------------------------------------------------------------

    def _write(self, instruction: Instruction, target: str | None, names: list[str]) -> None:
        mnemonic, number = instruction.mnemonic, instruction.number
        if mnemonic == "str":
            self._emit(f"str {names[0]}, [{names[1]}, #{number}]", 2)
        elif mnemonic == "ldr":
            self._emit(f"ldr {target}, [{names[0]}, #{number}]", 2)
        elif mnemonic == "borrow_mask":
            self._emit(f"sbcs {target}, {target}", 1)
        else:
            words = [*([target] if target else []), *names[mnemonic in TIED :]]
            words += [] if number is None else [f"#{number}"]
            self._emit(f"{mnemonic} {', '.join(words)}", 1)

    def _emit(self, line: str, cycles: int) -> None:
        self._lines.append(line)
        self._cycles += cycles


HEADER = """    .syntax unified
    .cpu cortex-m0plus
    .thumb
"""


def core_name(name: str) -> str:
    """The name of a function's core: the same without saving registers, for assembler alone.

    It takes the function's arguments and writes r0 to r12; sp and the stack above stay.
    """
    return f"{name}_core"


def function_entry(name: str) -> str:
    """The beginning of a function that C can call: r4 to r11 are saved."""
    saves = [f"mov r{low}, r{low + 4}" for low in range(4, 8)]
    return (
        section(name)
        + f"""    .global {name}
{label(name)}"""
        + indent(["push {r4-r7, lr}", *saves, "push {r4-r7}"])
    )


def function_return(name: str) -> str:
    """The end of a function with function_entry."""
    restores = [f"mov r{low + 4}, r{low}" for low in range(4, 8)]
    lines = ["pop {r4-r7}", *restores, "pop {r4-r7, pc}", f".size {name}, . - {name}"]
    return indent(lines)


def section(name: str) -> str:
    """Begin a section of a function's own, which the linker drops if nobody calls it."""
    return f'\n    .section .text.{name}, "ax", %progbits\n'


def label(name: str) -> str:
    """The label of a function."""
    return f"    .type {name}, %function\n    .thumb_func\n{name}:\n"


def indent(lines: list[str]) -> str:
    """Lines of a function's body."""
    return "".join(f"    {line}\n" for line in lines)


def function_text(name: str, routine: Routine) -> str:
    """A straight-line function, and its core."""
    core = core_name(name)
    stack = routine.stack_words * WORD_BYTES
    lines = ["push {lr}", *([f"sub sp, #{stack}"] if stack else []), *routine.lines]
    lines += [*([f"add sp, #{stack}"] if stack else []), "pop {pc}", f".size {core}, . - {core}"]
    outer = function_entry(name) + indent([f"bl {core}"]) + function_return(name)
    return section(core) + label(core) + indent(lines) + outer
