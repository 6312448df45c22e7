"""Each instruction of the model of the Cortex-M0+ against two other opinions.

The emulator rp2040py executes the same halfwords from the same registers. Where it is known to
depart from the architecture (`emulator_departs`), the pseudocode of the ARMv6-M Architecture
Reference Manual stands in, which the arithmetic is checked against anyway.
"""

import random
import struct

import pytest
from rp2040py.simulator import Simulator
from rp2040py.utils.logging import ConsoleLogger, LogLevel

from hil.cortex_m0.machine import RAM_START, Machine, ModelError, Status, Timing

CODE = RAM_START + 0x8000
DATA, DATA_SIZE = RAM_START + 0x9000, 0x1000
SP, LR, PC = 13, 14, 15
MASK = 0xFFFFFFFF

# Values at which carries and signs turn.
EDGES = (0, 1, 2, 31, 32, 33, 255, 256, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF)


class Emulator:
    """One step of rp2040py from given registers."""

    def __init__(self):
        simulator = Simulator()
        self._chip = simulator.rp2040
        self._chip.logger = ConsoleLogger(LogLevel.ERROR)

    def write(self, address, data):
        start = address - RAM_START
        self._chip.sram[start : start + len(data)] = data

    def read(self, address, size):
        start = address - RAM_START
        return bytes(self._chip.sram[start : start + size])

    def step(self, registers, flags):
        """Registers, flags and cycles after one instruction."""
        core = self._chip.core
        for number, value in enumerate(registers):
            core.registers[number] = value
        core.n, core.z, core.c, core.v = (bool(flags >> bit & 1) for bit in (3, 2, 1, 0))
        before = core.cycles
        core.execute_instruction()
        flags = core.n << 3 | core.z << 2 | core.c << 1 | core.v
        return list(core.registers), flags, core.cycles - before


def model_step(machine, registers, flags):
    machine.set_registers(registers, flags)
    cycles = machine.step()
    return machine.registers, machine.flags, cycles


def has(half, *patterns):
    """Whether the halfword fits one of patterns such as '01000101 00xxxxxx'."""
    bits = f"{half:016b}"
    return any(
        all(want in ("x", bit) for want, bit in zip(pattern.replace(" ", ""), bits, strict=True))
        for pattern in patterns
    )


def stops_or_sleeps(half):
    """BKPT, UDF, SVC, WFE, WFI: told apart in the tests of calls."""
    return has(half, "10111110 xxxxxxxx", "1101111x xxxxxxxx") or half in (0xBF20, 0xBF30)


def unpredictable(half):
    """What rp2040py executes and the architecture does not define."""
    if has(half, "01000101 xxxxxxxx"):  # CMP, encoding T2
        n, m = half & 7 | half >> 4 & 8, half >> 3 & 15
        return (n < 8 and m < 8) or PC in (n, m)
    if has(half, "1011x10x xxxxxxxx"):
        return half & 0x1FF == 0
    if has(half, "1100xxxx xxxxxxxx"):
        base = half >> 8 & 7
        late = half >> base & 1 and half & ((1 << base) - 1)
        return half & 0xFF == 0 or (has(half, "11000xxx xxxxxxxx") and late)
    return half == 0x44FF or has(half, "01000111 x1111xxx")


def defined(half):
    """The halfwords of ARMv6-M that are whole instructions (A5.2)."""
    return (
        not unpredictable(half)
        and not has(
            half,
            "01000111 xxxxx1xx",
            "01000111 xxxxxx1x",
            "01000111 xxxxxxx1",
            "10110001 xxxxxxxx",
            "10110011 xxxxxxxx",
            "10111001 xxxxxxxx",
            "10111011 xxxxxxxx",
            "10111000 xxxxxxxx",
            "10111010 10xxxxxx",
            "11101xxx xxxxxxxx",
            "1111xxxx xxxxxxxx",
        )
        and not (
            (has(half, "10110110 xxxxxxxx") and half not in (0xB662, 0xB672))
            or (has(half, "10110111 xxxxxxxx"))
            or (
                has(half, "10111111 xxxxxxxx") and half & 0xFF not in (0x00, 0x10, 0x20, 0x30, 0x40)
            )
        )
    )


