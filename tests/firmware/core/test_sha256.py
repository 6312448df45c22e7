"""SHA-256 against the standard library and NIST's vectors, from C and from the boards' assembler.

The assembler runs in the model of the Cortex-M0+, which counts cycles and hashes every address
executed, loaded and stored to.
"""

import hashlib
import random
import shutil
from pathlib import Path

import pytest
from rp2040py.simulator import Simulator
from support.core.build import CORE, INCLUDES, P256, generate, rounds, run
from support.core.library import Core
from support.core.vectors import SHA256_FOLDER, records

from hil.cortex_m0.machine import (
    FLASH_SIZE,
    FLASH_START,
    RAM_START,
    STACK_TOP,
    Machine,
    Outcome,
    Timing,
    Watch,
)

BLOCK_SIZE = 64
CYCLES_PER_BLOCK = 3635
CYCLES_PER_UNALIGNED_BLOCK = 3902
SIZES = range(301)
LARGE_SIZES = [1000, 4096, 70_000]

COMPILER = "arm-none-eabi-gcc"
FLAGS = ["-mcpu=cortex-m0plus", "-mthumb", "-std=c11", "-O2", "-ffunction-sections"]
LINKING = ["-nostartfiles", "-Wl,--gc-sections", "-Wl,-e,ws_sha256", f"-Wl,-Ttext={RAM_START:#x}"]

# Behind the program.
STATE, DIGEST, DATA = (RAM_START + 0x10000 + i * 0x1000 for i in range(3))


# --- C on this computer -------------------------------------------------------------------------


def test_sizes_from_nothing_on(core: Core) -> None:
    for size in [*SIZES, *LARGE_SIZES]:
        data = random.Random(size).randbytes(size)
        assert core.sha256(data) == hashlib.sha256(data).digest(), size


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 128, 200])
def test_two_pieces_are_hashed_as_one(core: Core, size: int) -> None:
    data = random.Random(size).randbytes(size)
    digest = hashlib.sha256(data).digest()
    for cut in range(size + 1):
        assert core.sha256_joined(data[:cut], data[cut:]) == digest, cut


def test_pieces_are_hashed_as_one(core: Core) -> None:
    rng = random.Random(1)
    for _ in range(rounds(300)):
        pieces = [rng.randbytes(rng.choice([0, 1, 3, 32, 63, 64, 65, 200])) for _ in range(6)]
        digest = hashlib.sha256(b"".join(pieces)).digest()
        assert core.sha256_pieces(pieces)[0] == digest, [len(piece) for piece in pieces]


def test_bytes_one_by_one(core: Core) -> None:
    data = random.Random(1).randbytes(200)
    digest = core.sha256_pieces([bytes([byte]) for byte in data])[0]
    assert digest == hashlib.sha256(data).digest()


def test_the_context_is_wiped_with_the_digest(core: Core) -> None:
    _, context = core.sha256_pieces([b"secret " * 20])
    assert context == bytes(len(context))


def test_the_digest_may_lie_over_what_was_hashed(core: Core) -> None:
    for size in [*range(32, 200), 1000]:
        data = random.Random(size).randbytes(size)
        assert core.sha256_over_data(data) == hashlib.sha256(data).digest(), size


