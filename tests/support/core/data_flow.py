"""What straight-line code computes, as a graph: from instructions on values, and from the text of
the assembler with its registers, stack and memory.

A node stands for one word (or one carry) and is known by what it is computed from, so that two
computations are the same exactly if their nodes are. Which instructions set the carry flag: ARMv6-M
Architecture Reference Manual, section A6.7.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Node = int
Store = tuple[Node, int, Node]  # pointer, byte offset, word
COMMUTATIVE = {"adds", "adcs", "muls", "eors", "ands", "orrs"}
SETS_CARRY = {"adds", "adcs", "subs", "sbcs", "rsbs", "lsls", "lsrs", "asrs"}
READS_CARRY = {"adcs", "sbcs"}
TIED = READS_CARRY | {"muls", "eors", "ands", "orrs"}
KEEPS_CARRY = {"muls", "eors", "ands", "orrs", "mvns", "uxth", "sxth"}
CALL_SAVED = tuple(f"r{n}" for n in range(4, 12))


class Nodes:
    """All nodes of one comparison; equal contents are one node."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Node] = {}

    def node(self, *content: Any) -> Node:
        """The node of this content."""
        return self._known.setdefault(content, len(self._known))

    def calculate(
        self, mnemonic: str, operands: Sequence[Node], number: int | None, carry: Node
    ) -> tuple[Node, Node]:
        """Result and carry of an instruction."""
        if mnemonic == "movs":
            return self.node("constant", number), carry
        assert mnemonic in SETS_CARRY | KEEPS_CARRY, mnemonic
        if mnemonic == "sbcs" and operands[0] == operands[1]:
            return self.node("mask", carry), carry  # 0 or -1, whatever the register held
        inputs = sorted(operands) if mnemonic in COMMUTATIVE else operands
        carried = (carry,) if mnemonic in READS_CARRY else ()
        result = self.node(mnemonic, *inputs, number, *carried)
        return result, self.node("carry", result) if mnemonic in SETS_CARRY else carry


@dataclass
class Memory:
    """Words behind the pointers that a function is given, which do not overlap."""

    nodes: Nodes
    stores: list[Store] = field(default_factory=list)
    loads_behind_a_store: int = 0

    def load(self, pointer: Node, offset: int) -> Node:
        """The word there now."""
        self.loads_behind_a_store += bool(self.stores)
        written = [word for p, o, word in self.stores if (p, o) == (pointer, offset)]
        return written[-1] if written else self.nodes.node("memory", pointer, offset)

    def store(self, word: Node, pointer: Node, offset: int) -> None:
        """Write a word."""
        self.stores.append((pointer, offset, word))


# --- the assembler's text -----------------------------------------------------------------------

ADDRESS = re.compile(r"\[(\w+), #(\d+)\]")