def emulator_departs(half, registers, flags):
    """Known errors of rp2040py 0.3.6."""
    n, m = registers[half & 7], registers[half >> 3 & 7]
    if has(half, "01000000 1xxxxxxx", "01000001 00xxxxxx", "01000001 11xxxxxx"):
        return not 1 <= m & 0xFF <= 32  # shift and rotate by register: the carry
    if has(half, "01000001 01xxxxxx"):  # ADCS: the overflow
        return flags & 2 and n == 0x7FFFFFFF
    if has(half, "01000001 10xxxxxx"):  # SBCS: the overflow
        return not flags & 2 and m == 0x7FFFFFFF
    if has(half, "11000xxx xxxxxxxx"):  # STM of its base does not write it back
        return half >> (half >> 8 & 7) & 1
    if has(half, "01000111 x1101xxx"):  # BX SP: never odd, so it would leave the Thumb state
        return True
    return has(half, "01000111 11110xxx")  # BLX LR goes to its own return address


def random_registers(rng):
    values = [rng.choice(EDGES) if rng.random() < 0.4 else rng.getrandbits(32) for _ in range(16)]
    values[SP] &= ~3
    values[PC] = CODE
    return values


class Pair:
    """The model and the emulator with the same memory."""

    def __init__(self, rng):
        self.machine, self.emulator = Machine(timing=Timing.RP2040PY), Emulator()
        self.write(DATA, rng.randbytes(DATA_SIZE))

    def write(self, address, data):
        self.machine.write(address, data)
        self.emulator.write(address, data)

    def prepare(self, half, registers, rng):
        """Let an instruction that uses memory find some, and a branch an odd address."""
        place = DATA + rng.randrange(0x200, 0x300) * 4
        n, m = half >> 3 & 7, half >> 6 & 7
        if has(half, "0101xxxx xxxxxxxx") and n == m:
            registers[n] = place // 2
        elif has(half, "0101xxxx xxxxxxxx"):
            registers[n], registers[m] = place, rng.randrange(0, 0x40, 4)
        elif has(half, "011xxxxx xxxxxxxx", "1000xxxx xxxxxxxx"):
            registers[n] = place
        elif has(half, "1001xxxx xxxxxxxx", "1011010x xxxxxxxx"):
            registers[SP] = place
        elif has(half, "1011110x xxxxxxxx"):
            registers[SP] = place
            target = rng.getrandbits(32) | 1
            self.write(place + 4 * (half & 0xFF).bit_count(), struct.pack("<I", target))
        elif has(half, "1100xxxx xxxxxxxx"):
            registers[half >> 8 & 7] = place
        elif has(half, "01000111 xxxxxxxx"):
            registers[half >> 3 & 15] |= 1

    def compare_step(self, half, registers, flags):
        """Both step; the registers and flags after it."""
        expected = self.emulator.step(registers, flags)
        found = model_step(self.machine, registers, flags)
        assert found == expected, f"{half:#06x} with {[f'{r:#x}' for r in registers]}, {flags:04b}"
        return found[:2]

    def compare_memory(self):
        assert self.machine.read(DATA, DATA_SIZE) == self.emulator.read(DATA, DATA_SIZE)


@pytest.fixture
def rng():
    return random.Random(1)


@pytest.fixture
def pair(rng):
    return Pair(rng)


HALVES = [half for half in range(0x10000) if defined(half) and not stops_or_sleeps(half)]


def test_every_halfword_that_is_no_instruction_is_unknown(rng):
    machine = Machine()
    wrong = []
    for half in set(range(0xE800)) | set(range(0xF800, 0x10000)):
        if defined(half):
            continue
        machine.write(CODE, struct.pack("<H", half))
        machine.set_registers(random_registers(rng), 0)
        try:
            machine.step()
            wrong.append(half)
        except ModelError as error:
            if error.status is not Status.UNKNOWN_INSTRUCTION:
                wrong.append(half)
    assert not wrong, [f"{half:#06x}" for half in wrong]


def test_every_halfword_does_what_the_emulator_does(pair, rng):
    compared = 0
    for half in HALVES:
        pair.write(CODE, struct.pack("<H", half))
        registers, flags = random_registers(rng), rng.randrange(16)
        pair.prepare(half, registers, rng)
        if not emulator_departs(half, registers, flags):
            pair.compare_step(half, registers, flags)
            compared += 1
    pair.compare_memory()
    assert compared > 0.98 * len(HALVES)


