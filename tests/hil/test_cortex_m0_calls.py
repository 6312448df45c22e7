"""Functions of a compiled program on the model of the Cortex-M0+; what goes wrong comes first."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from hil.cortex_m0.machine import (
    FLASH_START,
    RAM_SIZE,
    RAM_START,
    STACK_TOP,
    Fault,
    Injection,
    Machine,
    ModelError,
    Status,
    UnknownSymbolError,
    Watch,
)

COMPILER = "arm-none-eabi-gcc"
FLAGS = (
    "-mcpu=cortex-m0plus",
    "-mthumb",
    "-O2",
    "-nostartfiles",
    "-Wl,-e,start",
    f"-Wl,-Ttext={FLASH_START:#x}",
    f"-Wl,-Tdata={RAM_START:#x}",
)
CODE = RAM_START + 0x100

# Thumb instructions
BX_LR = 0x4770
NOP = 0xBF00


def machine_with(*halves, at=CODE, watch=Watch.NOTHING):
    machine = Machine(watch=watch)
    machine.write(at, struct.pack(f"<{len(halves)}H", *halves))
    return machine


def failure(machine, *arguments, at=CODE, **options):
    with pytest.raises(ModelError) as caught:
        machine.call(at, *arguments, **options)
    return caught.value


@pytest.mark.parametrize(
    "halves",
    [
        (0xB100,),  # CBZ of ARMv7-M
        (0xBF08,),  # IT of ARMv7-M
        (0xE800, 0x0000),
        (0xF3BF, 0x8F3F),
        (0xF7F0, 0xA000),  # UDF of 32 bits
        (0x4778,),  # BX PC
        (0x4508,),  # CMP of two low registers in the encoding for high ones
        (0xC400,),  # STM of nothing
        (0xC102, 0xC103),  # STM of its base: as the first register it is defined
        (0xB400,),  # PUSH of nothing
        (0xF3EF, 0x8009),  # MRS of PSP
        (0xF380, 0x8814),  # MSR to CONTROL
    ],
    ids=lambda halves: f"{halves[0]:04x}",
)
def test_what_is_no_instruction_of_armv6_m_ends_the_run_there(halves):
    machine = machine_with(NOP, *halves, BX_LR)
    error = failure(machine, RAM_START, RAM_START)
    last = CODE + 2 * (2 if halves[0] == 0xC102 else 1)
    assert (error.status, error.pc) == (Status.UNKNOWN_INSTRUCTION, last)
    assert f"unknown instruction {halves[-1 if last > CODE + 2 else 0]:#06x}" in str(error)


@pytest.mark.parametrize("half", [0xBE00, 0xDE00, 0xDF00, 0xBF20, 0xBF30])
def test_breakpoint_trap_supervisor_call_and_sleep_end_the_run(half):
    assert failure(machine_with(half, BX_LR)).status is Status.STOPPED


@pytest.mark.parametrize(
    ("half", "offset"),
    [(0x6800, 1), (0x6800, 2), (0x8800, 1), (0x6000, 2), (0x8000, 1), (0xC802, 2), (0xC002, 2)],
)
def test_an_unaligned_access_is_told_with_its_place(half, offset):
    error = failure(machine_with(NOP, half, BX_LR), RAM_START + offset)
    assert (error.status, error.pc) == (Status.UNALIGNED, CODE + 2)
    assert error.address == RAM_START + offset


@pytest.mark.parametrize(
    ("half", "address"),
    [
        (0x6800, 0x40034000),  # load word
        (0x7800, RAM_START + RAM_SIZE),
        (0x7800, RAM_START - 1),
        (0x6800, FLASH_START + 0x200000),
        (0x6800, 0x4000),  # behind the boot ROM
        (0x6000, RAM_START + RAM_SIZE),  # store word
        (0x6000, FLASH_START),
        (0x7000, 0),
    ],
)
def test_an_access_outside_the_memory_and_a_store_to_flash_are_told(half, address):
    error = failure(machine_with(half, BX_LR), address)
    assert (error.status, error.pc, error.address) == (Status.OUTSIDE, CODE, address)


@pytest.mark.parametrize("half", [0xC80E, 0xC00E])  # LDM, STM of three
def test_of_several_accesses_the_first_that_fails_is_told(half):
    end = RAM_START + RAM_SIZE
    error = failure(machine_with(half, BX_LR), end - 4)
    assert (error.status, error.address) == (Status.OUTSIDE, end)


def test_code_outside_the_memory_is_told():
    error = failure(machine_with(BX_LR), at=0x30000000)
    assert (error.status, error.pc, error.address) == (Status.OUTSIDE, 0x30000000, 0x30000000)


def test_code_that_goes_astray_into_rom_or_flash_ends_there():
    machine = machine_with(0x4700)  # BX r0
    assert failure(machine, 0x101).status is Status.STOPPED
    assert failure(machine, FLASH_START | 1).status is Status.UNKNOWN_INSTRUCTION
    machine.write(0x100, struct.pack("<2H", 0x2007, BX_LR))  # MOVS r0, #7
    assert machine.call(0x100).r0 == 7


def test_a_branch_to_an_even_address_is_told():
    error = failure(machine_with(0x4700), RAM_START)  # BX r0
    assert (error.status, error.pc, error.address) == (Status.ARM_STATE, CODE, RAM_START)


def test_a_run_that_never_ends_is_told_as_such():
    error = failure(machine_with(0xE7FE), limit=1000)
    assert error.status is Status.LIMIT
    assert "did not return within the limit" in str(error)


@pytest.mark.parametrize("number", range(4, 12))
def test_a_register_that_the_caller_needs_is_to_come_back(number):
    half = 0x4600 | (number & 8) << 4 | number & 7  # MOV number, r0
    error = failure(machine_with(half, BX_LR), 7)
    assert (error.status, error.address) == (Status.CLOBBERED, number)
    assert f"r{number}" in str(error)


def test_the_stack_pointer_is_to_come_back():
    error = failure(machine_with(0xB081, BX_LR))  # SUB SP, #4
    assert (error.status, error.address) == (Status.STACK, STACK_TOP - 4)


def test_what_cannot_be_asked_for_is_refused():
    machine = machine_with(BX_LR)
    with pytest.raises(UnknownSymbolError, match="no symbol nothing in the program"):
        machine.call("nothing")
    with pytest.raises(ValueError, match="9 arguments"):
        machine.call(CODE, *range(9))
    with pytest.raises(ValueError, match="no memory for 5 bytes"):
        machine.read(RAM_START + RAM_SIZE - 4, 5)
    with pytest.raises(ValueError, match="a snapshot has"):
        machine.restore(b"")
    with pytest.raises(ModelError, match="no such call"):
        machine.call(CODE, fault=Fault(Injection.FLIP_REGISTER, at=0, register=15))
    with pytest.raises(ModelError, match="no such call"):
        machine.batch(CODE, count=1, inputs={0x30000000: b"1234"})
    with pytest.raises(ValueError, match="no 2 records"):
        machine.batch(CODE, count=2, inputs={RAM_START: b"123"})


PROGRAM = """
#include <stdint.h>

