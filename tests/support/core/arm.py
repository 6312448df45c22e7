"""The core compiled for the Cortex-M0+ with the flags of the image, to be run in the model."""

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hil.cortex_m0.machine import FLASH_START
from support.core.build import C_FILES, CACHE, CORE, INCLUDES, bearssl_root, generate, listed, run

COMPILER = "arm-none-eabi-gcc"
PACKAGES = "gcc-arm-none-eabi libnewlib-arm-none-eabi"
TARGET = ("-mcpu=cortex-m0plus", "-mthumb")
FLAGS = (*TARGET, "-std=c11", "-O2", "-ffunction-sections", "-fdata-sections")
LINKING = ("-nostartfiles", "-Wl,-e,0")


@dataclass(frozen=True)
class Program:
    """What to compile: C files of the core and of BearSSL, with the generated assembler."""

    name: str
    sources: tuple[Path, ...]
    bearssl: tuple[Path, ...] = ()
    flags: tuple[str, ...] = ()
    start: int = FLASH_START


def whole_core() -> Program:
    """All that is in the image."""
    own = listed("core_sources.txt", CORE)
    return Program("core", tuple(own), tuple(listed("bearssl_sources.txt", bearssl_root())))


def core_with_storage() -> Program:
    """The whole core, and a flash in RAM for its keys: fake_port.c."""
    core = whole_core()
    return replace(core, name="core_with_storage", sources=(*core.sources, C_FILES / "fake_port.c"))


def assembler_alone() -> Program:
    """The generated assembler."""
    return Program("assembler", ())


def with_change(program: Program, folder: Path, file: str, old: str, new: str) -> Program:
    """A program with one place of one of its sources changed; the changed file is in folder."""
    source = next(path for path in program.sources if path.name == file)
    text = source.read_text()
    assert text.count(old) == 1, f"{old} is not once in {file}"
    changed = folder / file
    changed.write_text(text.replace(old, new))
    others = tuple(path for path in program.sources if path != source)
    return replace(program, name="changed", sources=(changed, *others))


def compiled(program: Program, generated: Sequence[Path] | None = None) -> Path:
    """ELF file of a program, from the cache if nothing has changed; the test is skipped without
    the compiler. `generated` stands for what generate.py writes.
    """
    if shutil.which(COMPILER) is None:
        pytest.skip(f"no {COMPILER}: apt-get install {PACKAGES}")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        folder = Path(name)
        tables, assembler = generated or generate(folder)
        sources = [assembler, *([tables, *program.sources] if program.sources else [])]
        target = CACHE / f"arm-{program.name}-{_digest(program, sources)}.elf"
        if not target.exists():
            _compile(program, sources, folder)
            (folder / "out.elf").replace(target)
    return target


def _compile(program: Program, sources: list[Path], folder: Path) -> None:
    root = bearssl_root()
    includes = [*INCLUDES, f"-I{root / 'inc'}", f"-I{root / 'src'}"]
    command = [COMPILER, *FLAGS, *program.flags, *includes, *LINKING]
    command.append(f"-Wl,-Ttext={program.start:#x}")
    run([*command, *map(str, [*sources, *program.bearssl]), "-o", "out.elf"], folder)


def _digest(program: Program, sources: list[Path]) -> str:
    content = hashlib.sha256(repr((FLAGS, LINKING, program.flags, program.start)).encode())
    content.update(run([COMPILER, "--version"], CORE).encode())
    for path in [*sources, *program.bearssl, *sorted(CORE.glob("**/*.h"))]:
        content.update(path.read_bytes())
    return content.hexdigest()[:16]