def test_sequences_go_on_from_each_others_results(pair, rng):
    """Without branches; registers are set anew only where memory is used."""
    straight = [
        half
        for half in HALVES
        if not has(half, "01000111 xxxxxxxx", "1101xxxx xxxxxxxx")
        and not has(half, "11100xxx xxxxxxxx", "1011110x xxxxxxxx", "010001xx 1xxxx111")
    ]
    for _ in range(300):
        length = 50
        halves = rng.choices(straight, k=length)
        pair.write(CODE, struct.pack(f"<{length}H", *halves))
        registers, flags = random_registers(rng), rng.randrange(16)
        for i, half in enumerate(halves):
            registers[PC] = CODE + 2 * i
            pair.prepare(half, registers, rng)
            if not emulator_departs(half, registers, flags):
                registers, flags = pair.compare_step(half, registers, flags)
        pair.compare_memory()


def test_wide_instructions_do_what_the_emulator_does(pair, rng):
    calls = [
        (0xF000 | rng.getrandbits(11), 0xD000 | rng.getrandbits(14) & 0x2FFF) for _ in range(3000)
    ]
    barriers = [(0xF3BF, 0x8F4F), (0xF3BF, 0x8F5F), (0xF3BF, 0x8F6F)]
    reads = [(0xF3EF, 0x8000 | d << 8 | system) for d in range(13) for system in (0, 5, 8, 16, 20)]
    writes = [(0xF380 | n, 0x8800 | system) for n in range(13) for system in (0, 8, 16)]
    for halves in [*calls, *barriers, *reads, *writes]:
        pair.write(CODE, struct.pack("<2H", *halves))
        pair.compare_step(halves[0], random_registers(rng), rng.randrange(16))


def passes(condition, n, z, c, v):
    """Whether a condition holds (A7.3.1); an odd number is the contrary of the one before."""
    holds = (z, c, n, v, c and not z, n == v, n == v and not z)[condition >> 1]
    return holds != bool(condition & 1)


def test_conditions_are_those_of_the_manual_and_of_the_emulator(pair):
    for condition in range(14):
        for flags in range(16):
            half = 0xD010 | condition << 8
            pair.write(CODE, struct.pack("<H", half))
            registers, _ = pair.compare_step(half, [0] * 15 + [CODE], flags)
            taken = passes(condition, *(bool(flags >> bit & 1) for bit in (3, 2, 1, 0)))
            assert registers[PC] == (CODE + 4 + 0x20 if taken else CODE + 2)


# --- the pseudocode of the manual ---


def signed(value):
    return value - (1 << 32) if value >> 31 else value


def add_with_carry(x, y, carry):
    """AddWithCarry (A2.2.1): result and N, Z, C, V."""
    result = (x + y + carry) & MASK
    overflow = signed(x) + signed(y) + carry != signed(result)
    return result, result >> 31 << 3 | (result == 0) << 2 | (x + y + carry > MASK) << 1 | overflow


def shifted(kind, value, count, flags):
    """Shift_C (A2.2.1): result and flags; a count of 0 leaves the carry."""
    carry = flags >> 1 & 1
    for _ in range(count):
        if kind == "lsl":
            carry, value = value >> 31, value << 1 & MASK
        else:
            carry = value & 1
            top = {"lsr": 0, "asr": value >> 31, "ror": carry}[kind]
            value = value >> 1 | top << 31
    return value, value >> 31 << 3 | (value == 0) << 2 | carry << 1 | flags & 1


def logical(result, flags):
    result &= MASK
    return result, result >> 31 << 3 | (result == 0) << 2 | flags & 3


MANUAL = {
    # halfword with r0 as destination and first operand, r1 as second
    0x4008: lambda a, b, f: logical(a & b, f),
    0x4048: lambda a, b, f: logical(a ^ b, f),
    0x4088: lambda a, b, f: shifted("lsl", a, b & 255, f),
    0x40C8: lambda a, b, f: shifted("lsr", a, b & 255, f),
    0x4108: lambda a, b, f: shifted("asr", a, b & 255, f),
    0x4148: lambda a, b, f: add_with_carry(a, b, f >> 1 & 1),
    0x4188: lambda a, b, f: add_with_carry(a, b ^ MASK, f >> 1 & 1),
    0x41C8: lambda a, b, f: shifted("ror", a, b & 255, f),
    0x4248: lambda _a, b, _f: add_with_carry(b ^ MASK, 0, 1),
    0x4308: lambda a, b, f: logical(a | b, f),
    0x4348: lambda a, b, f: logical(a * b, f),
    0x4388: lambda a, b, f: logical(a & ~b, f),
    0x43C8: lambda _a, b, f: logical(~b, f),
    0x1840: lambda a, b, _f: add_with_carry(a, b, 0),
    0x1A40: lambda a, b, _f: add_with_carry(a, b ^ MASK, 1),
    # CMP and CMN keep r0
    0x4288: lambda a, b, _f: (a, add_with_carry(a, b ^ MASK, 1)[1]),
    0x42C8: lambda a, b, _f: (a, add_with_carry(a, b, 0)[1]),
    0x4208: lambda a, b, f: (a, logical(a & b, f)[1]),
}