uint32_t left[2], right[2], product[4];
const uint32_t table[4] = {3, 1, 4, 1};

uint32_t weighted(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f,
                  uint32_t g, uint32_t h) {
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}

uint64_t square(uint32_t a) {
    return (uint64_t)a * a;
}

uint32_t sum(const uint32_t *words, uint32_t count) {
    uint32_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        total += words[i];
    }
    return total;
}

uint32_t leaky(uint32_t secret) {
    return table[secret & 3];
}

__attribute__((noipa)) void add(uint32_t *to, uint32_t value) {
    *to += value;
}

void multiply(void) {
    for (int i = 0; i < 4; i++) {
        product[i] = 0;
    }
    for (uint32_t i = 0; i < right[0]; i++) {
        add(product, left[0]);
    }
}

void start(void) {
    (void)(weighted(0, 0, 0, 0, 0, 0, 0, 0) + square(0) + sum(0, 0) + leaky(0));
    multiply();
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    if shutil.which(COMPILER) is None:
        pytest.skip(f"no {COMPILER}: apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi")
    folder = tmp_path_factory.mktemp("program")
    (folder / "program.c").write_text(PROGRAM)
    subprocess.run(
        [COMPILER, *FLAGS, "program.c", "-o", "program.elf", "-lgcc"],
        cwd=folder,
        check=True,
    )
    return folder / "program.elf"


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def test_arguments_results_and_memory(program):
    machine = Machine(program)
    assert machine.call("weighted", 1, 2, 3, 4, 5, 6, 7, 8).r0 == 204
    assert machine.call("square", 0xFFFFFFFF).r1_r0 == 0xFFFFFFFF**2
    assert machine.call("leaky", 2).r0 == 4
    machine.write(machine.address("left"), words(40, 2))
    assert machine.call("sum", machine.address("left"), 2).r0 == 42
    before = machine.snapshot()
    machine.write(machine.address("right"), words(3, 0))
    machine.call("multiply")
    assert machine.read(machine.address("product"), 4) == words(120)
    machine.restore(before)
    assert machine.read(machine.address("product"), 4) == words(0)


def test_a_batch_is_the_same_as_its_calls(program):
    machine = Machine(program, watch=Watch.TRACE)
    left, right, product = (machine.address(name) for name in ("left", "right", "product"))
    lefts, rights = [5, 6, 7], [2, 0, 9]
    batch = machine.batch(
        "multiply",
        count=3,
        inputs={left: words(*lefts), right: words(*rights)},
        outputs={product: 4},
    )
    assert batch.outputs == [words(10, 0, 63)]
    for i in range(3):
        machine.write(left, words(lefts[i]))
        machine.write(right, words(rights[i]))
        one = machine.call("multiply")
        assert (one.cycles, one.trace) == (batch.cycles[i], batch.traces[i])
    squares = machine.batch("square", 1 << 20, count=2)
    assert list(squares.results) == [1 << 40, 1 << 40]


def test_a_batch_ends_with_the_call_that_fails(program):
    machine = Machine(program)
    with pytest.raises(ModelError, match="multiply, call 1 of the batch: did not return") as caught:
        machine.batch(
            "multiply", count=3, inputs={machine.address("right"): words(1, 1000, 1)}, limit=1000
        )
    assert caught.value.status is Status.LIMIT


def test_the_lowest_stack_pointer_is_kept():
    machine = machine_with(0xB5F0, 0xBDF0)  # PUSH {r4-r7, lr}; POP {r4-r7, pc}
    assert machine.call(CODE).stack_bytes == 20
    assert machine_with(BX_LR).call(CODE).stack_bytes == 0


def test_the_trace_tells_addresses_that_the_cycles_do_not(program):
    machine = Machine(program, watch=Watch.TRACE)
    first, second, again = (machine.call("leaky", secret) for secret in (0, 1, 4))
    assert first.cycles == second.cycles
    assert first.trace != second.trace
    assert first.trace == again.trace
    machine.watch(Watch.NOTHING)
    assert machine.call("leaky", 0).trace == 0


def test_the_trace_tells_a_load_from_a_store():
    load, store = (
        machine_with(half, BX_LR, watch=Watch.TRACE).call(CODE, RAM_START)
        for half in (0x6801, 0x6001)
    )
    assert load.trace != store.trace


def test_branches_and_cycles_by_function(program):
    machine = Machine(program, watch=Watch.BRANCHES | Watch.PROFILE)
    machine.write(machine.address("right"), words(10))
    outcome = machine.call("multiply")
    (loop,) = [found for found in machine.branches("multiply") if found.taken + found.not_taken > 9]
    assert (loop.taken, loop.not_taken) in {(9, 1), (10, 1), (1, 10)}
    profile = machine.profile()
    assert sum(profile.values()) == outcome.cycles
    assert profile["add"] == 10 * (2 + 1 + 2 + 2)  # LDR, ADD, STR, BX
    machine.watch(Watch.PROFILE)
    assert machine.profile() == {}
    assert machine.branches("multiply") == []


COUNT_DOWN = (
    0x2300,  # MOVS r3, #0
    0x3301,  # ADDS r3, #1
    0x3801,  # SUBS r0, #1
    0xD1FC,  # BNE to the ADDS
    0x0018,  # MOVS r0, r3
    BX_LR,
)


def test_a_skipped_instruction_is_not_executed():
    machine = machine_with(*COUNT_DOWN)
    whole = machine.call(CODE, 3)
    assert (whole.r0, whole.instructions) == (3, 12)
    # The second ADDS is instruction 4.
    outcome = machine.call(CODE, 3, fault=Fault(Injection.SKIP, at=4))
    assert (outcome.r0, outcome.instructions, outcome.cycles) == (2, 12, whole.cycles - 1)
    assert machine.call(CODE, 3, fault=Fault(Injection.SKIP, at=12)) == whole


def test_a_skipped_call_is_left_out_whole():
    # PUSH {lr}; BL to MOVS r0, #1; POP {pc}; MOVS r0, #1; BX lr
    machine = machine_with(0xB500, 0xF000, 0xF801, 0xBD00, 0x2001, BX_LR)
    assert machine.call(CODE, 7).r0 == 1
    assert machine.call(CODE, 7, fault=Fault(Injection.SKIP, at=1)).r0 == 7


def test_a_flipped_register_goes_on_flipped():
    machine = machine_with(*COUNT_DOWN)
    fault = Fault(Injection.FLIP_REGISTER, at=1, register=0, bit=2)
    assert machine.call(CODE, 3, fault=fault).r0 == 7
    with pytest.raises(ModelError, match="did not return"):
        machine.call(CODE, 3, limit=1000, fault=Fault(Injection.FLIP_REGISTER, 2, 31, 0))


def test_a_loaded_word_is_flipped_once_and_memory_stays():
    machine = machine_with(0x6801, 0x6802, 0x1888, BX_LR)  # LDR r1, [r0]; LDR r2; ADDS r0, r1, r2
    machine.write(RAM_START, words(5))
    fault = Fault(Injection.FLIP_LOADED, at=0, bit=4)
    assert machine.call(CODE, RAM_START, fault=fault).r0 == 5 + 21
    assert machine.call(CODE, RAM_START).r0 == 10
    # An instruction that loads nothing leaves the next one's word alone.
    assert machine.call(CODE, RAM_START, fault=Fault(Injection.FLIP_LOADED, at=2)).r0 == 10
