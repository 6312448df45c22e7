"""Machine code of ARMv6-M with one thing wrong at a time.

Each of the kinds of instruction that the generated assembler has is changed in the ways in which a
generator, an assembler or a hand goes wrong. The numbers are encodings: ARMv6-M Architecture
Reference Manual, section A5.2.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

NOP = 0x46C0  # mov r8, r8
CALL = 0x1E  # the upper five bits


@dataclass(frozen=True)
class Mutant:
    """Where an instruction stands, the kind of change, and what it is changed to."""

    offset: int
    mnemonic: str
    change: str
    code: bytes


LOGIC = {
    0x0: ("ands", {"orrs": 0xC, "eors": 0x1}),
    0x1: ("eors", {"orrs": 0xC, "ands": 0x0}),
    0x5: ("adcs", {"sbcs": 0x6}),
    0x6: ("sbcs", {"adcs": 0x5}),
    0x7: ("rors", {"asrs": 0x4, "lsrs": 0x3}),
    0x9: ("rsbs", {"mvns": 0xF}),
    0xA: ("cmp", {"cmn": 0xB}),
    0xC: ("orrs", {"ands": 0x0, "eors": 0x1}),
    0xD: ("muls", {"ands": 0x0}),
    0xE: ("bics", {"ands": 0x0, "eors": 0x1}),
    0xF: ("mvns", {"rsbs": 0x9}),
}


def _three_registers(subtract: bool, target: int, first: int, second: int) -> int:
    return 0x1800 | subtract << 9 | second << 6 | first << 3 | target


def _logic(half: int) -> tuple[str, dict[str, int]]:
    operation, source, target = half >> 6 & 15, half >> 3 & 7, half & 7
    name, others = LOGIC[operation]
    changes = {f"to {other}": half & ~0x3C0 | code << 6 for other, code in others.items()}
    changes["another source"] = half ^ 1 << 3
    changes["another target"] = half ^ 1
    if name == "adcs":
        changes["carry in left out"] = _three_registers(False, target, target, source)
    elif name == "sbcs":
        changes["borrow in left out"] = _three_registers(True, target, target, source)
    elif name == "muls":
        changes["to adds"] = _three_registers(False, target, target, source)
    return name, changes


def _add_or_subtract(half: int) -> tuple[str, dict[str, int]]:
    first, second, target = half >> 3 & 7, half >> 6 & 7, half & 7
    subtract, immediate = half >> 9 & 1, half >> 10 & 1
    name = ("adds", "subs")[subtract]
    changes = {"to the opposite": half ^ 1 << 9, "another first operand": half ^ 1 << 3}
    if immediate:
        changes |= {"constant + 1": half + 0x40 if second < 7 else NOP}
        changes |= {"constant - 1": half - 0x40 if second else NOP}
        return name, changes
    changes["another second operand"] = half ^ 1 << 6
    if target == first:
        changes["carry taken in"] = 0x4000 | (0x6 if subtract else 0x5) << 6 | second << 3 | target
    elif target == second and not subtract:
        changes["carry taken in"] = 0x4140 | first << 3 | target
    return name, changes


def _shift(half: int) -> tuple[str, dict[str, int]]:
    kind, count = half >> 11, half >> 6 & 31
    name = ("lsls", "lsrs", "asrs")[kind]
    changes = {f"to {('lsls', 'lsrs', 'asrs')[k]}": half ^ (kind ^ k) << 11 for k in range(3)}
    del changes[f"to {name}"]
    if count < 31:
        changes["one place more"] = half + 0x40
    if count > 1:  # a count of 0 means 32 places or another instruction
        changes["one place less"] = half - 0x40
    changes["another source"] = half ^ 1 << 3
    return name, changes


def _extend(half: int) -> tuple[str, dict[str, int]]:
    name = {0xB200: "sxth", 0xB280: "uxth"}[half & ~0x3F]
    changes = {"left as it is": half & 0x3F}  # movs Rd, Rm
    changes["the other sign"] = half ^ 0x80
    changes["to a byte"] = half ^ 0x40
    changes["another source"] = half ^ 1 << 3
    return name, changes


def _immediate(half: int) -> tuple[str, dict[str, int]]:
    name, number = ("movs", "cmp", "adds", "subs")[half >> 11 & 3], half & 0xFF
    changes = {"constant + 1": half + 1} if number < 255 else {}
    if number:
        changes["constant - 1"] = half - 1
    return name, changes


def _move(half: int) -> tuple[str, dict[str, int]]:
    changes = {"another source": half ^ 1 << 3, "one more source": half ^ 1 << 6}
    changes["another target"] = half ^ 1
    if half >> 3 & 15 in (14, 15) or half & 0x87 == 0x86:
        del changes["another target"]
    if half >> 3 & 15 == 14:
        del changes["another source"]  # it would be the program counter
    return "mov", changes


def _offset(half: int) -> tuple[str, dict[str, int]]:
    """Loads and stores of words: 5 bits of offset from a register, 8 from sp."""
    from_stack = half >> 12 == 0x9
    load = half >> 11 & 1
    one, most = (1, 0xFF) if from_stack else (1 << 6, 31 << 6)
    field = half & most
    changes = {"offset + 4": half + one} if field < most else {}
    if field:
        changes["offset - 4"] = half - one
    changes["another register"] = half ^ (1 << 8 if from_stack else 1)
    return ("str", "ldr")[load] + (" sp" if from_stack else ""), changes


def _stack(half: int) -> tuple[str, dict[str, int]]:
    return ("sub sp" if half & 0x80 else "add sp"), {
        "size + 4": half + 1,
        "to the opposite": half ^ 0x80,
    }


def _address(half: int) -> tuple[str, dict[str, int]]:
    return "add of sp", {"offset + 4": half + 1, "another register": half ^ 1 << 8}


def _multiple(half: int) -> tuple[str, dict[str, int]]:
    name = "ldmia" if half >> 11 & 1 else "stmia"
    last = half & -half & 0xFF
    return name, {"a register less": half & ~last, "another base": half ^ 1 << 9}


def _register_list(half: int) -> tuple[str, dict[str, int]]:
    """push and pop of r4 to r7, or of fewer."""
    last = half & -half & 0xFF
    changes = {"a register less": half & ~last} if last else {}
    return ("pop" if half >> 11 & 1 else "push"), changes


def _literal(half: int) -> tuple[str, dict[str, int]]:
    return "ldr pc", {"offset - 4": half - 1, "another register": half ^ 1 << 8}


def _byte(half: int) -> tuple[str, dict[str, int]]:
    changes = {"offset + 1": half + (1 << 6), "another register": half ^ 1}
    return ("ldrb" if half >> 11 & 1 else "strb"), changes


def _reverse(half: int) -> tuple[str, dict[str, int]]:
    changes = {"of each half": half ^ 1 << 6, "another source": half ^ 1 << 3}
    return "rev", changes


def _jump(half: int) -> tuple[str, dict[str, int]]:
    return "b", {"one instruction on": half + 1}


def _branch(half: int) -> tuple[str, dict[str, int]]:
    return "branch", {"to the opposite": half ^ 1 << 8, "one instruction on": half + 1}


def _high_add(half: int) -> tuple[str, dict[str, int]]:
    return "add", {"another source": half ^ 1 << 3, "to mov": half | 1 << 9}


def _compare(half: int) -> tuple[str, dict[str, int]]:
    return "cmp", {"another operand": half ^ 1 << 3}


DECODERS = (
    (0xF800, 0x1800, _add_or_subtract),
    (0xE000, 0x0000, _shift),
    (0xE000, 0x2000, _immediate),
    (0xFC00, 0x4000, _logic),
    (0xFF00, 0x4600, _move),
    (0xFF00, 0x4400, _high_add),
    (0xFF00, 0x4500, _compare),
    (0xF800, 0x4800, _literal),
    (0xF000, 0x6000, _offset),
    (0xF000, 0x7000, _byte),
    (0xF000, 0x9000, _offset),
    (0xF800, 0xA800, _address),
    (0xFF00, 0xB000, _stack),
    (0xFF00, 0xB200, _extend),
    (0xFF00, 0xBA00, _reverse),
    (0xF000, 0xC000, _multiple),
    (0xF600, 0xB400, _register_list),
    (0xF000, 0xD000, _branch),
    (0xF800, 0xE000, _jump),
)


def mutants_of(code: bytes) -> Iterator[Mutant]:
    """Every change of every instruction; an instruction of another kind is an error."""
    halves = enumerate(half for (half,) in struct.iter_unpack("<H", code))
    for place, half in halves:
        if half >> 11 == CALL:  # of 32 bits
            next(halves)
            yield Mutant(2 * place, "bl", "left out", 2 * struct.pack("<H", NOP))
            continue
        decoder = next(d for mask, bits, d in DECODERS if half & mask == bits)
        mnemonic, changes = decoder(half)
        for change, changed in {**changes, "left out": NOP}.items():
            yield Mutant(2 * place, mnemonic, change, struct.pack("<H", changed))
