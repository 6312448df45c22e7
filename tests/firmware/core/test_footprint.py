"""The core as the boards get it: compiles without a warning, needs no heap, little stack."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.core.build import CORE, OWN_FLAGS, bearssl_root, generate, listed, run
from support.core.call_graph import CallGraph
from support.core.library import constant

from hil.board import REPOSITORY

MPCONFIG = REPOSITORY / "boards" / "ports" / "rp2" / "wattseal_mpconfig.h"
WIPED = constant("ws_wipe.h", "WS_WIPE_STACK_SIZE")
# Bytes. MicroPython keeps a part of the RP2040's 12,288 free of Python for what follows.
RESERVE = re.search(r"STACK_CHECK_MARGIN \((\d+)\)", MPCONFIG.read_text())
TO_THE_CORE = (
    384  # a Python function that is entered, its built-in function, the flash below a call
)
INTERRUPTS = 384  # UART and timer, each with the frame of the processor
STACK_LIMIT = 3328
SIGNING_STACK_LIMIT = 2432
FLASH_LIMIT = 42_000  # bytes of code and constants, BearSSL included

# What the compiler and the C library supply. No malloc, no stdio, no assert.
FROM_OUTSIDE = re.compile(r"mem(cpy|set|cmp|move)|strlen|__aeabi_\w+|__gnu_thumb1_\w+|__\w+[sd]i3")


@dataclass(frozen=True)
class Target:
    """A compiler for a chip."""

    prefix: str
    flags: tuple[str, ...]
    package: str

    def tool(self, name: str) -> str:
        return f"{self.prefix}-{name}"


TARGETS = {
    "rp2040": Target(
        "arm-none-eabi",
        ("-mcpu=cortex-m0plus", "-mthumb"),
        "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    ),
    "rv32": Target(
        "riscv64-unknown-elf",
        ("-march=rv32imc", "-mabi=ilp32", "--specs=picolibc.specs"),
        "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
    ),
}


@dataclass(frozen=True)
class Compiled:
    """The object files of one target."""

    target: Target
    folder: Path
    graph: CallGraph

    def nm(self) -> list[list[str]]:
        """Fields of each line of symbols: `[address] kind name`."""
        objects = [str(path) for path in self.folder.glob("*.o")]
        lines = run([self.target.tool("nm"), *objects], self.folder).splitlines()
        return [fields for line in lines if len(fields := line.split()) >= 2]


@pytest.fixture(
    scope="module",
    params=[(name, level) for name in TARGETS for level in ("-Os", "-O2")],
    ids=lambda param: "".join(param),
)
def compiled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """All sources, own ones with every warning an error."""
    name, level = request.param
    target = TARGETS[name]
    if shutil.which(target.tool("gcc")) is None:
        pytest.skip(f"no {target.tool('gcc')}: apt-get install {target.package}")
    folder = tmp_path_factory.mktemp("cross")
    bearssl = bearssl_root()
    common = [target.tool("gcc"), *target.flags, level, "-ffunction-sections"]
    common += ["-fcallgraph-info=su", f"-I{bearssl / 'inc'}", "-c"]
    tables, assembler = generate(folder)
    own = map(str, [*listed("core_sources.txt", CORE), tables, assembler])
    foreign = map(str, listed("bearssl_sources.txt", bearssl))
    run([*common, *OWN_FLAGS, *own], folder)
    run([*common, f"-I{bearssl / 'src'}", *foreign], folder)
    for_arm = assembler.read_text() if name == "rp2040" else ""
    return Compiled(target, folder, CallGraph(folder, for_arm))


PUBLIC = [
    "ws_sign_record",
    "ws_sign_statement",
    "ws_random",
    "ws_hedge_seed",
    "ws_key_create",
    "ws_key_inspect",
    "ws_key_public",
    "ws_key_sign",
    "ws_key_erase",
    "ws_key_discard_broken",
    "ws_verify_public_key",
    "ws_verify",
    "ws_verify_digest",
    "ws_self_test",
]
WIPING = [
    "ws_random",
    "ws_hedge_seed",
    "ws_key_create",
    "ws_key_inspect",
    "ws_key_public",
    "ws_key_sign",
    "ws_key_erase",
    "ws_key_discard_broken",
]


@pytest.mark.parametrize("function", PUBLIC)
def test_stack_use_is_bounded(compiled: Compiled, function: str) -> None:
    depth = compiled.graph.depth(function)
    assert 0 < depth <= STACK_LIMIT, f"{function} takes {depth} bytes of stack"


def test_what_python_leaves_is_enough_for_the_core_and_interrupts() -> None:
    assert RESERVE is not None
    assert int(RESERVE[1]) >= STACK_LIMIT + TO_THE_CORE + INTERRUPTS


@pytest.mark.parametrize("function", ["ws_sign_record", "ws_sign_statement", "ws_key_sign"])
def test_signing_takes_less(compiled: Compiled, function: str) -> None:
    assert 0 < compiled.graph.depth(function) <= SIGNING_STACK_LIMIT


@pytest.mark.parametrize("function", WIPING)
def test_the_wiping_reaches_as_deep_as_the_calls_before_it(
    compiled: Compiled, function: str
) -> None:
    depth = compiled.graph.depth_below(function, without="ws_wipe_stack")
    assert 0 < depth <= WIPED, f"the calls of {function} take {depth} bytes of stack"


def test_no_writable_statics(compiled: Compiled) -> None:
    writable = [fields[-1] for fields in compiled.nm() if fields[-2] in "bBdDcCsSgG"]
    assert writable == []


def test_nothing_is_needed_from_outside(compiled: Compiled) -> None:
    defined = {fields[-1] for fields in compiled.nm() if fields[-2] in "TtRrWV"}
    needed = {fields[-1] for fields in compiled.nm() if fields[-2] == "U"} - defined
    assert {name for name in needed if not FROM_OUTSIDE.fullmatch(name)} == set()
    assert "memcpy" in needed


def test_flash_use_is_bounded(compiled: Compiled) -> None:
    objects = [str(path) for path in compiled.folder.glob("*.o")]
    sizes = run([compiled.target.tool("size"), "-t", *objects], compiled.folder)
    total = int(sizes.splitlines()[-1].split()[0])
    assert 0 < total <= FLASH_LIMIT