class Processor:
    """Executes the lines of one function on nodes."""

    def __init__(self, nodes: Nodes, pointers: int) -> None:
        self.nodes = nodes
        self.memory = Memory(nodes)
        self.registers = {f"r{n}": nodes.node("at entry", n) for n in range(13)}
        self.registers |= {f"r{n}": nodes.node("pointer", n) for n in range(pointers)}
        self.registers["lr"] = nodes.node("return address")
        self.stack: dict[int, Node] = {}
        self.sp = 0
        self.frame = 0
        self.carry = nodes.node("carry at entry")
        self.returned = False
        self.calls: list[tuple[str, list[Node]]] = []
        """Cores that were called, with what was in r0 to r2."""

    def run(self, lines: Sequence[str]) -> None:
        """Execute all lines; AssertionError for a way to reach memory that is not known."""
        for line in lines:
            assert not self.returned, "code behind the return"
            mnemonic, _, rest = line.partition(" ")
            handler = getattr(self, f"_{mnemonic}", None)
            if handler:
                handler(rest)
            else:
                self._calculate(mnemonic, rest.split(", "))

    def is_back(self) -> bool:
        """Whether the function has returned to its caller, with the stack as it was."""
        return self.returned and self.sp == 0

    def restores_everything(self) -> bool:
        """Whether it has done so as the procedure call standard says, with r4 to r11 as before."""
        return self.is_back() and all(
            self.registers[name] == self.nodes.node("at entry", int(name[1:]))
            for name in CALL_SAVED
        )

    def _calculate(self, mnemonic: str, words: list[str]) -> None:
        target, *sources = words
        number = int(sources.pop()[1:]) if sources and sources[-1].startswith("#") else None
        if not sources or (len(sources) < 2 and mnemonic in TIED):
            sources.insert(0, target)
        if mnemonic == "movs":
            sources.clear()
        operands = [self._low(name) for name in sources]
        assert target in LOW, target
        self.registers[target], self.carry = self.nodes.calculate(
            mnemonic, operands, number, self.carry
        )

    def _low(self, name: str) -> Node:
        assert name in LOW, f"{name} takes part in a calculation"
        return self.registers[name]

    def _mov(self, rest: str) -> None:
        target, source = rest.split(", ")
        self.registers[target] = self.registers[source]

    def _ldr(self, rest: str) -> None:
        target, (base, offset) = self._place(rest)
        if base == "sp":
            self.registers[target] = self.stack[self.sp + offset]
        else:
            self.registers[target] = self.memory.load(self._pointer(base), offset)

    def _str(self, rest: str) -> None:
        source, (base, offset) = self._place(rest)
        if base == "sp":
            assert self.sp + offset < self.frame, "a store over what was pushed"
            self.stack[self.sp + offset] = self.registers[source]
        else:
            self.memory.store(self.registers[source], self._pointer(base), offset)

    def _place(self, rest: str) -> tuple[str, tuple[str, int]]:
        register, _, address = rest.partition(", ")
        match = ADDRESS.fullmatch(address)
        assert match, rest
        assert register in LOW
        return register, (match[1], int(match[2]))

    def _pointer(self, base: str) -> Node:
        node = self._low(base)
        assert node in {self.nodes.node("pointer", n) for n in range(4)}, "no argument's address"
        return node

    def _push(self, rest: str) -> None:
        names = register_list(rest)
        self.sp -= 4 * len(names)
        for i, name in enumerate(names):
            self.stack[self.sp + 4 * i] = self.registers[name]
        self.frame = self.sp

    def _pop(self, rest: str) -> None:
        for name in register_list(rest):
            value = self.stack[self.sp]
            self.sp += 4
            if name == "pc":
                self.returned = value == self.nodes.node("return address")
            else:
                self.registers[name] = value

    def _sub(self, rest: str) -> None:
        self.sp -= int(rest.removeprefix("sp, #"))

    def _add(self, rest: str) -> None:
        *target, number = rest.split(", ")
        if target == ["sp"]:
            self.sp += int(number[1:])
        else:
            assert target[1] == "sp"
            self.registers[target[0]] = self.nodes.node("stack", self.sp + int(number[1:]))

    def _bl(self, function: str) -> None:
        """A core: it takes its arguments in r0 and on, and writes r0 to r12 and lr."""
        self.calls.append((function, [self.registers[f"r{n}"] for n in range(3)]))
        for name in self.registers:
            self.registers[name] = self.nodes.node("left by call", len(self.calls), name)


LOW = tuple(f"r{n}" for n in range(8))


def register_list(text: str) -> list[str]:
    """Names in `{r4-r7, lr}`, as they lie in memory."""
    names: list[str] = []
    for part in text.strip("{}").split(", "):
        first, _, last = part.partition("-")
        ends = (int(first[1:]), int(last[1:])) if last else (0, 0)
        names += [f"r{n}" for n in range(ends[0], ends[1] + 1)] if last else [first]
    return names


# --- the instructions that the text was made from -----------------------------------------------


def graph_of(code: Any, pointers: Sequence[Any], nodes: Nodes) -> list[Store]:
    """What a Code of straight_line.py stores, if each instruction reads the values and the carry
    that it names.
    """
    known = {pointer: nodes.node("pointer", n) for n, pointer in enumerate(pointers)}
    memory = Memory(nodes)
    carry = nodes.node("carry at entry")

    def operand(value: Any) -> Node:
        if value in known:
            return known[value]
        if value.constant is not None:
            return nodes.node("constant", value.constant)
        pointer, offset = value.home
        return nodes.node("memory", known[pointer], offset)

    for instruction in code.instructions:
        operands = [operand(value) for value in instruction.operands]
        if instruction.mnemonic == "str":
            word, pointer = operands
            memory.store(word, pointer, instruction.number)
        elif instruction.mnemonic == "ldr":
            known[instruction.result] = memory.load(operands[0], instruction.number)
        elif instruction.mnemonic == "borrow_mask":
            known[instruction.result] = nodes.node("mask", carry)
        else:
            result, carry = nodes.calculate(
                instruction.mnemonic, operands, instruction.number, carry
            )
            if instruction.result is not None:
                known[instruction.result] = result
    return memory.stores
