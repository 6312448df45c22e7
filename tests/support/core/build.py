"""Compile the signing core for the tests, once per content of its sources."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hil import images

ROOT = Path(__file__).resolve().parents[3]
CORE = ROOT / "firmware" / "core"
C_FILES = ROOT / "tests" / "firmware" / "core" / "c"
CACHE = ROOT / "build" / "core"

P256 = CORE / "p256"
INCLUDES = (f"-I{CORE}", f"-I{P256}")
OWN_FLAGS = ("-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *INCLUDES)


@dataclass(frozen=True)
class Variant:
    """One way to compile the core; `extra` are C files of the tests linked with it."""

    name: str
    flags: tuple[str, ...] = ("-O2",)
    own_flags: tuple[str, ...] = ()
    link_flags: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    shared: bool = True


PLAIN = Variant("plain")
# BearSSL reads unaligned words on x86, knowingly; here it is to stay within the language.
SANITIZED = Variant(
    "sanitized",
    flags=(
        "-O1",
        "-g",
        "-fno-omit-frame-pointer",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
        "-DBR_LE_UNALIGNED=0",
    ),
)

SANITIZED_RUN = os.environ.get("WATTSEAL_CORE") == "sanitized"


def rounds(count: int) -> int:
    """How often to repeat a random test: a tenth where the sanitizers slow everything down."""
    return count // 10 if SANITIZED_RUN else count


def bearssl_root() -> Path:
    """Folder of the unpacked BearSSL 0.6."""
    images.build("sources")
    sources = Path(os.environ.get("WATTSEAL_SOURCES", ROOT / "build" / "sources"))
    root = sources / "bearssl-0.6"
    if not (root / "inc" / "bearssl.h").is_file():
        raise FileNotFoundError(f"no BearSSL in {root}: run `./dev build sources`, it fetches it")
    return root


def listed(name: str, root: Path) -> list[Path]:
    """Paths of a list of sources in firmware/core/, below root."""
    return [root / line for line in (CORE / name).read_text().split()]


def run(command: list[str], cwd: Path) -> str:
    """Output of a command; a failure shows all that it said."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:3])} ... failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def _digest(variant: Variant, sources: list[Path]) -> str:
    content = hashlib.sha256(repr(variant).encode())
    content.update(subprocess.run(["gcc", "--version"], capture_output=True, check=True).stdout)
    for path in [*sources, *sorted(CORE.glob("**/*.h")), *sorted(P256.glob("*.py"))]:
        content.update(path.read_bytes())
    return content.hexdigest()[:16]


def generate(folder: Path) -> list[Path]:
    """Write the sources that a program makes into a folder; their paths."""
    run([sys.executable, str(P256 / "generate.py"), str(folder)], folder)
    return [folder / "ws_tables.c", folder / "ws_armv6m.S"]


def build(variant: Variant) -> Path:
    """Shared library or program of a variant, from the cache if its sources are unchanged.

    Safe to call from several processes: each builds in a folder of its own, and the result is
    moved into place in one step.
    """
    bearssl = bearssl_root()
    own = listed("core_sources.txt", CORE)
    foreign = listed("bearssl_sources.txt", bearssl)
    extra = [C_FILES / name for name in variant.extra]
    target = CACHE / f"{variant.name}-{_digest(variant, [*own, *foreign, *extra])}"
    if target.exists():
        return target
    if shutil.which("gcc") is None:
        raise FileNotFoundError("no gcc: install it (Debian: apt-get install gcc libc6-dev)")

    CACHE.mkdir(parents=True, exist_ok=True)
    common = ["gcc", *variant.flags, f"-I{bearssl / 'inc'}", *(["-fPIC"] if variant.shared else [])]
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        folder = Path(name)
        run([*common, f"-I{bearssl / 'src'}", "-c", *map(str, foreign)], folder)
        own += generate(folder)
        run([*common, *OWN_FLAGS, *variant.own_flags, "-c", *map(str, [*own, *extra])], folder)
        objects = sorted(str(path) for path in folder.glob("*.o"))
        shape = ["-shared", "-Wl,--no-undefined"] if variant.shared else []
        run(["gcc", *variant.flags, *shape, *objects, "-o", "out", *variant.link_flags], folder)
        (folder / "out").replace(target)
    return target