@pytest.mark.parametrize("half", MANUAL, ids=lambda half: f"{half:04x}")
def test_arithmetic_is_that_of_the_manual(half, rng):
    machine = Machine()
    machine.write(CODE, struct.pack("<H", half))
    values = [*EDGES, *(rng.getrandbits(32) for _ in range(12))]
    for a in values:
        for b in values:
            flags = rng.randrange(16)
            registers, found, _ = model_step(machine, [a, b] + [0] * 13 + [CODE], flags)
            assert (registers[0], found) == MANUAL[half](a, b, flags), (hex(a), hex(b), flags)


@pytest.mark.parametrize("flags", range(16))
def test_shifts_by_immediates_are_those_of_the_manual(flags):
    machine = Machine()
    for base, kind in ((0x0000, "lsl"), (0x0800, "lsr"), (0x1000, "asr")):
        for imm5 in range(32):
            machine.write(CODE, struct.pack("<H", base | imm5 << 6 | 1 << 3))
            count = imm5 if imm5 or kind == "lsl" else 32
            for value in (1, 0x80000000, 0x5A5A5A5A, MASK):
                registers, found, _ = model_step(machine, [7, value] + [0] * 13 + [CODE], flags)
                assert (registers[0], found) == shifted(kind, value, count, flags)


def test_where_the_emulator_departs_the_architecture_is_kept():
    machine = Machine()
    place = DATA
    machine.write(CODE, struct.pack("<H", 0xC101))  # STM r1!, {r0}: an ordinary one
    registers, _, _ = model_step(machine, [5, place] + [0] * 13 + [CODE], 0)
    assert registers[1] == place + 4
    machine.write(CODE, struct.pack("<H", 0xC003))  # STM r0!, {r0, r1}: its base first
    registers, _, _ = model_step(machine, [place, 6] + [0] * 13 + [CODE], 0)
    assert registers[0] == place + 8
    assert machine.read(place, 8) == struct.pack("<2I", place, 6)
    machine.write(CODE, struct.pack("<H", 0x47F0))  # BLX LR
    registers, _, _ = model_step(machine, [0] * 14 + [place | 1, CODE], 0)
    assert (registers[LR], registers[PC]) == (CODE + 3, place)


# Cortex-M0+ Technical Reference Manual, table 3-1; the multiplier is the single-cycle one.
@pytest.mark.parametrize(
    ("half", "manual", "emulator"),
    [
        (0x4348, 1, 1),  # MULS
        (0x4687, 2, 2),  # MOV PC, r0
        (0x6800, 2, 2),  # LDR
        (0x6000, 2, 2),  # STR
        (0xC80F, 5, 5),  # LDM of four
        (0xC00F, 5, 5),  # STM of four
        (0xB40F, 5, 5),  # PUSH of four
        (0xB50F, 6, 5),  # PUSH of four and LR
        (0xB500, 2, 1),  # PUSH of LR
        (0xBC0F, 5, 5),  # POP of four
        (0xBD0F, 8, 7),  # POP of four and PC: 3 + 5
        (0xE7FE, 2, 2),  # B
        (0x4700, 2, 2),  # BX
        (0x4780, 2, 2),  # BLX
        (0xD0FE, 2, 2),  # BEQ, taken
        (0xD1FE, 1, 1),  # BNE, not taken
        (0xB662, 1, 1),  # CPSIE
    ],
)
def test_cycles_are_those_of_the_manual_or_of_the_emulator(pair, half, manual, emulator):
    exact = Machine()
    registers = [DATA | 1 if half in (0x4700, 0x4780) else DATA] * 15 + [CODE]
    for machine in (exact, pair):
        machine.write(CODE, struct.pack("<H", half))
        machine.write(DATA, b"\1" * 0x100)  # odd: an address of Thumb code
    assert model_step(exact, registers, 0b0100)[2] == manual
    assert model_step(pair.machine, registers, 0b0100)[2] == emulator
    assert pair.emulator.step(registers, 0b0100)[2] == emulator


def test_a_call_takes_three_cycles():
    machine = Machine()
    machine.write(CODE, struct.pack("<2H", 0xF000, 0xF800))
    assert model_step(machine, [0] * 15 + [CODE], 0)[2] == 3
