"""The core's self-test on processors that no board here has yet, each emulated by QEMU.

The Cortex-M33 is that of the RP2350. The Xtensa is an LX106, the ESP8266's: it has the
instructions of an ESP32 but for the long multiplication, the division and the register windows,
which functions of an ESP32 call each other with. RV32 is tried with the whole application, in
tests/firmware/ports.
"""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.core.build import C_FILES, CORE, OWN_FLAGS, bearssl_root, generate, listed, run

PROCESSORS = C_FILES / "processors"
NAMES = ["crc", "sha256", "health", "drbg", "sign", "verify_good", "verify_forged"]
RFC_6979_KEY = bytes.fromhex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721")
LIMIT_S = 120
QUIET = ("-semihosting", "-display", "none", "-monitor", "none", "-serial", "none")


@dataclass(frozen=True)
class Processor:
    """A compiler, and a machine of QEMU."""

    prefix: str
    packages: str
    flags: tuple[str, ...]
    sources: tuple[str, ...]
    script: str
    libraries: tuple[str, ...]
    qemu: tuple[str, ...]


XTENSA_HEADERS = "/usr/lib/xtensa-lx106-elf/include"

CORTEX_M33 = Processor(
    "arm-none-eabi",
    "gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm",
    ("-mcpu=cortex-m33", "-mthumb"),
    ("cortex_m33.c",),
    "cortex_m33.ld",
    ("-lc", "-lgcc"),
    ("qemu-system-arm", "-M", "mps2-an505"),
)
XTENSA = Processor(
    "xtensa-lx106-elf",
    "gcc-xtensa-lx106 picolibc-xtensa-lx106-elf qemu-system-misc",
    ("-mlongcalls", "-isystem", XTENSA_HEADERS),
    ("xtensa_start.S", "xtensa.c", "xtensa_arithmetic.c"),
    "xtensa.ld",
    ("-L/usr/lib/xtensa-lx106-elf/lib", "-lc", "-lgcc"),
    ("qemu-system-xtensa", "-cpu", "lx106", "-M", "sim"),
)


def build(processor: Processor, folder: Path, level: str) -> Path:
    """The program; own sources with every warning an error."""
    compiler = f"{processor.prefix}-gcc"
    for program in (compiler, processor.qemu[0]):
        if shutil.which(program) is None:
            pytest.skip(f"no {program}: apt-get install {processor.packages}")
    bearssl = bearssl_root()
    common = [compiler, *processor.flags, level, "-ffunction-sections", "-fdata-sections"]
    common += [f"-I{bearssl / 'inc'}", f"-I{PROCESSORS}", "-c"]
    own = [*listed("core_sources.txt", CORE), *generate(folder), PROCESSORS / "self_test.c"]
    own += [PROCESSORS / name for name in processor.sources]
    run([*common, *OWN_FLAGS, *map(str, own)], folder)
    foreign = listed("bearssl_sources.txt", bearssl)
    run([*common, f"-I{bearssl / 'src'}", *map(str, foreign)], folder)
    objects = sorted(str(path) for path in folder.glob("*.o"))
    linking = ["-nostdlib", "-Wl,--gc-sections", f"-Wl,-T,{PROCESSORS / processor.script}"]
    run(
        [compiler, *processor.flags, *linking, *objects, *processor.libraries, "-o", "program"],
        folder,
    )
    return folder / "program"


def run_on(processor: Processor, program: Path) -> "subprocess.CompletedProcess[str]":
    """What the program says, and its status."""
    return subprocess.run(
        [*processor.qemu, *QUIET, "-kernel", program],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


@pytest.mark.parametrize("level", ["-Os", "-O2"])
@pytest.mark.parametrize("processor", [CORTEX_M33, XTENSA], ids=["cortex-m33", "xtensa"])
def test_the_self_test_passes(processor: Processor, level: str, tmp_path: Path) -> None:
    done = run_on(processor, build(processor, tmp_path, level))
    assert done.stdout.splitlines() == [f"{name} passed" for name in NAMES]
    assert done.returncode == 0


@pytest.mark.parametrize("processor", [CORTEX_M33, XTENSA], ids=["cortex-m33", "xtensa"])
def test_a_wrong_constant_is_found(processor: Processor, tmp_path: Path) -> None:
    """A bit of the key that the self-test signs with is another one in the program."""
    program = build(processor, tmp_path, "-O2")
    image = program.read_bytes()
    assert RFC_6979_KEY in image
    program.write_bytes(image.replace(RFC_6979_KEY, RFC_6979_KEY[:-1] + b"\x20"))
    done = run_on(processor, program)
    assert [line for line in done.stdout.splitlines() if "failed" in line] == [
        "drbg failed",
        "sign failed",
    ]
    assert done.returncode == 1
