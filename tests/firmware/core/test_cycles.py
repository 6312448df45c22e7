"""A signature takes the same path on the Cortex-M0+, whatever the key and the nonce.

Where valgrind judges x86 code, this is the code that boards run: compiled for the Cortex-M0+ and
run in the model of it, which counts cycles and hashes every address executed, loaded and stored to.
"""

import hashlib
import random
import shutil
from pathlib import Path

import pytest
from core_harness import curve
from core_harness.build import CORE, bearssl_root, listed, run
from core_harness.library import Core
from rp2040py.simulator import Simulator

from hil.cortex_m0.machine import RAM_START, STACK_TOP, Machine, Outcome, Timing, Watch

LIMIT = 25_000_000  # cycles; 19.0 M when this was written, 0.15 s at 125 MHz
COMPILER = "arm-none-eabi-gcc"
FLAGS = ["-mcpu=cortex-m0plus", "-mthumb", "-std=c11", "-O2", "-ffunction-sections"]
LINKING = ["-nostartfiles", "-Wl,--gc-sections", "-Wl,-e,ws_ecdsa_sign"]
LINKING += [f"-Wl,-Ttext={RAM_START:#x}"]

# Behind the program.
PRIVATE_KEY, DIGEST, SIGNATURE = (RAM_START + 0x30000 + i * 0x100 for i in range(3))

Job = tuple[int, bytes]  # private key, digest


def compile_for_ram(folder: Path, core: list[Path], bearssl: list[Path]) -> Path:
    """Write an ELF file with `ws_ecdsa_sign` into folder."""
    if shutil.which(COMPILER) is None:
        pytest.skip(f"no {COMPILER}: apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi")
    root = bearssl_root()
    includes = [f"-I{CORE}", f"-I{root / 'inc'}", f"-I{root / 'src'}"]
    sources = [str(path) for path in [*core, *bearssl]]
    run([COMPILER, *FLAGS, *LINKING, *includes, *sources, "-o", "program.elf"], folder)
    return folder / "program.elf"


def put(machine: Machine, job: Job) -> None:
    private_key, digest = job
    machine.write(PRIVATE_KEY, private_key.to_bytes(32))
    machine.write(DIGEST, digest)


def sign(machine: Machine, job: Job) -> tuple[Outcome, bytes]:
    """What a signature costs, and the signature."""
    put(machine, job)
    outcome = machine.call("ws_ecdsa_sign", PRIVATE_KEY, DIGEST, SIGNATURE)
    assert outcome.r0 == 0
    return outcome, machine.read(SIGNATURE, 64)


def sign_in_emulator(machine: Machine, job: Job) -> tuple[int, bytes]:
    """Cycles and signature with rp2040py, from the same memory."""
    put(machine, job)
    chip = Simulator().rp2040
    chip.sram[:] = machine.snapshot()
    core = chip.core
    core.registers[0], core.registers[1], core.registers[2] = PRIVATE_KEY, DIGEST, SIGNATURE
    core.pc, core.sp, core.lr = machine.address("ws_ecdsa_sign"), STACK_TOP, 1
    before, step = core.cycles, core.execute_instruction
    while core.pc != 0:
        step()
    start = SIGNATURE - RAM_START
    return core.cycles - before, bytes(chip.sram[start : start + 64])


def job_with_nonce(core: Core, private_key: int, top_bits: str) -> Job:
    """A digest for which RFC 6979 gives a nonce that begins with these bits."""
    for i in range(10_000):
        digest = hashlib.sha256(str(i).encode()).digest()
        nonce = core.drbg(private_key.to_bytes(32) + digest, b"", [32])[0]
        if f"{nonce[0]:08b}".startswith(top_bits):
            return private_key, digest
    pytest.fail(f"no nonce begins with {top_bits}")


def random_jobs() -> list[Job]:
    rng = random.Random(1)
    return [(rng.randrange(1, curve.N), rng.randbytes(32)) for _ in range(10)]


@pytest.fixture
def nonces_apart(core: Core) -> list[Job]:
    """One key with a large and with a small nonce."""
    return [job_with_nonce(core, 2**255 + 12345, bits) for bits in ("1", "0000000")]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    own = listed("core_sources.txt", CORE)
    foreign = listed("bearssl_sources.txt", bearssl_root())
    return compile_for_ram(tmp_path_factory.mktemp("program"), own, foreign)


@pytest.fixture(scope="module")
def leaky_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the file of BearSSL that ws_i15_bits2int.c replaces."""
    root = bearssl_root()
    own = [p for p in listed("core_sources.txt", CORE) if p.name != "ws_i15_bits2int.c"]
    foreign = listed("bearssl_sources.txt", root)
    foreign += [root / "src/ec/ecdsa_i15_bits.c", root / "src/int/i15_rshift.c"]
    return compile_for_ram(tmp_path_factory.mktemp("leaky"), own, foreign)


def test_the_path_does_not_depend_on_key_or_nonce(
    core: Core, nonces_apart: list[Job], program: Path
) -> None:
    machine = Machine(program, watch=Watch.TRACE)
    jobs = [*nonces_apart, (1, bytes(32)), (curve.N - 1, b"\xff" * 32), *random_jobs()]
    results = [sign(machine, job) for job in jobs]
    assert [signature for _, signature in results] == [core.sign(*job)[1] for job in jobs]
    outcomes = {outcome for outcome, _ in results}
    assert len(outcomes) == 1, outcomes
    assert 0 < outcomes.pop().cycles < LIMIT


def test_cycles_and_trace_would_tell_a_leak(nonces_apart: list[Job], leaky_program: Path) -> None:
    machine = Machine(leaky_program, watch=Watch.TRACE)
    one, other = (sign(machine, job)[0] for job in nonces_apart)
    assert one.cycles != other.cycles
    assert one.trace != other.trace


def test_the_emulator_comes_to_the_same_signature_in_the_same_cycles(
    core: Core, nonces_apart: list[Job], program: Path
) -> None:
    job = nonces_apart[0]
    machine = Machine(program, timing=Timing.RP2040PY)
    outcome, signature = sign(machine, job)
    assert sign_in_emulator(Machine(program), job) == (outcome.cycles, signature)
    assert signature == core.sign(*job)[1]