@pytest.mark.parametrize("name", ["SHA256ShortMsg.rsp", "SHA256LongMsg.rsp"])
def test_nist_messages(core: Core, name: str) -> None:
    vectors = [record for record in records(SHA256_FOLDER / name) if "Msg" in record]
    assert len(vectors) == {"S": 65, "L": 64}[name[6]]
    for vector in vectors:
        message = bytes.fromhex(vector["Msg"])[: int(vector["Len"]) // 8]
        assert core.sha256(message).hex() == vector["MD"]


def test_nist_chains(core: Core) -> None:
    """The first digests of the Monte Carlo test: each the end of a chain of a thousand."""
    head, *vectors = records(SHA256_FOLDER / "SHA256Monte.rsp")
    seed = bytes.fromhex(head["Seed"])
    for vector in vectors[: max(1, rounds(10))]:
        last = [seed, seed, seed]
        for _ in range(1000):
            last = [*last[1:], core.sha256(b"".join(last))]
        seed = last[-1]
        assert seed.hex() == vector["MD"], vector["COUNT"]


# --- assembler on the Cortex-M0+ ----------------------------------------------------------------


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ELF file with the functions of ws_sha256.h for the RP2040."""
    if shutil.which(COMPILER) is None:
        pytest.skip(f"no {COMPILER}: apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi")
    folder = tmp_path_factory.mktemp("sha256")
    own = [CORE / "ws_sha256.c", CORE / "ws_wipe.c"]
    own += [P256 / "ws_sha256_block.c", P256 / "ws_sha256_portable.c"]
    assembler = next(path for path in generate(folder) if path.suffix == ".S")
    sources = map(str, [*own, assembler])
    run([COMPILER, *FLAGS, *LINKING, *INCLUDES, *sources, "-o", "program.elf"], folder)
    return folder / "program.elf"


@pytest.fixture
def machine(program: Path) -> Machine:
    return Machine(program, watch=Watch.TRACE)


def digest_of(machine: Machine, data: bytes, address: int = DATA) -> bytes:
    machine.write(address, data)
    machine.call("ws_sha256", address, len(data), DIGEST)
    return machine.read(DIGEST, 32)


def hash_blocks(machine: Machine, data: bytes, address: int = DATA) -> Outcome:
    """Cost of the whole blocks of data alone; the state begins with zero and stays in memory."""
    machine.write(address, data)
    machine.write(STATE, bytes(32))
    return machine.call("ws_sha256_blocks", STATE, address, len(data) // BLOCK_SIZE)


@pytest.mark.parametrize("offset", range(4))
def test_sizes_from_nothing_on_at_any_address(machine: Machine, offset: int) -> None:
    for size in SIZES:
        data = random.Random(size).randbytes(size)
        assert digest_of(machine, data, DATA + offset) == hashlib.sha256(data).digest(), size


@pytest.mark.parametrize("size", [64, 65, 66, 67, 128, 199])
def test_nothing_is_read_behind_the_data(machine: Machine, size: int) -> None:
    """The data ends where the flash ends; the model knows no memory there."""
    data = random.Random(size).randbytes(size)
    end = FLASH_START + FLASH_SIZE
    assert digest_of(machine, data, end - size) == hashlib.sha256(data).digest()


@pytest.mark.parametrize("offset", range(4))
def test_blocks_one_by_one_come_to_the_same_state(machine: Machine, offset: int) -> None:
    data = random.Random(offset).randbytes(5 * BLOCK_SIZE)
    hash_blocks(machine, data, DATA + offset)
    at_once = machine.read(STATE, 32)
    machine.write(STATE, bytes(32))
    for at in range(0, len(data), BLOCK_SIZE):
        machine.call("ws_sha256_blocks", STATE, DATA + offset + at, 1)
    assert machine.read(STATE, 32) == at_once


def test_no_block_leaves_the_state_as_it_is(machine: Machine) -> None:
    state = random.Random(1).randbytes(32)
    machine.write(STATE, state)
    machine.call("ws_sha256_blocks", STATE, 0, 0)
    assert machine.read(STATE, 32) == state


@pytest.mark.parametrize(
    ("offset", "expected"),
    [(0, CYCLES_PER_BLOCK)] + [(i, CYCLES_PER_UNALIGNED_BLOCK) for i in (1, 2, 3)],
)
def test_cycles_of_a_block(machine: Machine, offset: int, expected: int) -> None:
    cycles = [
        hash_blocks(machine, bytes(count * BLOCK_SIZE), DATA + offset).cycles for count in (1, 2, 9)
    ]
    assert cycles[1] - cycles[0] == expected
    assert cycles[2] - cycles[1] == 7 * expected


@pytest.mark.parametrize("offset", range(4))
def test_the_path_does_not_depend_on_the_data(machine: Machine, offset: int) -> None:
    rng = random.Random(offset)
    size = 3 * BLOCK_SIZE
    contents = [bytes(size), b"\xff" * size, *(rng.randbytes(size) for _ in range(20))]
    outcomes = [hash_blocks(machine, data, DATA + offset) for data in contents]
    assert len({(outcome.cycles, outcome.trace) for outcome in outcomes}) == 1


def test_the_trace_would_tell_another_address(machine: Machine) -> None:
    data = bytes(BLOCK_SIZE)
    one, other = hash_blocks(machine, data), hash_blocks(machine, data, DATA + 4)
    assert one.cycles == other.cycles
    assert one.trace != other.trace


def test_the_tail_is_wiped(machine: Machine) -> None:
    tail = b"a secret that is no whole block"
    digest = digest_of(machine, tail)
    machine.write(DATA, bytes(len(tail)))
    assert digest == hashlib.sha256(tail).digest()
    assert tail[:8] not in machine.snapshot()


def test_the_emulator_comes_to_the_same_digest_in_the_same_cycles(program: Path) -> None:
    data = random.Random(1).randbytes(1000)
    machine = Machine(program, timing=Timing.RP2040PY)
    digest_of(machine, data)
    outcome = machine.call("ws_sha256", DATA, len(data), DIGEST)
    machine.write(DIGEST, bytes(32))
    assert digest_in_emulator(machine, len(data)) == (
        outcome.cycles,
        hashlib.sha256(data).digest(),
    )


def digest_in_emulator(machine: Machine, size: int) -> tuple[int, bytes]:
    """Cycles and digest with rp2040py, from the same memory."""
    chip = Simulator().rp2040
    chip.sram[:] = machine.snapshot()
    core = chip.core
    core.registers[0], core.registers[1], core.registers[2] = DATA, size, DIGEST
    core.pc, core.sp, core.lr = machine.address("ws_sha256"), STACK_TOP, 1
    before, step = core.cycles, core.execute_instruction
    while core.pc != 0:
        step()
    start = DIGEST - RAM_START
    return core.cycles - before, bytes(chip.sram[start : start + 32])
